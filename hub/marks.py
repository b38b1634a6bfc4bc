"""A course's marks as a table for spreadsheets. Pure.

The points are the gradebook's after what is lost by being late; who has none has an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub import spreadsheets

ABOUT = ("name", "full_name", "email", "section")


@dataclass(frozen=True)
class Mark:
    """What one student has in one assignment: the points that count, and those lost by being late."""

    points: float
    lost: float = 0
    waits: bool = False  # something is still to be marked by hand


@dataclass(frozen=True)
class Marks:
    """A gradebook's marks: assignments in order with their highest points; marks by student id and assignment."""

    highest: Mapping[str, float] = field(default_factory=dict)
    of: Mapping[str, Mapping[str, Mark]] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """Plain values for JSON."""
        rows = {
            who: {name: [mark.points, mark.lost, mark.waits] for name, mark in mine.items()}
            for who, mine in self.of.items()
        }
        return {"highest": dict(self.highest), "of": rows}

    @classmethod
    def of_data(cls, told: Mapping[str, Any]) -> Marks:
        """What `as_data` told."""
        highest = {str(name): float(most) for name, most in told["highest"].items()}
        rows = {
            str(who): {
                str(name): Mark(float(points), float(lost), bool(waits)) for name, (points, lost, waits) in mine.items()
            }
            for who, mine in told["of"].items()
        }
        return cls(highest, rows)


def as_csv(marks: Marks, students: Iterable[Mapping[str, Any]]) -> str:
    """The marks of these students, one a line, with their total and what they lost by being late."""
    total = sum(marks.highest.values())
    names = [f"{name} (max {most:g})" for name, most in marks.highest.items()]
    columns = [*ABOUT, *names, f"total (max {total:g})", "lost by being late", "still to be marked"]
    return spreadsheets.as_csv(columns, [_row(marks, one) for one in students])


def _row(marks: Marks, student: Mapping[str, Any]) -> Sequence[str | float | None]:
    mine = marks.of.get(student["student_id"], {})
    points = [round(mine[name].points, 4) if name in mine else None for name in marks.highest]
    total = round(sum(mark.points for mark in mine.values()), 4) if mine else None
    lost = round(sum(mark.lost for mark in mine.values()), 4) if mine else None
    waits = ", ".join(name for name in marks.highest if name in mine and mine[name].waits)
    return [*(str(student[column]) for column in ABOUT), *points, total, lost, waits]
