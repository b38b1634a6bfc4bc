"""The questions of an assignment, and asking for another look at one: who may ask what, in how many words.

Pure. A question is a cell of the released notebook that has points; its title is the cell's id, as feedback shows it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.exchange import Refused

LONGEST_TEXT = 2000  # characters of a request and of an answer
LONGEST_ID = 500


@dataclass(frozen=True)
class ReleasedQuestion:
    """One cell with points. `notebook` is its name without the ending, as nbgrader has it."""

    notebook: str
    cell: str
    points: float


def questions_of(path: str, notebook: Mapping[str, Any]) -> tuple[ReleasedQuestion, ...]:
    """The questions of one released notebook, in its order; of several cells with one id the first."""
    cells = notebook.get("cells")
    found: dict[str, ReleasedQuestion] = {}
    for cell in cells if isinstance(cells, list) else []:
        made = _question(path.removesuffix(".ipynb"), cell)
        if made is not None:
            found.setdefault(made.cell, made)
    return tuple(found.values())


def _question(notebook: str, cell: Any) -> ReleasedQuestion | None:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(marks, dict) or not (marks.get("grade") or marks.get("task")):
        return None
    name, points = marks.get("grade_id"), marks.get("points")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID:
        return None
    if isinstance(points, bool) or not isinstance(points, int | float) or not (math.isfinite(points) and points > 0):
        return None
    return ReleasedQuestion(notebook, name, points)


def words(text: str, what: str) -> str:
    """A request or an answer as it is kept; raises Refused for one without words or with too many."""
    kept = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not kept:
        raise Refused(f"Write {what}. Go back and put it into the field.")
    if len(kept) > LONGEST_TEXT:
        raise Refused(f"This has {len(kept)} characters, {LONGEST_TEXT} are possible. Go back and shorten it.")
    return kept
