"""Changes of marks, told by formgrader and grader before they are kept in a gradebook."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tornado.web import HTTPError

from hub.mark_changes import changes_of
from hub.services.api import Api

LONGEST_KEY = 64  # characters


class Marks(Api):
    """One batch of changes. Answered only when it is in the log; the same key again changes nothing.

    What comes after `until` is not logged: whoever told it has given up, and the marks have stayed as they were.
    """

    async def put(self, course: str, key: str) -> None:
        person = await self.need_staff(course, "grade")
        who = "" if self.state.secrets.is_token(self.token, "grader") else person
        told, now = self.body(), self.state.now()
        if now > _moment(told.get("until")):
            raise HTTPError(409, reason="This came too late to be logged. If it stays, the machines' clocks differ.")
        changes = changes_of(told.get("changes"))
        self.state.mark_log.record(course, who, changes, batch=key[:LONGEST_KEY], now=now)
        self.set_status(204)


def _moment(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise HTTPError(400, reason="'until' has to be a time, as ISO 8601.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
