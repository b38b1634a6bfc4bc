"""The syntax of IPython's cells that is not Python's: magics, lines for a shell, questions, each made a call.

`!ls` becomes `get_ipython().system('ls')`, as IPython itself translates it, so that the rest can be read as Python. Every line
stays on its line. It needs no IPython, which neither the command nor the pages have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ENDS = {quote: re.compile(rf"\\.|{quote}") for quote in ("'", '"', "'''", '"""')}
TELLING = re.compile(r"'''|\"\"\"|['\"]|[(\[{]|[)\]}]|#")
ASSIGNED = re.compile(r"((?:[\w.,* \t]|\[[^\]=]*\])+=\s*)([!%])(.*)")
QUESTION = re.compile(r"\s*(%{0,2}(?!\d)[\w*]+(?:\.\w+|\[[\w'\"]+\])*)(\?\??)\s*")


def translated(source: str) -> str:
    """A cell as Python, as far as it is some."""
    lines = _dedented(re.sub(r"\r\n?", "\n", source).split("\n"))
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%") and not lines[first].rstrip().endswith("?"):
        name, _, rest = lines[first][2:].rstrip().partition(" ")
        return "\n" * first + _call("run_cell_magic", name, rest, "\n".join(lines[first + 1 :]))
    return "\n".join(_translated(lines))


def _dedented(lines: list[str]) -> list[str]:
    """A cell whose first line is indented is taken as one that is not."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return [line.removeprefix(indent) for line in lines]


def _translated(lines: list[str]) -> list[str]:
    """The lines of a cell without a magic of its own, each in its place."""
    made: list[str] = []
    around = Around()
    place = 0
    while place < len(lines):
        line, end = lines[place], place + 1
        found = None
        if around.is_a_beginning:
            while end < len(lines) and line.endswith("\\") and _call_of(line):
                line, end = f"{line[:-1]} {lines[end]}", end + 1
            found = _call_of(line)
        if found is None:
            around = around.after(line)
        made += [line if found is None else found, *[""] * (end - place - 1)]
        place = end
    return made


def _call_of(line: str) -> str | None:
    """What stands for a line that begins a statement; none for Python."""
    body = line.lstrip()
    indent = line[: len(line) - len(body)]
    if question := QUESTION.fullmatch(line):
        return indent + _call("run_line_magic", "pinfo2" if question[2] == "??" else "pinfo", question[1])
    if assigned := ASSIGNED.fullmatch(line):
        before, sign, rest = assigned.groups()
        return before + (_call("getoutput", rest.strip()) if sign == "!" else _line_magic(rest))
    if body.startswith("!!"):
        return indent + _call("getoutput", body[2:].strip())
    if body.startswith("!"):
        return indent + _call("system", body[1:].strip())
    if body.startswith("%"):
        return indent + _line_magic(body[1:])
    if body.startswith("?"):
        return indent + _call("run_line_magic", "pinfo2" if body.startswith("??") else "pinfo", body.strip("? "))
    return None


def _line_magic(rest: str) -> str:
    name, _, after = rest.strip().partition(" ")
    return _call("run_line_magic", name, after.strip())


def _call(verb: str, *words: str) -> str:
    return f"get_ipython().{verb}({', '.join(map(repr, words))})"


@dataclass(frozen=True)
class Around:
    """What a line of Python stands in: brackets that are open, a text that is not closed, a line that goes on."""

    brackets: int = 0
    quote: str = ""
    goes_on: bool = False

    @property
    def is_a_beginning(self) -> bool:
        """Whether a statement may begin here."""
        return not (self.brackets or self.quote or self.goes_on)

    def after(self, line: str) -> Around:
        """What the next line stands in."""
        brackets, quote, place = self.brackets, self.quote, 0
        while found := (ENDS[quote] if quote else TELLING).search(line, place):
            place, sign = found.end(), found[0]
            if quote:
                quote = "" if sign == quote else quote
            elif sign == "#":
                return Around(brackets)
            elif sign in "([{":
                brackets += 1
            elif sign in ")]}":
                brackets = max(0, brackets - 1)
            else:
                quote = sign
        goes_on = line.endswith("\\")
        return Around(brackets, quote if len(quote) == 3 or goes_on else "", goes_on)
