"""Assignments, submissions and feedback in the store: rows and files together, or neither.

A submission's files are durable before its row is written, and its row before anybody is told (design.md, decision 9).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, RowMapping

from hub.adapters import remarks
from hub.adapters.arrivals import Arrival, handed_out
from hub.adapters.blobs import Blobs, Failpoint, no_failpoint
from hub.adapters.rules import judge_in, set_due_in
from hub.adapters.store import Store
from hub.adapters.tables import assignments, feedback, people, submissions
from hub.exchange import Receipt, Refused, StoredFile


@dataclass(frozen=True)
class Assignment:
    """One assignment as the service knows it; `release` is none while it is not handed out."""

    course: str
    name: str
    due: datetime | None
    release: str | None
    released_at: datetime | None
    files: tuple[StoredFile, ...]


@dataclass(frozen=True)
class Feedback:
    """What was given back for one submission."""

    submission: str
    folder: str
    score: float | None
    max_score: float | None
    released_at: datetime
    files: tuple[StoredFile, ...]
    lost: float = 0  # points by being late; `score` is what is left


@dataclass(frozen=True)
class Work:
    """What is handed out, handed in and given back."""

    store: Store
    blobs: Blobs
    limit: int  # bytes of one submission
    failpoint: Failpoint = no_failpoint
    zone: str = ""  # of the times in refusals

    def assignments(self, course: str) -> list[Assignment]:
        """Those handed out in a course, by name."""
        query = sql.select(assignments).where(assignments.c.course == course, assignments.c.release.is_not(None))
        with self.store.begin() as connection:
            return [_assignment(row) for row in connection.execute(query.order_by(assignments.c.name)).mappings()]

    def assignment(self, course: str, name: str) -> Assignment | None:
        with self.store.begin() as connection:
            return _find(connection, course, name)

    def release(self, course: str, name: str, packed: IO[bytes], *, due: datetime | None, now: datetime) -> Assignment:
        """Hand out, or hand out again: the files of now, and the due date."""
        folder = secrets.token_hex(12)
        files = self.blobs.store("releases", folder, packed, limit=self.limit)
        values = {"due": due, "release": folder, "released_at": now, "files": [asdict(file) for file in files]}
        with self.store.begin() as connection:
            if _find(connection, course, name) is None:
                connection.execute(sql.insert(assignments).values(course=course, name=name, **values))
            else:
                connection.execute(sql.update(assignments).where(_is(course, name)).values(**values))
        return Assignment(course, name, due, folder, now, files)

    def withdraw(self, course: str, name: str) -> None:
        with self.store.begin() as connection:
            connection.execute(sql.update(assignments).where(_is(course, name)).values(release=None))

    def set_due(self, course: str, name: str, due: datetime | None) -> None:
        with self.store.begin() as connection:
            set_due_in(connection, course, name, due)

    def submit(
        self,
        course: str,
        name: str,
        person: str,
        packed: IO[bytes],
        *,
        key: str,
        now: datetime,
        confirmed: bool = False,
    ) -> Receipt:
        """Store a submission and answer for it; the same key gives the same receipt.

        `now` is when the upload began, by the server's clock. Raises Refused for what cannot be taken, and Unconfirmed
        for what is taken only when its person says so.
        """
        if (earlier := self._by_key(person, key)) is not None:
            return earlier
        released = self.assignment(course, name)
        if released is None or released.release is None:
            raise Refused(f"'{name}' is not handed out in this course now. Ask your instructor.")
        with self.store.begin() as connection:  # again when it is recorded; here so that nothing is stored in vain
            judge_in(connection, course, name, person, now, self.zone)
        wanted = handed_out(self.blobs, released.release, [file.path for file in released.files])
        arrival = Arrival(packed, wanted, self.limit)
        verdict = arrival.judged(confirmed=confirmed)
        identity = secrets.token_hex(12)
        files = self.blobs.write("submissions", identity, arrival.kept(verdict))
        try:
            self.failpoint("stored")
            receipt = self._record(identity, released, person, files, verdict.told, key=key, now=now)
        except Exception:
            self.blobs.remove("submissions", identity)
            raise
        if receipt.submission != identity:
            self.blobs.remove("submissions", identity)
        self.failpoint("recorded")
        return receipt

    def _record(
        self,
        identity: str,
        released: Assignment,
        person: str,
        files: tuple[StoredFile, ...],
        told: tuple[str, ...],
        *,
        key: str,
        now: datetime,
    ) -> Receipt:
        with self.store.begin() as connection:
            if same := _receipts(connection, _keyed(person, key)):
                return same[0]
            chance = judge_in(connection, released.course, released.name, person, now, self.zone)
            receipt = Receipt(
                submission=identity,
                course=released.course,
                assignment=released.name,
                person=person,
                attempt=chance.attempt,
                at=now,
                due=chance.due,
                late=chance.late,
                files=files,
                remarks=told,
            )
            values = {**receipt.as_data(), "id": identity, "key": key, "at": now, "due": chance.due}
            del values["submission"], values["remarks"]
            values["files"] = [asdict(file) for file in files]
            connection.execute(sql.insert(submissions).values(**values))
            remarks.add(connection, identity, told)
        return receipt

    def _by_key(self, person: str, key: str) -> Receipt | None:
        with self.store.begin() as connection:
            return next(iter(_receipts(connection, _keyed(person, key))), None)

    def receipts(self, course: str, *, person: str | None = None, name: str | None = None) -> list[Receipt]:
        """A course's receipts, oldest first, of one person or of all, for one assignment or for all."""
        which = [submissions.c.course == course]
        if person is not None:
            which.append(submissions.c.person == person)
        if name is not None:
            which.append(submissions.c.assignment == name)
        with self.store.begin() as connection:
            return _receipts(connection, sql.and_(*which))

    def receipt(self, identity: str) -> Receipt | None:
        with self.store.begin() as connection:
            return next(iter(_receipts(connection, submissions.c.id == identity)), None)

    def of_assignment(self, course: str, name: str, identities: Iterable[str]) -> set[str]:
        """Which of these are submissions of an assignment."""
        mine = sql.and_(submissions.c.course == course, submissions.c.assignment == name)
        with self.store.begin() as connection:
            query = sql.select(submissions.c.id).where(mine, submissions.c.id.in_(set(identities)))
            return set(connection.execute(query).scalars())

    def person_of(self, student_id: str) -> str | None:
        """The name of whoever has a student id."""
        with self.store.begin() as connection:
            return connection.execute(sql.select(people.c.name).where(people.c.student_id == student_id)).scalar()

    def submitters(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Student id, full name and e-mail of people, by name."""
        query = sql.select(people.c.name, people.c.student_id, people.c.full_name, people.c.email)
        with self.store.begin() as connection:
            rows = connection.execute(query.where(people.c.name.in_(set(names)))).mappings()
            return {row["name"]: dict(row) for row in rows}

    def give_back(
        self, identity: str, packed: IO[bytes], *, score: float | None, max_score: float | None, now: datetime
    ) -> None:
        """Keep the feedback of a submission; later feedback takes the place of earlier."""
        folder = f"{identity}-{secrets.token_hex(4)}"
        files = self.blobs.store("feedback", folder, packed, limit=self.limit)
        about = {"folder": folder, "score": score, "max_score": max_score, "released_at": now}
        with self.store.begin() as connection:
            connection.execute(sql.delete(feedback).where(feedback.c.submission == identity))
            listed = [asdict(file) for file in files]
            connection.execute(sql.insert(feedback).values(submission=identity, files=listed, **about))

    def feedback(self, identities: Iterable[str]) -> dict[str, Feedback]:
        """The feedback of submissions, by submission."""
        query = sql.select(feedback).where(feedback.c.submission.in_(set(identities)))
        with self.store.begin() as connection:
            rows = connection.execute(query).mappings()
            return {row["submission"]: Feedback(**{**row, "files": _files(row["files"])}) for row in rows}


def _is(course: str, name: str) -> sql.ColumnElement[bool]:
    return sql.and_(assignments.c.course == course, assignments.c.name == name)


def _keyed(person: str, key: str) -> sql.ColumnElement[bool]:
    return sql.and_(submissions.c.person == person, submissions.c.key == key)


def _find(connection: Connection, course: str, name: str) -> Assignment | None:
    row = connection.execute(sql.select(assignments).where(_is(course, name))).mappings().first()
    return _assignment(row) if row else None


def _files(listed: list[dict[str, Any]]) -> tuple[StoredFile, ...]:
    return tuple(StoredFile(**file) for file in listed)


def _assignment(row: RowMapping) -> Assignment:
    return Assignment(**{**row, "files": _files(row["files"])})


def _receipts(connection: Connection, which: sql.ColumnElement[bool]) -> list[Receipt]:
    """Receipts, oldest first, with what was said when they were given."""
    told = remarks.of(connection, which)
    query = sql.select(submissions).where(which).order_by(submissions.c.at, submissions.c.attempt)
    return [_receipt(row, told.get(row["id"], ())) for row in connection.execute(query).mappings()]


def _receipt(row: RowMapping, told: tuple[str, ...]) -> Receipt:
    values = {key: row[key] for key in ("course", "assignment", "person", "attempt", "at", "due", "late")}
    return Receipt(submission=row["id"], files=_files(row["files"]), remarks=told, **values)
