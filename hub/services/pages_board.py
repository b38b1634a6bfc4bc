"""The board of an assignment while students work: who has fetched, opened and submitted it, and what was graded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tornado.web import HTTPError

from hub.exchange import Receipt
from hub.results import Result
from hub.services import views
from hub.services.page import Page
from hub.services.state import State


@dataclass(frozen=True)
class Row:
    """One student. `receipt` is their last attempt, `result` what the grader gave that one by itself."""

    name: str
    full_name: str
    section: str
    fetched: datetime | None
    opened: datetime | None
    receipt: Receipt | None
    result: Result | None


def rows(state: State, course: str, name: str) -> list[Row]:
    """Every student of a course, and whoever else has handed the assignment in."""
    fetched, opened = state.members.fetched(course), state.members.opened(course, name)
    receipts = {receipt.person: receipt for receipt in state.work.receipts(course, name=name)}
    results = state.results.of(receipt.submission for receipt in receipts.values())
    return [
        Row(
            name=one["name"],
            full_name=one["full_name"],
            section=one["section"],
            fetched=fetched.get((name, one["name"])),
            opened=opened.get(one["name"]),
            receipt=receipts.get(one["name"]),
            result=results.get(receipts[one["name"]].submission) if one["name"] in receipts else None,
        )
        for one in state.members.of(course)
        if one["role"] == "student" or one["name"] in receipts
    ]


class Board(Page):
    async def get(self, course: str, name: str) -> None:
        self.need("see_submissions", course)
        if self.state.work.assignment(course, name) is None:
            raise HTTPError(404, reason=f"There is no assignment '{name}' in this course.")
        found = rows(self.state, course, name)
        steps = {
            "fetched": sum(row.fetched is not None for row in found),
            "opened": sum(row.opened is not None for row in found),
            "submitted": sum(row.receipt is not None for row in found),
            "graded": sum(row.result is not None for row in found),
        }
        title = views.title(self.state, course)
        self.show("board.html", course=course, title=title, name=name, rows=found, steps=steps)


HANDLERS = ((r"assignments/([^/]+)/board", Board),)
