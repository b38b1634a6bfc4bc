"""What a course is told at the moment: one announcement at a time, the earlier ones kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from hub.adapters.store import Store
from hub.adapters.tables import announcements


@dataclass(frozen=True)
class Announcement:
    """One text for everybody in a course; `number` tells it from the one before."""

    number: int
    course: str
    person: str
    text: str
    at: datetime

    def as_data(self) -> dict[str, Any]:
        return {"number": self.number, "text": self.text, "at": self.at.isoformat()}


@dataclass(frozen=True)
class Announcements:
    """The announcements of every course."""

    store: Store

    def current(self, course: str) -> Announcement | None:
        query = sql.select(announcements).where(announcements.c.course == course, announcements.c.ended_at.is_(None))
        with self.store.begin() as connection:
            row = connection.execute(query.order_by(announcements.c.id.desc()).limit(1)).mappings().first()
        return Announcement(row["id"], row["course"], row["person"], row["text"], row["at"]) if row else None

    def announce(self, course: str, person: str, text: str, now: datetime) -> None:
        """Put a text in the place of the one before; an empty one only takes that away."""
        here = sql.and_(announcements.c.course == course, announcements.c.ended_at.is_(None))
        with self.store.begin() as connection:
            connection.execute(sql.update(announcements).where(here).values(ended_at=now))
            if text:
                connection.execute(sql.insert(announcements).values(course=course, person=person, text=text, at=now))
