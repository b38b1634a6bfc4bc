"""What the grader is asked to do, kept until it is done: a job survives every restart and is counted once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from hub.adapters.store import Store
from hub.adapters.tables import jobs
from hub.queue import Waiting, next_of

STOPPED = "Stopped."
OPEN = ("queued", "running", "stopping")


@dataclass(frozen=True)
class Jobs:
    """The jobs of all courses; `changed` is called when one was added or has ended, in the thread that did it."""

    store: Store
    changed: Callable[[], None] = lambda: None

    def add(
        self, *, course: str, assignment: str, verb: str, person: str, at: datetime, student_id: str | None = None
    ) -> int:
        """Ask the grader for something; the same thing that waits already is not asked for twice."""
        same = sql.and_(
            jobs.c.course == course,
            jobs.c.assignment == assignment,
            jobs.c.student_id.is_(None) if student_id is None else jobs.c.student_id == student_id,
            jobs.c.verb == verb,
            jobs.c.state == "queued",
        )
        row = {"course": course, "assignment": assignment, "student_id": student_id, "verb": verb, "person": person}
        with self.store.begin() as connection:
            waiting = connection.execute(sql.select(jobs.c.id).where(same)).scalar()
            if waiting is not None:
                return int(waiting)
            done = connection.execute(sql.insert(jobs).values(**row, state="queued", at=at))
        self.changed()
        return int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0

    def one(self, number: int) -> dict[str, Any] | None:
        with self.store.begin() as connection:
            row = connection.execute(sql.select(jobs).where(jobs.c.id == number)).mappings().first()
        return dict(row) if row else None

    def last_of(self, course: str, assignment: str) -> dict[str, Any] | None:
        """The grading of a whole assignment that was asked for last."""
        mine = (jobs.c.course == course, jobs.c.assignment == assignment, jobs.c.verb == "grade")
        query = sql.select(jobs).where(*mine, jobs.c.student_id.is_(None))
        with self.store.begin() as connection:
            row = connection.execute(query.order_by(jobs.c.id.desc()).limit(1)).mappings().first()
        return dict(row) if row else None

    def open(self) -> list[Waiting]:
        """Those that wait or run."""
        with self.store.begin() as connection:
            return _open(connection)

    def take(self) -> dict[str, Any] | None:
        """The next job that may run beside those that do, now running."""
        with self.store.begin() as connection:
            found = next_of(_open(connection))
            if found is None:
                return None
            connection.execute(sql.update(jobs).where(jobs.c.id == found.number).values(state="running"))
            row = connection.execute(sql.select(jobs).where(jobs.c.id == found.number)).mappings().one()
        return dict(row)

    def progress(self, number: int, *, done: int, total: int, message: str) -> bool:
        """Keep how far a job is; whether it is to go on."""
        with self.store.begin() as connection:
            mine = sql.update(jobs).where(jobs.c.id == number)
            connection.execute(mine.values(done=done, total=total, message=message))
            return connection.execute(sql.select(jobs.c.state).where(jobs.c.id == number)).scalar() != "stopping"

    def end(self, number: int, message: str, *, ok: bool) -> None:
        with self.store.begin() as connection:
            mine = sql.update(jobs).where(jobs.c.id == number)
            connection.execute(mine.values(state="done" if ok else "failed", message=message))
        self.changed()

    def stop(self, course: str, assignment: str) -> None:
        """Have the grading of a whole assignment end once what is under way is done; what waits is taken back."""
        mine = (jobs.c.course == course, jobs.c.assignment == assignment, jobs.c.student_id.is_(None))
        change = sql.update(jobs).where(*mine, jobs.c.verb == "grade")
        with self.store.begin() as connection:
            connection.execute(change.where(jobs.c.state == "running").values(state="stopping"))
            connection.execute(change.where(jobs.c.state == "queued").values(state="failed", message=STOPPED))
        self.changed()

    def requeue(self) -> None:
        """Put back what was running when the grader ended; what was to stop has stopped."""
        with self.store.begin() as connection:
            connection.execute(sql.update(jobs).where(jobs.c.state == "running").values(state="queued"))
            stopped = sql.update(jobs).where(jobs.c.state == "stopping")
            connection.execute(stopped.values(state="failed", message=STOPPED))


def _open(connection: Connection) -> list[Waiting]:
    query = sql.select(jobs).where(jobs.c.state.in_(OPEN)).order_by(jobs.c.id)
    return [
        Waiting(row["id"], row["course"], row["assignment"], row["student_id"], running=row["state"] != "queued")
        for row in connection.execute(query).mappings()
    ]
