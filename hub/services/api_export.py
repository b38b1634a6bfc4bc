"""A course's marks for the command."""

from __future__ import annotations

from hub.services import exports
from hub.services.api import Api


class Marks(Api):
    async def get(self, course: str) -> None:
        self.need("command")
        self.need_course(course)
        self.answer({"csv": await exports.marks_csv(self.state, course, by="command")})
