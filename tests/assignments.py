"""Assignments in memory: a source as its author writes it, and what nbgrader makes of it for students."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import nbformat
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)

from hub.release_check import Assignment, findings

NAME = "ps1.ipynb"
STEPS = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ClearHiddenTests, ClearMarkScheme, ComputeChecksums)


def handed_out(document: Any) -> Any:
    """What nbgrader's Generate makes of a notebook."""
    made = deepcopy(document)
    for step in STEPS:
        made, _ = step().preprocess(made, {})
    return made


def content(document: Any) -> bytes:
    text: str = nbformat.writes(document)
    return text.encode()


def assignment(
    source: Any,
    released: Any = None,
    *,
    beside: Mapping[str, bytes] | None = None,
    known: tuple[str, ...] = ("ps1",),
    **more: Any,
) -> Assignment:
    """An assignment of one notebook and what lies beside it; without `released`, as nbgrader makes it."""
    made = {NAME: content(released if released is not None else handed_out(source)), **(beside or {})}
    return Assignment({NAME: content(source)}, made, known, **more)


def told(given: Assignment) -> list[str]:
    """The findings as an instructor reads them."""
    return [str(finding) for finding in findings(given)]
