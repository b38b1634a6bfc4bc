"""Changes of marks, told by formgrader and grader before they are kept in a gradebook."""

from __future__ import annotations

from hub.mark_changes import changes_of
from hub.services.api import Api

LONGEST_KEY = 64  # characters


class Marks(Api):
    """One batch of changes. Answered only when it is in the log; the same key again changes nothing."""

    async def put(self, course: str, key: str) -> None:
        person = await self.need_staff(course, "grade")
        who = "" if self.state.secrets.is_token(self.token, "grader") else person
        changes = changes_of(self.body().get("changes"))
        self.state.mark_log.record(course, who, changes, batch=key[:LONGEST_KEY], now=self.state.now())
        self.set_status(204)
