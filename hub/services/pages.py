"""What people see in a browser beside JupyterLab: their courses, receipts, feedback, and for staff who has submitted.

Signed in through the hub (OAuth). Every page asks `courses.may` before it shows anything of a course.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from hub.courses import Person, may, why_not
from hub.exchange import Refused
from hub.passwords import first_password, hash_password, password_problem, verify
from hub.services import views
from hub.services.api_accounts import set_first_password
from hub.services.state import ACCESS, PREFIX, State
from hub.trouble import Trouble

OWN = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SOMEBODYS = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Page(HubOAuthenticated, RequestHandler):  # type: ignore[misc]  # JupyterHub's class has no types
    """One page of a person who is signed in."""

    before_password = False  # whether it can be seen before the first password was changed

    def initialize(self, state: State, hub_auth: HubOAuth) -> None:
        self.state = state
        self.hub_auth = hub_auth

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", OWN)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")

    async def prepare(self) -> None:
        user = await self.hub_auth.get_user(self, sync=False)
        if not user or ACCESS not in user.get("scopes", ()):
            if self.request.method != "GET":
                raise HTTPError(403, reason="You are signed out. Open your courses page and sign in again.")
            self.redirect(self.get_login_url())
            return
        person = self.state.person(user["name"])
        if person is None:
            raise HTTPError(
                403, reason="You are on no roster. Ask your instructor to put you on the one of your course."
            )
        self.person: Person = person
        if person.must_change and not self.before_password:
            self.redirect(f"{PREFIX}password")

    def need(self, verb: str, course: str) -> None:
        if course not in self.state.settings.courses:
            raise HTTPError(404, reason=f"There is no course '{course}'.")
        if not may(self.person, verb, course):
            raise HTTPError(403, reason=why_not(self.person, course))

    async def running(self) -> set[str]:
        """The names of the person's servers that run now."""
        user = await self.state.ask_hub(f"users/{quote(self.person.name)}")
        return {name for name, server in (user or {}).get("servers", {}).items() if server.get("ready")}

    def show(self, template: str, **values: Any) -> None:
        moment = views.moment_in(self.state.settings.timezone)
        self.render(template, person=self.person, prefix=PREFIX, moment=moment, quote=quote, **values)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        sentence = "Something went wrong on the server. Try again; if it stays, tell your instructor."
        match error:
            case HTTPError(reason=str(reason)):
                sentence = reason
            case HTTPError(log_message=str(reason)) if status_code < 500:
                sentence = reason
            case Refused() | Trouble():
                self.set_status(409)
                sentence = str(error)
        self.render("error.html", sentence=sentence, prefix=PREFIX, person=getattr(self, "person", None))


class Home(Page):
    async def get(self) -> None:
        running = await self.running()
        courses = [views.course_card(self.state, self.person, key, running) for key in self.my_courses()]
        self.show("home.html", courses=courses)

    def my_courses(self) -> list[str]:
        mine = self.state.settings.courses if self.person.admin else self.person.courses
        return [key for key in self.state.settings.courses if key in mine]


class Course(Page):
    async def get(self, course: str) -> None:
        self.need("work", course)
        card = views.course_card(self.state, self.person, course, await self.running())
        staff = views.staff_view(self.state, course) if may(self.person, "see_submissions", course) else None
        self.show("course.html", course=card, staff=staff, leads=may(self.person, "reset_password", course))


class Grade(Page):
    """Ask the grader to collect and grade all that is new of one assignment."""

    async def post(self, course: str) -> None:
        self.need("grade", course)
        name = self.get_argument("assignment")
        if self.state.work.assignment(course, name) is None:
            raise HTTPError(404, reason=f"There is no assignment '{name}' in this course.")
        self.state.store.add_job(
            course=course, assignment=name, student_id=None, verb="grade", person=self.person.name, at=self.state.now()
        )
        self.redirect(f"{PREFIX}{course}/")


class NewPassword(Page):
    """Give somebody of the course a new first password, shown once."""

    async def post(self, course: str) -> None:
        self.need("reset_password", course)
        name = self.get_argument("name")
        member = next((row for row in self.state.store.people_of(course) if row["name"] == name), None)
        other = self.state.person(name)
        if member is None or other is None:
            raise HTTPError(404, reason=f"'{name}' is not on the roster of this course.")
        if member["role"] != "student" or other.admin or any(role != "student" for role in other.courses.values()):
            raise HTTPError(403, reason="Only students get a new password here; for staff ask the administrator.")
        password = first_password()
        await set_first_password(self.state, name, password)
        self.show("new_password.html", member=member, password=password, course=course)


class Password(Page):
    before_password = True

    async def get(self) -> None:
        self.show("password.html", problem=None)

    async def post(self) -> None:
        new, again = self.get_argument("new", "", strip=False), self.get_argument("again", "", strip=False)
        kept = self.state.store.kept_password(self.person.name)
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


class ReceiptPage(Page):
    async def get(self, identity: str) -> None:
        receipt = self.state.work.receipt(identity)
        if receipt is None:
            raise HTTPError(404, reason="There is no such receipt.")
        if receipt.person != self.person.name:
            self.need("see_submissions", receipt.course)
        back = self.state.work.feedback([identity]).get(identity)
        self.show("receipt.html", receipt=receipt, back=back, title=views.title(self.state, receipt.course))


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


def handlers(state: State) -> list[Any]:
    """Every page's address. The order matters: a course may not be called like a page."""
    hub_auth = HubOAuth(
        api_url=state.hub_api,
        api_token=state.secrets.read("service"),
        base_url=PREFIX,
        oauth_client_id="service-courses",
        oauth_redirect_uri=f"{PREFIX}oauth_callback",
        access_scopes={ACCESS},
        cache_max_age=30,
    )
    given = {"state": state, "hub_auth": hub_auth}
    static = {"path": str(views.STATIC)}
    name = r"([a-z][a-z0-9-]*)"
    return [
        (rf"{PREFIX}oauth_callback", Callback, {"hub_auth": hub_auth}),
        (rf"{PREFIX}static/(.*)", StaticFileHandler, static),
        (PREFIX, Home, given),
        (rf"{PREFIX}password", Password, given),
        (rf"{PREFIX}receipts/([0-9a-f]+)", ReceiptPage, given),
        (rf"{PREFIX}feedback/([0-9a-f]+)/(.+)", FeedbackFile, given),
        (rf"{PREFIX}{name}/", Course, given),
        (rf"{PREFIX}{name}/grade", Grade, given),
        (rf"{PREFIX}{name}/new-password", NewPassword, given),
        (r".*", Missing, given),
    ]


class Callback(HubOAuthCallbackHandler):  # type: ignore[misc]
    def initialize(self, hub_auth: HubOAuth) -> None:
        self.hub_auth = hub_auth


class Missing(Page):
    async def get(self) -> None:
        raise HTTPError(404, reason="There is no such page.")
