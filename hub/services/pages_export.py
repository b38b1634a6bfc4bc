"""Marks and feedback as files for a course's staff."""

from __future__ import annotations

import asyncio
from datetime import datetime

from hub.moments import for_field
from hub.services import exports
from hub.services.page import Page


class Marks(Page):
    """The marks of the course as a CSV file."""

    async def get(self, course: str) -> None:
        self.need("see_submissions", course)
        text = await exports.marks_csv(self.state, course, by=self.person.name)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{course}-marks-{self._day()}.csv"')
        self.finish(text)

    def _day(self) -> str:
        now: datetime = self.state.now()
        return for_field(now, self.state.settings.timezone)[:10]


class FeedbackZip(Page):
    """The feedback of the course, or of one person of it, as a zip."""

    async def get(self, course: str) -> None:
        self.need("see_submissions", course)
        person = self.get_argument("person", "") or None
        pieces = await asyncio.to_thread(exports.feedback_zip, self.state, course, person=person)
        self.set_header("Content-Type", "application/zip")
        who = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in person or "all")
        self.set_header("Content-Disposition", f'attachment; filename="{course}-feedback-{who}.zip"')
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            if piece:
                self.write(piece)
                await self.flush()


HANDLERS = (("marks.csv", Marks), ("feedback.zip", FeedbackZip))
