"""What students ask to be looked at again, a question each, and what they were answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import RowMapping

from hub.adapters.store import Store
from hub.adapters.tables import people, requests
from hub.exchange import Receipt, Refused
from hub.regrades import ReleasedQuestion


@dataclass(frozen=True)
class Request:
    """One question to be looked at again. It is open until it is answered."""

    number: int
    course: str
    assignment: str
    submission: str
    person: str
    full_name: str
    student_id: str
    notebook: str
    cell: str
    text: str
    at: datetime
    answer: str
    answered_by: str
    answered_at: datetime | None
    seen_at: datetime | None

    @property
    def open(self) -> bool:
        return self.answered_at is None


@dataclass(frozen=True)
class Regrades:
    """The requests of every course."""

    store: Store

    def ask(self, receipt: Receipt, question: ReleasedQuestion, text: str, now: datetime) -> None:
        """Ask for another look; raises Refused while an earlier request about the same question is open."""
        about = {"course": receipt.course, "assignment": receipt.assignment, "person": receipt.person}
        about |= {"notebook": question.notebook, "cell": question.cell}
        same = sql.and_(*(requests.c[word] == value for word, value in about.items()))
        with self.store.begin() as connection:
            still = sql.select(requests.c.id).where(same, requests.c.answered_at.is_(None)).limit(1)
            if connection.execute(still).first() is not None:
                raise Refused(f"You have asked about '{question.cell}' already, and it is not answered yet.")
            row = {**about, "submission": receipt.submission, "text": text, "at": now}
            connection.execute(sql.insert(requests).values(**row))

    def answer(self, course: str, number: int, text: str, by: str, now: datetime) -> None:
        """Answer a request and close it; raises Refused when that has been done, and for one of another course."""
        this = sql.and_(requests.c.id == number, requests.c.course == course, requests.c.answered_at.is_(None))
        with self.store.begin() as connection:
            values = {"answer": text, "answered_by": by, "answered_at": now}
            if not connection.execute(sql.update(requests).where(this).values(**values)).rowcount:
                raise Refused("This request is answered already. Load the page again to read the answer.")

    def of_course(self, course: str, *, most_answered: int) -> list[Request]:
        """The open ones, oldest first; then those answered last."""
        here = requests.c.course == course
        waiting = self._find(sql.and_(here, requests.c.answered_at.is_(None)), requests.c.id)
        done = sql.and_(here, requests.c.answered_at.is_not(None))
        return waiting + self._find(done, requests.c.answered_at.desc(), most=most_answered)

    def open_in(self, course: str) -> int:
        query = sql.select(sql.func.count()).select_from(requests)
        with self.store.begin() as connection:
            here = sql.and_(requests.c.course == course, requests.c.answered_at.is_(None))
            return connection.execute(query.where(here)).scalar_one()

    def of_person(self, course: str, person: str, assignment: str) -> list[Request]:
        """What one person has asked about an assignment, newest first."""
        mine = sql.and_(requests.c.course == course, requests.c.person == person, requests.c.assignment == assignment)
        return self._find(mine, requests.c.id.desc())

    def unseen(self, course: str, person: str) -> list[Request]:
        """Answers that their person has not looked at yet, oldest first."""
        mine = sql.and_(requests.c.course == course, requests.c.person == person)
        new = sql.and_(mine, requests.c.answered_at.is_not(None), requests.c.seen_at.is_(None))
        return self._find(new, requests.c.answered_at)

    def note_seen(self, numbers: list[int], now: datetime) -> None:
        with self.store.begin() as connection:
            connection.execute(sql.update(requests).where(requests.c.id.in_(numbers)).values(seen_at=now))

    def _find(self, which: sql.ColumnElement[bool], order: Any, *, most: int | None = None) -> list[Request]:
        query = sql.select(requests, people.c.full_name, people.c.student_id)
        query = query.join(people, people.c.name == requests.c.person).where(which).order_by(order).limit(most)
        with self.store.begin() as connection:
            return [_request(row) for row in connection.execute(query).mappings()]


def _request(row: RowMapping) -> Request:
    values = {word: value for word, value in row.items() if word not in ("id", "answer", "answered_by")}
    return Request(number=row["id"], answer=row["answer"] or "", answered_by=row["answered_by"] or "", **values)
