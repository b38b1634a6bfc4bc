"""Every download that notebooks and files of Python would do, with its place; what cannot be read is told beside."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from hub import cell_code, names
from hub.downloads import Download, Found, Kind, shell, texts
from hub.downloads.calls import Calls
from hub.downloads.values import Values
from hub.notebooks import Cell, NotANotebook, is_notebook, read

LONGEST_CELL = 500_000  # characters; a longer one is data, not code
PYTHON = ".py"
ROUNDS = 3  # of names that stand for names


@dataclass(frozen=True)
class Unread:
    """What could not be looked at: a notebook, or a cell of it."""

    notebook: str
    cell: str
    reason: str

    def __str__(self) -> str:
        return f"{', '.join(part for part in (self.notebook, self.cell) if part)}: {self.reason}"


def is_read(path: str) -> bool:
    """Whether a file is looked at."""
    return is_notebook(path) or path.endswith(PYTHON)


def in_file(path: str, content: bytes) -> tuple[list[Found], list[Unread]]:
    """What one notebook, or file of Python, would fetch."""
    if not is_notebook(path):
        about = {"cell_type": "code", "source": content.decode("utf-8", errors="replace")}
        return _told(path, [Cell(1, about)], named=False)
    try:
        return _told(path, read(path, content).cells, named=True)
    except NotANotebook:
        return [], [Unread(path, "", "cannot be read as a notebook; open it, and save it again.")]


def _told(path: str, cells: Iterable[Cell], *, named: bool) -> tuple[list[Found], list[Unread]]:
    found: list[Found] = []
    unread: list[Unread] = []
    short = [cell for cell in cells if len(cell.source) <= LONGEST_CELL]
    for cell, downloads in in_cells(short):
        name = cell.name if named else ""
        if downloads is None:
            what = "cell" if named else "file"
            unread.append(Unread(path, name, f"is not Python, so that what this {what} fetches is not known."))
        found += [Found(path, name, one) for one in downloads or ()]
    return found, unread


def in_cells(cells: Iterable[Cell]) -> Iterator[tuple[Cell, list[Download] | None]]:
    """What each cell of one notebook would fetch; none for one that is not Python, which cannot be run."""
    cells = list(cells)
    codes = {cell.number: cell_code.read(cell.source) for cell in cells if cell.kind == "code"}
    trees = [code.tree for code in codes.values() if code.tree]
    aliases, values = aliases_of(trees), Values(trees)
    for cell in cells:
        if cell.kind == "markdown":
            yield cell, _once(texts.of_markdown(cell.source))
        elif cell.kind == "code":
            code = codes[cell.number]
            yield cell, None if code.tree is None else _once(_of_code(code, aliases, values))


def aliases_of(trees: list[ast.Module]) -> dict[str, str]:
    """What names mean after the imports of all of this code, and after `keras = tf.keras`."""
    found = names.imported(trees)
    given = [
        (target.id, node.value)
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    for _ in range(ROUNDS):
        for name, value in given:
            if name not in found and (means := _full(value, found)):
                found[name] = means
    return found


def _full(node: ast.AST, aliases: names.Aliases) -> str:
    try:
        return names.full(node, aliases)
    except RecursionError:
        return ""


def _of_code(code: cell_code.Code, aliases: names.Aliases, values: Values) -> Iterator[Download]:
    for command in code.shell:
        yield from (replace(one, line=command.line) for one in shell.found(command.text))
    for page in code.pages:
        yield from (replace(one, line=one.line + page.line - 1) for one in texts.of_html(page.text))
    if code.tree is not None:
        try:
            yield from Calls(code.tree, aliases, values).found()
        except RecursionError:
            yield Download(Kind.UNSEEN, "what this cell asks for; it is nested too deep to be read")


def _once(found: Iterable[Download]) -> list[Download]:
    """Each download of a cell once, by its first place."""
    kept: dict[tuple[object, ...], Download] = {}
    for one in sorted(found, key=lambda one: (one.line, one.column)):
        kept.setdefault((one.kind, one.needs, one.wanted, one.packages), one)
    return list(kept.values())
