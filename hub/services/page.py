"""What every page does: know who is signed in, ask before it shows anything of a course, speak in sentences."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from jupyterhub.services.auth import HubOAuth, HubOAuthenticated
from tornado.web import HTTPError, RequestHandler

from hub.courses import Person, may, why_not
from hub.exchange import Refused
from hub.moments import moment_in
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
        moment = moment_in(self.state.settings.timezone)
        self.render(
            template, person=self.person, prefix=PREFIX, moment=moment, quote=quote, now=self.state.now(), **values
        )

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
