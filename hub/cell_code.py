"""A code cell of IPython as Python that can be looked at, and the commands that it gives to a shell.

`hub.cell_syntax` makes calls of magics, as IPython does; here these calls are taken apart again. Nothing is run.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from hub import cell_syntax

SHELL_CALLS = {"system", "getoutput"}
SHELL_MAGICS = {"bash", "sh", "script", "system", "sx", "sc", "!", "cmd", "zsh"}
TOOL_MAGICS = {"pip", "conda", "mamba", "micromamba", "uv"}
PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "debug"}
PAGE_MAGICS = {"html", "HTML", "svg", "SVG", "markdown"}
DEEPEST = 5  # magics within magics


@dataclass(frozen=True)
class Command:
    """A line for a shell, and the cell's line on which it begins, from 1."""

    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """HTML that a magic shows, and the cell's line on which it begins."""

    text: str
    line: int


@dataclass(frozen=True)
class Code:
    """A cell's code: its syntax tree, none when it is not Python; what it hands to a shell; what it shows as HTML."""

    tree: ast.Module | None
    shell: tuple[Command, ...] = ()
    pages: tuple[Page, ...] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        """What it hands to a shell, without the places."""
        return tuple(command.text for command in self.shell)


def read(source: str) -> Code:
    """The code of a cell as it is written, magics and all; the tree's lines are the cell's."""
    return _read(source, 0, DEEPEST)


def _read(source: str, above: int, deeper: int) -> Code:
    """The same for what stands below so many lines of its cell, magics in it up to so deep."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in texts, which Python tells on reading them
            tree = ast.parse(cell_syntax.translated(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Code(None)
    if above:
        ast.increment_lineno(tree, above)
    inner = [code for node in ast.walk(tree) for code in _of_magic(node, deeper)]
    bodies = [statement for code in inner if code.tree for statement in code.tree.body]
    return Code(
        ast.Module([*tree.body, *bodies], type_ignores=[]),
        tuple(command for code in inner for command in code.shell),
        tuple(page for code in inner for page in code.pages),
    )


def _of_magic(node: ast.AST, deeper: int) -> Iterator[Code]:
    """What a call that stands for a magic is about."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=verb), args=[*arguments]
        ) if deeper and all(isinstance(argument, ast.Constant) for argument in arguments):
            words = [str(argument.value) for argument in arguments if isinstance(argument, ast.Constant)]
            yield from _of_call(verb, words, node.lineno, deeper - 1)


def _of_call(verb: str, words: list[str], line: int, deeper: int) -> Iterator[Code]:
    match verb, words:
        case verb, [command] if verb in SHELL_CALLS:
            yield _shell(command, line)
        case "run_line_magic", [name, rest] if name in TOOL_MAGICS:
            yield _shell(f"{name} {rest}", line)
        case "run_line_magic", [name, rest] if name in SHELL_MAGICS:
            yield _shell(rest, line)
        case "run_cell_magic", [name, rest, body] if name in SHELL_MAGICS:
            yield _shell(f"{rest}\n{body}", line)
        case "run_line_magic", [name, rest] if name in PYTHON_MAGICS:
            yield _read(_without_options(rest), line - 1, deeper)
        case "run_cell_magic", [name, _, body] if name in PYTHON_MAGICS:
            yield _read(body, line, deeper)
        case "run_cell_magic", [name, _, body] if name in PAGE_MAGICS:
            yield Code(None, pages=(Page(body, line + 1),))


def _shell(commands: str, line: int) -> Code:
    """The commands of some lines, the first of which has this number; what a backslash joins is one."""
    found: list[Command] = []
    text, begun = "", line
    for number, one in enumerate(commands.split("\n"), start=line):
        begun = begun if text else number
        text += one
        if text.endswith("\\"):
            text = f"{text[:-1]} "
            continue
        if text.strip() and not text.strip().startswith("#"):
            found.append(Command(text.strip(), begun))
        text = ""
    return Code(None, (*found, *([Command(text.strip(), begun)] if text.strip() else [])))


def _without_options(rest: str) -> str:
    """`-n 3 f()` as `f()`."""
    words = rest.split(" ")
    while words and (words[0].startswith("-") or words[0].isdigit()):
        words.pop(0)
    return " ".join(words)
