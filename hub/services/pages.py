"""What people see in a browser beside JupyterLab: their courses, receipts, feedback, and for staff who has submitted.

Signed in through the hub (OAuth). Every page asks `courses.may` before it shows anything of a course.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from tornado.web import HTTPError, StaticFileHandler

from hub.courses import may
from hub.exchange import announcement
from hub.passwords import hash_password, password_problem, verify
from hub.regrades import LONGEST_TEXT
from hub.results import seen
from hub.services import (
    pages_board,
    pages_downloads,
    pages_export,
    pages_gpus,
    pages_hand_in,
    pages_help,
    pages_leases,
    pages_marks,
    pages_requests,
    pages_roster,
    pages_rules,
    views,
)
from hub.services.outlook import given_back
from hub.services.page import SOMEBODYS, Page
from hub.services.state import ACCESS, PREFIX, State

COURSE_PAGES = (
    pages_roster,
    pages_rules,
    pages_board,
    pages_downloads,
    pages_hand_in,
    pages_export,
    pages_marks,
    pages_requests,
    pages_gpus,
    pages_leases,
)


class Home(Page):
    async def get(self) -> None:
        running = await self.running()
        mine = [key for key in self.state.settings.courses if may(self.person, "see", key)]
        cards = [views.course_card(self.state, self.person, key, running) for key in mine]
        earlier = [card for card in cards if card.archived]
        self.show("home.html", courses=[card for card in cards if not card.archived], earlier=earlier)


class Course(Page):
    async def get(self, course: str) -> None:
        self.need("see", course)
        card = views.course_card(self.state, self.person, course, await self.running())
        staff = views.staff_view(self.state, course) if may(self.person, "see_submissions", course) else None
        grades, leads = (may(self.person, verb, course) for verb in ("grade", "hand_in_for"))
        self.show("course.html", course=card, staff=staff, grades=grades, leads=leads)


class Grade(Page):
    """Ask the grader to collect and grade all that is new of one assignment."""

    async def post(self, course: str) -> None:
        self.need("grade", course)
        name = self.get_argument("assignment")
        if self.state.work.assignment(course, name) is None:
            raise HTTPError(404, reason=f"There is no assignment '{name}' in this course.")
        self.state.jobs.add(
            course=course, assignment=name, student_id=None, verb="grade", person=self.person.name, at=self.state.now()
        )
        self.redirect(f"{PREFIX}{course}/")


class StopGrading(Page):
    """Have grading end once what is under way is done."""

    async def post(self, course: str) -> None:
        self.need("grade", course)
        self.state.jobs.stop(course, self.get_argument("assignment"))
        self.redirect(f"{PREFIX}{course}/")


class Announcement(Page):
    """What the course is told now: for its tabs in JupyterLab as JSON, and to be changed by its staff."""

    async def get(self, course: str) -> None:
        self.need("see", course)
        told = self.state.announcements.current(course)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(told.as_data() if told else {}))

    async def post(self, course: str) -> None:
        self.need("announce", course)
        text = announcement(self.get_argument("text", ""))
        self.state.announcements.announce(course, self.person.name, text, self.state.now())
        self.redirect(f"{PREFIX}{course}/")


class Password(Page):
    before_password = True

    async def get(self) -> None:
        self.show("password.html", problem=None)

    async def post(self) -> None:
        new, again = self.get_argument("new", "", strip=False), self.get_argument("again", "", strip=False)
        kept = self.state.store.kept_password(self.person.name)
        if self._asked_for_no_old_one() and await asyncio.to_thread(verify, kept, new):
            return self.redirect(PREFIX)  # sent twice, and done the first time
        problem = password_problem(new, again)
        if problem is None and not self.person.must_change:
            old = self.get_argument("old", "", strip=False)
            if not await asyncio.to_thread(verify, kept, old):
                problem = "The old password is not right."
        if problem is None and await asyncio.to_thread(verify, kept, new):
            problem = "Take a password that is not the one you have now."
        if problem is not None:
            self.set_status(422)
            return self.show("password.html", problem=problem)
        hashed = await asyncio.to_thread(hash_password, new)
        self.state.store.set_password(self.person.name, hashed, must_change=False)
        return self.redirect(PREFIX)

    def _asked_for_no_old_one(self) -> bool:
        """Whether the form was shown while the first password counted, which it does no longer."""
        return self.get_argument("old", None) is None and not self.person.must_change


class ReceiptPage(Page):
    async def get(self, identity: str) -> None:
        receipt = self.state.work.receipt(identity)
        if receipt is None:
            raise HTTPError(404, reason="There is no such receipt.")
        if receipt.person != self.person.name:
            self.need("see_submissions", receipt.course)
        attempts = self.state.work.receipts(receipt.course, person=receipt.person, name=receipt.assignment)
        standings = self.state.rulebook.standings(receipt.course, attempts)
        now = next(one for one in standings if one.receipt.submission == identity)
        rules = self.state.rulebook.of(receipt.course, receipt.assignment)
        result = self.state.results.of([identity]).get(identity)
        mine = receipt.person == self.person.name
        self.show(
            "receipt.html",
            result=seen(result, rules.shows) if mine else result,
            receipt=receipt,
            standing=now,
            counts=next(one.receipt.attempt for one in standings if one.counts),
            back=given_back(self.state, [now]).get(identity),
            asked=await pages_requests.asked_of(self, receipt),
            longest=LONGEST_TEXT,
            title=views.title(self.state, receipt.course),
        )


class FeedbackFile(Page):
    """A file of feedback: made from what students wrote, so it may do nothing at all in the reader's browser."""

    async def get(self, identity: str, path: str) -> None:
        receipt = self.state.work.receipt(identity)
        back = self.state.work.feedback([identity]).get(identity)
        if receipt is None or back is None or path not in [file.path for file in back.files]:
            raise HTTPError(404, reason="There is no such feedback.")
        if receipt.person != self.person.name:
            self.need("see_submissions", receipt.course)
        self.set_header("Content-Security-Policy", SOMEBODYS)
        kind = "text/html; charset=utf-8" if path.endswith(".html") else "application/octet-stream"
        self.set_header("Content-Type", kind)
        content = self.state.work.blobs.file("feedback", back.folder, path)
        self.finish(await asyncio.to_thread(content.read_bytes))


def sign_in(state: State) -> HubOAuth:
    """How a person is known to the pages: signed in at the hub."""
    return HubOAuth(
        api_url=state.hub_api,
        api_token=state.secrets.read("service"),
        base_url=PREFIX,
        oauth_client_id="service-courses",
        oauth_redirect_uri=f"{PREFIX}oauth_callback",
        access_scopes={ACCESS},
        cache_max_age=30,
    )


def handlers(state: State) -> list[Any]:
    """Every page's address. The order matters: a course may not be called like a page."""
    hub_auth = sign_in(state)
    given = {"state": state, "hub_auth": hub_auth}
    static = {"path": str(views.STATIC)}
    name = r"([a-z][a-z0-9-]*)"
    return [
        (rf"{PREFIX}oauth_callback", Callback, {"hub_auth": hub_auth}),
        (rf"{PREFIX}static/(.*)", StaticFileHandler, static),
        (PREFIX, Home, given),
        (rf"{PREFIX}password", Password, given),
        *((rf"{PREFIX}{path}", handler) for path, handler in pages_help.HANDLERS),
        (rf"{PREFIX}receipts/([0-9a-f]+)", ReceiptPage, given),
        (rf"{PREFIX}receipts/([0-9a-f]+)/ask", pages_requests.AskAgain, given),
        (rf"{PREFIX}feedback/([0-9a-f]+)/(.+)", FeedbackFile, given),
        (rf"{PREFIX}{name}/", Course, given),
        (rf"{PREFIX}{name}/grade", Grade, given),
        (rf"{PREFIX}{name}/grade/stop", StopGrading, given),
        (rf"{PREFIX}{name}/announcement", Announcement, given),
        *((rf"{PREFIX}{name}/{path}", handler, given) for pages in COURSE_PAGES for path, handler in pages.HANDLERS),
        (r".*", Missing, given),
    ]


class Callback(HubOAuthCallbackHandler):  # type: ignore[misc]
    def initialize(self, hub_auth: HubOAuth) -> None:
        self.hub_auth = hub_auth


class Missing(Page):
    async def get(self) -> None:
        raise HTTPError(404, reason="There is no such page.")
