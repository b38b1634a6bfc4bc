"""A notebook's cells as nbgrader knows them: what they are called, whether whoever hands in may change them.

Pure, and of any JSON: what arrives may be anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_ID = 500  # characters


@dataclass(frozen=True)
class Cell:
    """One cell with an nbgrader id. `fixed` ones, with tests or locked, count as they were handed out."""

    name: str
    kind: str
    source: str
    fixed: bool


def cells_of(notebook: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The cells with an id. Of several with the same one the first counts, as it does when they are graded."""
    cells = notebook.get("cells")
    found = [made for cell in (cells if isinstance(cells, list) else []) if (made := _cell(cell)) is not None]
    first: dict[str, Cell] = {}
    for cell in found:
        first.setdefault(cell.name, cell)
    return tuple(first.values())


def _cell(cell: Any) -> Cell | None:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    if not isinstance(marks, dict) or not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID:
        return None
    students = bool(marks.get("solution") or marks.get("task")) and not marks.get("locked")
    return Cell(name, str(cell.get("cell_type"))[:20], _text(cell.get("source")), fixed=not students)


def _text(source: Any) -> str:
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str)).replace("\r\n", "\n")


def differing(handed_out: Iterable[Cell], arrived: Iterable[Cell]) -> tuple[str, ...]:
    """The ids of tests and locked cells that are not there, or not as they were handed out."""
    there = {cell.name: (cell.kind, cell.source) for cell in arrived}
    return tuple(cell.name for cell in handed_out if cell.fixed and there.get(cell.name) != (cell.kind, cell.source))


def lost_answers(handed_out: Iterable[Cell], arrived: Iterable[Cell]) -> tuple[str, ...]:
    """The ids of cells for answers that are not there."""
    there = {cell.name for cell in arrived}
    return tuple(cell.name for cell in handed_out if not cell.fixed and cell.name not in there)
