"""The marks between which nbgrader takes something out of what students get, and what stands between them.

They are the words of nbgrader's preprocessors; a course may have its own in nbgrader_config.py. That file is read, never run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Mark:
    """A pair of delimiters. `what` says what is between them; `owner` and `traits` are nbgrader's names for them."""

    what: str
    begin: str
    end: str
    owner: str
    traits: tuple[str, str]


SOLUTION = Mark(
    "the solution",
    "BEGIN SOLUTION",
    "END SOLUTION",
    "ClearSolutions",
    ("begin_solution_delimeter", "end_solution_delimeter"),
)
HIDDEN_TESTS = Mark(
    "the hidden tests",
    "BEGIN HIDDEN TESTS",
    "END HIDDEN TESTS",
    "ClearHiddenTests",
    ("begin_test_delimeter", "end_test_delimeter"),
)
MARK_SCHEME = Mark(
    "the mark scheme",
    "BEGIN MARK SCHEME",
    "END MARK SCHEME",
    "ClearMarkScheme",
    ("begin_mark_scheme_delimeter", "end_mark_scheme_delimeter"),
)
MARKS = (SOLUTION, HIDDEN_TESTS, MARK_SCHEME)


def of_course(config: str) -> tuple[Mark, ...]:
    """The marks of a course whose nbgrader_config.py has this text; what is not a plain text there counts as not set."""
    given = dict(_settings(config))
    return tuple(
        replace(
            mark,
            begin=given.get((mark.owner, mark.traits[0]), mark.begin),
            end=given.get((mark.owner, mark.traits[1]), mark.end),
        )
        for mark in MARKS
    )


def _settings(config: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Every `c.Owner.trait = "text"`."""
    try:
        tree = ast.parse(config)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Attribute(attr=owner), attr=trait)],
                value=ast.Constant(value=str(text)),
            ) if text:
                yield (owner, trait), text


def between(source: str, marks: tuple[Mark, ...]) -> tuple[list[tuple[Mark, list[str]]], list[str]]:
    """What stands between marks, each with its lines, and the lines outside of all of them."""
    regions: list[tuple[Mark, list[str]]] = []
    outside: list[str] = []
    open_mark: Mark | None = None
    for line in source.split("\n"):
        begun = next((mark for mark in marks if mark.begin in line), None)
        if begun is not None:
            open_mark = begun
            regions.append((begun, []))
        elif any(mark.end in line for mark in marks):
            open_mark = None
        elif open_mark is not None:
            regions[-1][1].append(line)
        else:
            outside.append(line)
    return regions, outside
