"""The marked cells of a submission as they were handed out: what was changed, moved, lost or made up there does not count.

nbgrader overwrites the locked cells it finds by their ids, and scores what is there; here a lost cell of tests is back, tests stand in
the order of the release, and marks of a cell that the release does not know are gone. Pure; notebooks are plain dictionaries.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any


def restored(submitted: Mapping[str, Any], released: Mapping[str, Any]) -> dict[str, Any]:
    """The submission with the release's marked cells in the release's order; of these only solutions keep the student's text.

    A cell without marks stays behind the marked cell that it stood behind.
    """
    known = {name: cell for cell in released["cells"] if (name := marked_as(cell)) is not None}
    first, behind = _groups(submitted["cells"], known)
    cells = list(first)
    for name, cell in known.items():
        mine, *others = behind.get(name) or [cell]
        cells += [_marked(mine, cell), *others]
    _make_ids_differ(cells)
    return {**copy.deepcopy(dict(submitted)), "cells": cells}


def marked_as(cell: Mapping[str, Any]) -> str | None:
    """The id under which nbgrader knows a cell; none for one without marks."""
    marks = cell["metadata"].get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) and name else None


def is_solution(cell: Mapping[str, Any]) -> bool:
    """Whether the text of this cell is the student's to write."""
    marks = cell["metadata"]["nbgrader"]
    return bool(marks.get("solution") or marks.get("task")) and not marks.get("locked")


def _groups(
    cells: list[dict[str, Any]], known: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """The cells before the first known one, and each known one with those behind it."""
    first: list[dict[str, Any]] = []
    behind: dict[str, list[dict[str, Any]]] = {}
    current = first
    for original in cells:
        cell, name = copy.deepcopy(original), marked_as(original)
        if name in known and name not in behind:
            current = behind[str(name)] = [cell]
        else:
            cell["metadata"].pop("nbgrader", None)
            current.append(cell)
    return first, behind


def _marked(mine: dict[str, Any], released: Mapping[str, Any]) -> dict[str, Any]:
    cell = copy.deepcopy(dict(released))
    if is_solution(released):
        cell["source"] = mine["source"]
        if mine.get("attachments") and cell["cell_type"] == "markdown":
            cell["attachments"] = mine["attachments"]
    if cell["cell_type"] == "code":
        cell |= {"outputs": [], "execution_count": None}
    return cell


def _make_ids_differ(cells: list[dict[str, Any]]) -> None:
    """A notebook may not have two cells of one id (format 4.5)."""
    seen: set[str] = set()
    for number, cell in enumerate(cells):
        if cell.get("id") in seen:
            cell["id"] = f"again-{number}"
        seen.add(cell.get("id", ""))
