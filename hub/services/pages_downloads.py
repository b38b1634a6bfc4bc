"""What a course's material would fetch from outside, for its staff: what is there, what is not, and what to do."""

from __future__ import annotations

from hub import course_downloads
from hub.downloads.lines import checksum_commands, data_lines
from hub.services import views
from hub.services.page import Page


class Downloads(Page):
    async def get(self, course: str) -> None:
        self.need("look", course)
        settings = self.state.settings
        commit, look = await self.state.looks.at_material(settings, course)
        checked = course_downloads.check(course, look, course_downloads.provided(settings, course))
        verdicts = checked.verdicts
        self.show(
            "downloads.html",
            course=course,
            title=views.title(self.state, course),
            commit=commit[:10],
            branch=settings.courses[course].branch,
            checked=checked,
            there=[one for one in verdicts if one.there],
            lines=data_lines(course, verdicts),
            commands=checksum_commands(verdicts),
        )


HANDLERS = ((r"downloads", Downloads),)
