"""Every change of a mark: who, when, from what to what. Only added to; nothing in it changes and nothing goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sql
from sqlalchemy.engine import RowMapping

from hub.adapters.store import Store
from hub.adapters.tables import mark_changes, people
from hub.mark_changes import Change, Kind


@dataclass(frozen=True)
class Entry:
    """One line of the log. `who` is empty for the grader; names are the ones of now."""

    at: datetime
    who: str
    who_name: str
    student: str
    student_name: str
    change: Change


@dataclass(frozen=True)
class Which:
    """A part of a log: whose marks they are or who changed them, and of which assignment; empty is all."""

    person: str = ""
    assignment: str = ""


ALL = Which()


@dataclass(frozen=True)
class MarkLog:
    """The log of every course."""

    store: Store

    def record(self, course: str, who: str, changes: Iterable[Change], *, batch: str, now: datetime) -> None:
        """Add what was told at once, all of it or nothing; told again under the same key it is there once."""
        about = {"batch": batch, "course": course, "who": who, "at": now}
        rows = [{**asdict(change), **about, "place": place} for place, change in enumerate(changes)]
        with self.store.begin() as connection:
            told = sql.select(mark_changes.c.id).where(mark_changes.c.batch == batch).limit(1)
            if rows and connection.execute(told).first() is None:
                connection.execute(sql.insert(mark_changes), rows)

    def entries(self, course: str, which: Which = ALL, *, first: int = 0, most: int | None = None) -> list[Entry]:
        """A part of a course's log, newest first."""
        query = sql.select(mark_changes).where(_in(course, which))
        query = query.order_by(mark_changes.c.id.desc()).offset(first).limit(most)
        with self.store.begin() as connection:
            rows = list(connection.execute(query).mappings())
            known = list(connection.execute(sql.select(people.c.name, people.c.student_id, people.c.full_name)))
        full = {name: full_name for name, _, full_name in known}
        students = {student_id: name for name, student_id, _ in known}
        return [_entry(row, full, students) for row in rows]

    def count(self, course: str, which: Which = ALL) -> int:
        query = sql.select(sql.func.count()).select_from(mark_changes)
        with self.store.begin() as connection:
            return connection.execute(query.where(_in(course, which))).scalar_one()

    def assignments(self, course: str) -> list[str]:
        """Those of which the log knows something, by name."""
        query = sql.select(mark_changes.c.assignment).distinct().where(mark_changes.c.course == course)
        with self.store.begin() as connection:
            return sorted(connection.execute(query).scalars())


def _in(course: str, which: Which) -> sql.ColumnElement[bool]:
    found = mark_changes.c.course == course
    if which.person:
        mine = sql.select(people.c.student_id).where(people.c.name == which.person)
        found = sql.and_(found, sql.or_(mark_changes.c.who == which.person, mark_changes.c.student_id.in_(mine)))
    if which.assignment:
        found = sql.and_(found, mark_changes.c.assignment == which.assignment)
    return found


def _entry(row: RowMapping, full: Mapping[str, str], students: Mapping[str, str]) -> Entry:
    words = ("assignment", "student_id", "notebook", "cell", "before", "after")
    change = Change(**{word: row[word] for word in words}, kind=Kind(row["kind"]))
    student = students.get(change.student_id, "")
    return Entry(
        at=row["at"],
        who=row["who"],
        who_name=full.get(row["who"], row["who"]),
        student=student,
        student_name=full.get(student, change.student_id),
        change=change,
    )
