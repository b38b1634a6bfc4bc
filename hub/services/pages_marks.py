"""The log of marks for a course's staff: newest first, by person and assignment, and as a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import urlencode

from hub.adapters.mark_log import Entry, Which
from hub.mark_changes import WORDS, Change, Kind
from hub.services import views
from hub.services.page import Page
from hub.services.state import PREFIX
from hub.spreadsheets import as_csv

ON_A_PAGE = 100
COLUMNS = ("when", "who", "student", "student_id", "assignment", "notebook", "question", "what", "from", "to")
GRADER = "automatic grading"


class Log(Page):
    """What of the log is asked for."""

    def which(self) -> Which:
        return Which(self.get_argument("person", ""), self.get_argument("assignment", ""))


class MarkLogPage(Log):
    async def get(self, course: str) -> None:
        self.need("read_mark_log", course)
        which, log = self.which(), self.state.mark_log
        number = self._page_number()
        count = log.count(course, which)
        self.show(
            "mark_log.html",
            course=course,
            title=views.title(self.state, course),
            entries=log.entries(course, which, first=(number - 1) * ON_A_PAGE, most=ON_A_PAGE),
            count=count,
            number=number,
            pages=-(-count // ON_A_PAGE),
            which=which,
            people=self.state.members.of(course),
            assignments=log.assignments(course),
            words=WORDS,
            grader=GRADER,
            link=lambda file, **more: f"{PREFIX}{course}/marks/{file}?{urlencode({**asdict(which), **more})}",
        )

    def _page_number(self) -> int:
        text = self.get_argument("page", "1")
        return min(max(int(text), 1), 10**6) if text.isdecimal() and len(text) < 8 else 1


class MarkLogFile(Log):
    """The same, all of it, as CSV."""

    async def get(self, course: str) -> None:
        self.need("read_mark_log", course)
        rows = [_row(entry) for entry in self.state.mark_log.entries(course, self.which())]
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{course}-mark-log.csv"')
        self.finish(as_csv(COLUMNS, rows))


def _row(entry: Entry) -> Sequence[str | float | None]:
    change = entry.change
    about = (entry.at.isoformat(timespec="seconds"), entry.who or GRADER, entry.student, change.student_id)
    return (*about, change.assignment, change.notebook, change.cell, WORDS[change.kind], *_values(change))


def _values(change: Change) -> tuple[str | float | None, ...]:
    if change.kind is Kind.COMMENT:
        return change.before, change.after
    return tuple(None if value is None else float(value) for value in (change.before, change.after))


HANDLERS = (
    ("marks/log", MarkLogPage),
    (r"marks/log\.csv", MarkLogFile),
)
