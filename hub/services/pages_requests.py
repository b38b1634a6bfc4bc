"""Asking for another look at a question, on the receipt of what was graded, and the staff's page of what is asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from tornado.web import HTTPError

from hub.adapters.regrades import Request
from hub.courses import may
from hub.exchange import Receipt, Refused, read_notebook
from hub.regrades import LONGEST_TEXT, ReleasedQuestion, questions_of, words
from hub.results import seen
from hub.services import views
from hub.services.page import Page
from hub.services.state import PREFIX, State

MOST_ANSWERED = 200  # of which the answers stand on the staff's page


@dataclass(frozen=True)
class Asked:
    """A question of a receipt with what was asked about it, newest first; `can_ask` says whether more can be now."""

    question: ReleasedQuestion
    requests: tuple[Request, ...]
    can_ask: bool


def questions(state: State, course: str, name: str) -> tuple[ReleasedQuestion, ...]:
    """The questions of an assignment as it is handed out now; none when it is not."""
    found = state.work.assignment(course, name)
    if found is None or found.release is None:
        return ()
    told: list[ReleasedQuestion] = []
    for path in sorted(file.path for file in found.files if file.path.endswith(".ipynb")):
        content = state.work.blobs.file("releases", found.release, path).read_bytes()
        try:
            told += questions_of(path, read_notebook(path, content))
        except Refused:
            continue  # no notebook that could be graded
    return tuple(told)


def graded(state: State, receipt: Receipt) -> bool:
    """Whether a student has something to ask about: feedback, or points that are shown at once."""
    if state.work.feedback([receipt.submission]):
        return True
    result = state.results.of([receipt.submission]).get(receipt.submission)
    return seen(result, state.rulebook.of(receipt.course, receipt.assignment).shows) is not None


async def asked_of(page: Page, receipt: Receipt) -> list[Asked]:
    """What stands below a receipt. Answers that their person reads here are not new any more."""
    state, own = page.state, page.person.name == receipt.person
    mine = state.regrades.of_person(receipt.course, receipt.person, receipt.assignment)
    shown = graded(state, receipt)
    listed = await asyncio.to_thread(questions, state, receipt.course, receipt.assignment) if shown else ()
    can_ask = own and may_ask(page, receipt.course)
    found = [Asked(one, _about(mine, one), can_ask) for one in listed]
    gone = {(one.notebook, one.cell): ReleasedQuestion(one.notebook, one.cell, 0) for one in mine}
    others = [one for key, one in gone.items() if key not in {(it.notebook, it.cell) for it in listed}]
    if own and (new := [one.number for one in mine if not one.open and one.seen_at is None]):
        state.regrades.note_seen(new, state.now())
    return found + [Asked(one, _about(mine, one), can_ask=False) for one in others]


def may_ask(page: Page, course: str) -> bool:
    return course in page.state.settings.courses and may(page.person, "ask_again", course)


def _about(mine: list[Request], question: ReleasedQuestion) -> tuple[Request, ...]:
    return tuple(one for one in mine if (one.notebook, one.cell) == (question.notebook, question.cell))


class AskAgain(Page):
    """A student's request about a question of a graded submission of their own."""

    async def post(self, identity: str) -> None:
        receipt = self.state.work.receipt(identity)
        if receipt is None:
            raise HTTPError(404, reason="There is no such receipt.")
        self.need("ask_again", receipt.course)
        if receipt.person != self.person.name:
            raise HTTPError(403, reason="This is somebody else's submission.")
        if not graded(self.state, receipt):
            raise Refused("This is not graded yet. Ask when you have your score.")
        text = words(self.get_argument("text", ""), "what should be looked at again, and why")
        wanted = (self.get_argument("notebook"), self.get_argument("cell"))
        listed = await asyncio.to_thread(questions, self.state, receipt.course, receipt.assignment)
        question = next((one for one in listed if (one.notebook, one.cell) == wanted), None)
        if question is None:
            raise HTTPError(404, reason="There is no such question in this assignment any more. Ask your instructor.")
        self.state.regrades.ask(receipt, question, text, self.state.now())
        self.redirect(f"{PREFIX}receipts/{identity}#questions")


class RequestsPage(Page):
    """What is asked in a course: the open ones first."""

    async def get(self, course: str) -> None:
        self.need("see_submissions", course)
        found = self.state.regrades.of_course(course, most_answered=MOST_ANSWERED)
        running = f"grade-{course}" in await self.running()
        self.show(
            "requests.html",
            course=course,
            title=views.title(self.state, course),
            waiting=[one for one in found if one.open],
            answered=[one for one in found if not one.open],
            answers=may(self.person, "answer_requests", course),
            longest=LONGEST_TEXT,
            marking=lambda one: marking_url(self.person.name, one, running=running),
        )


def marking_url(person: str, request: Request, *, running: bool) -> str:
    """Where this submission is marked: in the person's own grading server, which is opened first if need be."""
    server = f"grade-{request.course}"
    place = "/".join(quote(part, safe="") for part in (request.assignment, request.notebook, request.student_id))
    there = f"/user/{quote(person)}/{server}/formgrader/of/{place}"
    return there if running else f"/hub/spawn/{quote(person)}/{server}?next={quote('/hub' + there, safe='')}"


class Answer(Page):
    async def post(self, course: str) -> None:
        self.need("answer_requests", course)
        number = self.get_argument("number")
        if not number.isdecimal():
            raise HTTPError(400, reason="A request's number is needed.")
        text = words(self.get_argument("text", ""), "an answer")
        self.state.regrades.answer(course, int(number), text, self.person.name, self.state.now())
        self.redirect(f"{PREFIX}{course}/requests")


HANDLERS = (
    ("requests", RequestsPage),
    ("requests/answer", Answer),
)
