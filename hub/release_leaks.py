"""Whether something that students may not see stands in what they get: hidden tests, solutions, or what these have shown.

What is secret is learnt from the source: the lines between nbgrader's marks, whole solution cells without marks, and the outputs
of such cells, except what also stands outside of them. It is looked for in every text of every file that is handed out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub import texts
from hub.findings import Finding
from hub.notebooks import Cell, Files, is_notebook, readable, text_of
from hub.release_marks import SOLUTION, Mark, between

SHORTEST = 4  # characters that a line needs to tell anything, spaces not counted
TELLING = 16  # a line this long is recognised inside another one as well
SHORTEST_OUTPUT = 12
COMMON = {
    *("else:", "try:", "finally:", "pass", "return", "break", "continue", "raise", "returnNone", "returnTrue"),
    *("returnFalse", "returnself", "returnresult", "returnmodel", "super().__init__()", "YOURANSWERHERE"),
    *("#YOURCODEHERE", "raiseNotImplementedError()"),
}


@dataclass(frozen=True)
class Secret:
    """Something of one cell of the source; its lines as they are written, by the same without any space."""

    what: str
    cell: str
    lines: Mapping[str, str]
    any_line_tells: bool

    def shown_by(self, page: Page, *, loosely: bool) -> str:
        """The first of the lines that the page has; empty when that is no leak.

        A file that was not made from the source may use a solution's phrases for its own ends, so `loosely` asks for half of them.
        """
        found = [line for line in self.lines if line in page]
        needed = (len(self.lines) + 1) // 2 if loosely and not self.any_line_tells else 1
        return self.lines[max(found, key=len)] if len(found) >= needed else ""


class Page:
    """A text made ready for looking lines up in it."""

    def __init__(self, *texts: str) -> None:
        self.lines = {compact(line) for text in texts for line in text.split("\n")}
        self.all = "\n".join(compact(text) for text in texts)

    def __contains__(self, line: str) -> bool:
        return line in self.all if len(line) >= TELLING else line in self.lines


def find(source: Files, released: Files, marks: tuple[Mark, ...]) -> Iterator[Finding]:
    """Everything of the source's secrets in what is handed out; each once a place."""
    secrets = list(secrets_of(source, marks))
    made = {path for path in released if is_notebook(path) and path in source}
    for path, content in sorted(released.items()):
        seen: set[tuple[str, str]] = set()
        for text in texts.of_file(path, content):
            for what, line in _in_text(text.text, secrets, marks, loosely=path not in made):
                if (text.cell, what) not in seen:
                    seen.add((text.cell, what))
                    yield _finding(path, text, what, line)


def _in_text(text: str, secrets: list[Secret], marks: tuple[Mark, ...], *, loosely: bool) -> Iterator[tuple[str, str]]:
    for mark in marks:
        for word in (mark.begin, mark.end):
            if word in text:
                yield f"the mark of {mark.what.removeprefix('the ')}", word
    page = Page(text)
    for secret in secrets:
        line = secret.shown_by(page, loosely=loosely)
        if line:
            yield f"{secret.what} of {secret.cell}", line


def _finding(path: str, text: texts.Text, what: str, line: str) -> Finding:
    where = f" in {text.part}" if text.part else ""
    shown = line if len(line) <= 40 else f"{line[:40]}…"
    if not is_notebook(path):
        remedy = "Take the file out of the folder 'source', then press Generate."
    elif text.part == "its output":
        remedy = "Press Generate, which clears outputs, and do not run what lies in 'release'."
    else:
        remedy = "Take it out in 'source', or put it between the marks, then press Generate."
    return Finding(path, text.cell, f"has {what}{where} ({shown}).", remedy)


def secrets_of(source: Files, marks: tuple[Mark, ...]) -> Iterator[Secret]:
    """What students may not see, without what they see in any case."""
    found: list[Secret] = []
    seen: list[str] = []
    for notebook in readable(source):
        for cell in notebook.cells:
            regions, outside = _regions(cell, marks)
            seen.append("\n".join(outside))
            for mark, lines in regions:
                found.append(Secret(mark.what, cell.name, telling(lines), mark.what != SOLUTION.what))
            if regions or cell.is_test:
                found += [Secret("an output", cell.name, {line: line}, True) for line in _outputs(cell)]
    visible = Page(*seen)
    for secret in found:
        kept = {line: shown for line, shown in secret.lines.items() if line not in visible}
        if kept:
            yield Secret(secret.what, secret.cell, kept, secret.any_line_tells)


def _regions(cell: Cell, marks: tuple[Mark, ...]) -> tuple[list[tuple[Mark, list[str]]], list[str]]:
    """As `between`; a solution cell without the solution's marks is taken out by nbgrader as a whole."""
    regions, outside = between(cell.source, marks)
    solution = next(mark for mark in marks if mark.what == SOLUTION.what)
    if cell.is_solution and not any(mark == solution for mark, _ in regions):
        return [*regions, (solution, outside)], []
    return regions, outside


def telling(lines: Iterable[str]) -> dict[str, str]:
    """The lines by which a text is recognised, by the same without spaces: no imports, nothing that any program has."""
    found = {compact(line): line.strip() for line in lines if not line.lstrip().startswith(("import ", "from "))}
    return {line: shown for line, shown in found.items() if _tells(line)}


def _tells(line: str) -> bool:
    return len(line) >= SHORTEST and line not in COMMON and any(map(str.isalnum, line))


def _outputs(cell: Cell) -> Iterator[str]:
    for output in cell.outputs:
        for text in _shown(output) if isinstance(output, dict) else ():
            lines = [compact(line) for line in text.split("\n")]
            yield from (line for line in dict.fromkeys(lines) if len(line) >= SHORTEST_OUTPUT)


def _shown(output: dict[str, Any]) -> Iterator[str]:
    """What people see of an output: text, or a picture as base64."""
    yield text_of(output.get("text", ""))
    data = output.get("data")
    if isinstance(data, dict):
        for kind, value in data.items():
            if kind.startswith("image/"):
                yield compact(text_of(value))
            elif kind == "text/plain":
                yield text_of(value)


def compact(text: str) -> str:
    """A text without any space, so that indenting and wrapping hide nothing."""
    return "".join(text.split())
