"""Which full name a call or an import of Python code means: `K.sum` is `keras.backend.sum` after `from keras import backend as K`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

Aliases = Mapping[str, str]  # a name of the code to the full name that it was imported from


def imported(trees: Iterable[ast.AST]) -> dict[str, str]:
    """What names mean after the imports of all of this code."""
    found: dict[str, str] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.Import(names=names):
                for one in names:
                    found[one.asname or one.name.partition(".")[0]] = (
                        one.name if one.asname else one.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=str(module), names=names, level=0):
                found.update({one.asname or one.name: f"{module}.{one.name}" for one in names if one.name != "*"})
    return found


def full(node: ast.AST, aliases: Aliases) -> str:
    """The full name of an expression like `a.b.c`; empty when it does not begin with something that was imported."""
    match node:
        case ast.Name(id=name):
            return aliases.get(name, "")
        case ast.Attribute(value=value, attr=attr):
            before = full(value, aliases)
            return f"{before}.{attr}" if before else ""
    return ""


def used(tree: ast.AST, aliases: Aliases) -> Iterator[str]:
    """Every full name that code imports or uses, the longest of each."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (module if one.name == "*" else f"{module}.{one.name}" for one in names)
            case ast.Attribute() | ast.Name() if full(node, aliases):
                yield full(node, aliases)
            case _:
                yield from used(node, aliases)


def begins(name: str, table: Iterable[str]) -> str | None:
    """The first entry of a table by which a name begins, whole words unless the entry itself ends in the middle of one."""
    return next((one for one in table if name == one or name.startswith(one if one[-1] in "._" else f"{one}.")), None)
