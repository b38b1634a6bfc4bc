"""What every handler of the service's API does: know who asks, answer in JSON, turn refusals into sentences."""

from __future__ import annotations

import json
import logging
from typing import Any

from tornado.web import HTTPError, RequestHandler

from hub.adapters.blobs import DiskNearlyFull
from hub.courses import Person, may, why_not
from hub.exchange import Refused
from hub.handed_in import Unconfirmed
from hub.services.state import Caller, HubSilent, State
from hub.trouble import Trouble

log = logging.getLogger("campushub.service")


class Api(RequestHandler):
    """One request of a machine: a server, the hub, the grader or the command."""

    state: State

    def initialize(self, state: State) -> None:
        self.state = state

    def check_xsrf_cookie(self) -> None:
        """Tokens in a header are not sent by a browser on its own."""

    @property
    def token(self) -> str:
        kind, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() in ("token", "bearer") else ""

    def answer(self, data: Any, status: int = 200) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(data, default=str))

    def refuse(self, status: int, sentence: str, **more: Any) -> None:
        self.answer({"error": sentence, **more}, status)

    def body(self) -> dict[str, Any]:
        """The request's JSON object."""
        try:
            found = json.loads(self.request.body or b"{}")
        except ValueError:
            raise HTTPError(400, reason="This is not JSON.") from None
        if not isinstance(found, dict):
            raise HTTPError(400, reason="A JSON object is needed.")
        return found

    def need(self, *words: str) -> str:
        """Go on only for one of CampusHub's own parts."""
        for word in words:
            if self.token and self.state.secrets.is_token(self.token, word):
                return word
        raise HTTPError(403, reason="This is for CampusHub's own parts.")

    def need_course(self, course: str) -> None:
        """Go on only for a course of the settings, when the command asks."""
        if course not in self.state.settings.courses:
            known = ", ".join(self.state.settings.courses) or "none"
            raise HTTPError(404, reason=f"There is no course '{course}' in the settings. There is: {known}.")

    async def need_member(self, course: str, verb: str) -> Person:
        """The person of a server's token, if they may do this in the course."""
        person, _ = await self._recognised()
        self._need_may(person, verb, course)
        return person

    async def need_staff(self, course: str, verb: str) -> str:
        """The name of whoever asks: the grader, or a person from their server grade-COURSE who may do this."""
        if self.token and self.state.secrets.is_token(self.token, "grader"):
            return "grader"
        person, caller = await self._recognised()
        self._need_may(person, verb, course)
        if not caller.grades(course):
            raise HTTPError(
                403, reason=f"This can be done from the grading server of '{course}' only; open it by Grade."
            )
        return person.name

    async def _recognised(self) -> tuple[Person, Caller]:
        caller = await self.state.caller(self.token) if self.token else None
        person = self.state.person(caller.name) if caller else None
        if caller is None or person is None:
            raise HTTPError(
                403, reason="This server is not recognised. Stop it and open it again from your courses page."
            )
        return person, caller

    def _need_may(self, person: Person, verb: str, course: str) -> None:
        if course not in self.state.settings.courses:
            raise HTTPError(404, reason=f"There is no course '{course}' any more. Ask its instructor.")
        if not may(person, verb, course):
            raise HTTPError(403, reason=why_not(person, course))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        match error:
            case HTTPError(reason=str(reason)):
                self.refuse(status_code, reason)
            case DiskNearlyFull():
                self.refuse(507, str(error))
            case Unconfirmed():
                self.refuse(409, str(error), **error.as_data())
            case Refused():
                self.refuse(422, str(error))
            case HubSilent():
                self.refuse(503, str(error))
            case Trouble():
                self.refuse(400, str(error))
            case _:
                self.refuse(
                    status_code, "Something went wrong on the server. Try again; if it stays, tell your instructor."
                )

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, HTTPError | Refused | Trouble):
            super().log_exception(typ, value, tb)


class Health(Api):
    def get(self) -> None:
        self.state.store.person("nobody")
        self.answer({"ok": True, "grader": self.state.grader_is_there()})
