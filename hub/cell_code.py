"""A code cell of IPython as Python that can be looked at, and the commands that it gives to a shell.

IPython's own translation makes calls of its magics; here these calls are taken apart again. Nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

SHELL_CALLS = {"system", "getoutput"}
SHELL_MAGICS = {"bash", "sh", "script", "system", "sx", "sc", "!", "cmd", "zsh"}
TOOL_MAGICS = {"pip", "conda", "mamba", "micromamba", "uv"}
PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "debug"}


@dataclass(frozen=True)
class Code:
    """A cell's code: its syntax tree, none when it is not Python, and what it hands to a shell."""

    tree: ast.Module | None
    commands: tuple[str, ...] = ()


def read(source: str) -> Code:
    """The code of a cell as it is written, magics and all."""
    try:
        translated = TransformerManager().transform_cell(source)
        tree = ast.parse(translated)
    except (SyntaxError, ValueError, RecursionError):
        return Code(None)
    inner = [code for node in ast.walk(tree) for code in _of_magic(node)]
    commands = tuple(command for code in inner for command in code.commands)
    bodies = [statement for code in inner if code.tree for statement in code.tree.body]
    return Code(ast.Module([*tree.body, *bodies], type_ignores=[]), commands)


def _of_magic(node: ast.AST) -> Iterator[Code]:
    """What a call that IPython's translation has made is about."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=verb), args=[*arguments]
        ) if all(isinstance(argument, ast.Constant) for argument in arguments):
            words = [str(argument.value) for argument in arguments if isinstance(argument, ast.Constant)]
            yield from _of_call(verb, words)


def _of_call(verb: str, words: list[str]) -> Iterator[Code]:
    match verb, words:
        case verb, [command] if verb in SHELL_CALLS:
            yield _shell(command)
        case "run_line_magic", [name, rest] if name in TOOL_MAGICS:
            yield _shell(f"{name} {rest}")
        case (("run_line_magic" | "run_cell_magic"), [name, *rest]) if name in SHELL_MAGICS:
            yield _shell("\n".join(rest))
        case "run_line_magic", [name, rest] if name in PYTHON_MAGICS:
            yield read(_without_options(rest))
        case "run_cell_magic", [name, _, body] if name in PYTHON_MAGICS:
            yield read(body)


def _shell(commands: str) -> Code:
    lines = commands.replace("\\\n", " ").split("\n")
    return Code(None, tuple(line.strip() for line in lines if line.strip() and not line.strip().startswith("#")))


def _without_options(rest: str) -> str:
    """`-n 3 f()` as `f()`."""
    words = rest.split(" ")
    while words and (words[0].startswith("-") or words[0].isdigit()):
        words.pop(0)
    return " ".join(words)
