"""Rosters in the store: who is in a course as what, and what a roster that is brought in would change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from hub.adapters.store import Store, upsert_person
from hub.adapters.tables import fetches, members, openings, people
from hub.courses import Role
from hub.roster import Entry


@dataclass
class Changes:
    """What bringing a roster in does, as names. `missing` are students of the course who are not in it."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    without_password: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Members:
    """The rosters of every course."""

    store: Store

    def of(self, course: str) -> list[dict[str, Any]]:
        """Everybody on a course's roster, staff first: a person's columns without the password, role and section.

        `waits` says that somebody has a first password and has not used it yet.
        """
        wanted = (people.c.name, people.c.student_id, people.c.full_name, people.c.email)
        waits = sql.and_(people.c.must_change, people.c.password.is_not(None)).label("waits")
        query = (
            sql.select(*wanted, waits, members.c.role, members.c.section)
            .join(members, members.c.person == people.c.name)
            .where(members.c.course == course)
            .order_by(members.c.role == Role.STUDENT, members.c.role, people.c.name)
        )
        with self.store.begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def bring_in(
        self,
        course: str,
        entries: Iterable[Entry],
        *,
        keep: bool,
        remove_missing: bool = False,
        others: frozenset[str] = frozenset(),
    ) -> Changes:
        """Bring a roster in; with keep false everything is looked at and nothing kept (a dry run).

        Of `others` neither full name, e-mail nor password is touched. Nobody is removed, unless students who are not in it shall be; staff never is.
        """
        told = Changes()
        named: set[str] = set()
        with self.store.engine.connect() as connection, connection.begin() as transaction:
            for entry in entries:
                named.add(entry.name)
                describe = entry.name not in others
                getattr(told, _bring_in(connection, course, entry, describe=describe)).append(entry.name)
                password = sql.select(people.c.password).where(people.c.name == entry.name)
                if describe and connection.execute(password).scalar() is None:
                    told.without_password.append(entry.name)
            students = sql.select(members.c.person).where(members.c.course == course, members.c.role == Role.STUDENT)
            told.missing = [name for name in connection.execute(students).scalars() if name not in named]
            if remove_missing:
                told.removed, told.missing = told.missing, []
                _remove(connection, course, told.removed)
            if not keep:
                transaction.rollback()
        return told

    def remove(self, course: str, name: str) -> None:
        """Take somebody off a course's roster; what they handed in stays."""
        with self.store.begin() as connection:
            _remove(connection, course, [name])

    def note_fetch(self, course: str, assignment: str, person: str, now: datetime) -> None:
        """Remember that somebody has fetched an assignment; the first time counts."""
        key = {"course": course, "assignment": assignment, "person": person}
        here = sql.and_(*(fetches.c[name] == value for name, value in key.items()))
        with self.store.begin() as connection:
            if connection.execute(sql.select(fetches.c.at).where(here)).first() is None:
                connection.execute(sql.insert(fetches).values(**key, at=now))

    def fetched(self, course: str) -> dict[tuple[str, str], datetime]:
        """When an assignment was fetched first, by assignment and person."""
        query = sql.select(fetches).where(fetches.c.course == course)
        with self.store.begin() as connection:
            return {(row["assignment"], row["person"]): row["at"] for row in connection.execute(query).mappings()}

    def note_opening(self, course: str, assignment: str, person: str, now: datetime) -> None:
        """Remember that somebody has an assignment's notebook before them; the last time counts."""
        row = {"course": course, "assignment": assignment, "person": person}
        here = sql.and_(*(openings.c[name] == value for name, value in row.items()))
        with self.store.begin() as connection:
            connection.execute(sql.delete(openings).where(here))
            connection.execute(sql.insert(openings).values(**row, at=now))

    def opened(self, course: str, assignment: str) -> dict[str, datetime]:
        """When an assignment was opened last, by person."""
        query = sql.select(openings).where(openings.c.course == course, openings.c.assignment == assignment)
        with self.store.begin() as connection:
            return {row["person"]: row["at"] for row in connection.execute(query).mappings()}


def _remove(connection: Connection, course: str, names: Iterable[str]) -> None:
    connection.execute(sql.delete(members).where(members.c.course == course, members.c.person.in_(list(names))))


def _bring_in(connection: Connection, course: str, entry: Entry, *, describe: bool) -> str:
    known = connection.execute(sql.select(people).where(people.c.name == entry.name)).mappings().first()
    if known is None:
        about = {"full_name": entry.full_name or entry.name, "email": entry.email}
    else:
        given = {"full_name": entry.full_name, "email": entry.email} if describe else {}
        about = {column: value for column, value in given.items() if value}
    changed = upsert_person(connection, entry.name, about, known=dict(known) if known else {})
    here = sql.and_(members.c.person == entry.name, members.c.course == course)
    member = connection.execute(sql.select(members).where(here)).mappings().first()
    if member is None:
        place = {"role": str(entry.role or Role.STUDENT), "section": entry.section or ""}
        connection.execute(sql.insert(members).values(person=entry.name, course=course, **place))
        return "added"
    said = {"role": entry.role and str(entry.role), "section": entry.section}
    values = {column: value for column, value in said.items() if value is not None}
    if any(member[key] != value for key, value in values.items()):
        connection.execute(sql.update(members).where(here).values(**values))
        return "changed"
    return "changed" if changed else "unchanged"
