"""Signing in, the hub's questions about people, and the command's rosters."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime
from typing import Any

from tornado.web import HTTPError

from hub import ends
from hub.courses import Person, may, why_not
from hub.exchange import announcement
from hub.passwords import LONGEST, delay_seconds, verify
from hub.services import gpus, rosters
from hub.services.api import Api
from hub.services.state import State

WAITING_AT_MOST = 5  # guesses for one name from one address at the same time; each waits 10 s at most
_turns: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
_waiting: defaultdict[tuple[str, str], int] = defaultdict(int)


def as_data(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "full_name": person.full_name,
        "student_id": person.student_id,
        "must_change": person.must_change,
        "admin": person.admin,
        "courses": {course: str(role) for course, role in person.courses.items()},
    }


class Login(Api):
    """Whether a name and a password belong together; wrong guesses wait, one at a time for a name and an address."""

    async def post(self) -> None:
        self.need("hub")
        asked = self.body()
        name, password = str(asked.get("name", "")).strip().lower()[:200], str(asked.get("password", ""))
        address = str(asked.get("address", ""))[:64]
        turn = (name, address)
        if _waiting[turn] >= WAITING_AT_MOST:
            return self.refuse(
                429, "There are too many attempts at once. Wait ten seconds and try again.", retry_seconds=10
            )
        _waiting[turn] += 1
        try:
            async with _turns[turn]:
                right = await self._check(name, password, address)
        finally:
            _waiting[turn] -= 1
            if not _waiting[turn]:
                _turns.pop(turn, None)
                _waiting.pop(turn, None)
        if not right:
            return self.refuse(403, "Name and password do not belong together. Look at capital letters, and try again.")
        person = self.state.person(name)
        return self.answer({"name": name, "must_change": bool(person and person.must_change)})

    async def _check(self, name: str, password: str, address: str) -> bool:
        store = self.state.store
        await asyncio.sleep(delay_seconds(store.wrong_guesses(name, address, self.state.now())))
        kept = store.kept_password(name)
        right = len(password) <= LONGEST and await asyncio.to_thread(verify, kept, password)
        if right:
            store.forget_guesses(name, address)
        else:
            store.note_guess(name, address, self.state.now())
        return right


class SignIn(Api):
    """Who on the rosters somebody is whom a sign-in provider answers for; a first password waits for them no longer."""

    def post(self) -> None:
        self.need("hub")
        asked = self.body()
        kind, value = str(asked.get("kind", "")), str(asked.get("value", ""))[:200]
        store = self.state.store
        names = store.names_of_email(value) if kind == "email" else []
        if len(names) > 1:
            return self.refuse(
                403, f"More than one person on the rosters has the e-mail address {value}. Tell your instructor."
            )
        person = store.person(names[0] if names else value)
        if person is None or not (person.courses or person.admin):
            return self.refuse(
                403, f"'{value}' is on no roster. Ask your instructor to put you on the one of your course."
            )
        if person.must_change:
            store.set_password(person.name, None, must_change=False)
        return self.answer({"name": person.name})


class People(Api):
    def get(self, name: str) -> None:
        self.need("hub", "command")
        person = self.state.person(name)
        if person is None:
            raise HTTPError(404, reason=f"Nobody is called '{name}'.")
        self.answer(as_data(person))


class May(Api):
    """Whether a person may have a server of a course, the sentence they read if not, and whether the last start failed."""

    def get(self) -> None:
        self.need("hub")
        name, verb, course = (self.get_argument(word) for word in ("person", "verb", "course"))
        server = course if verb == "work" else f"{verb}-{course}"
        last = self.state.store.last_end(name, server)
        rescue = last is not None and last["reason"] == "start"
        self.answer({**judge(self.state, name, verb, course), "rescue": rescue})


def judge(state: State, name: str, verb: str, course: str) -> dict[str, Any]:
    person = state.person(name)
    if person is None:
        return {"may": False, "why": "You are on no roster. Ask your instructor to put you on the one of your course."}
    if course not in state.settings.courses:
        return {"may": False, "why": f"There is no course '{course}'. Open your courses page and choose from there."}
    if person.must_change:
        return {"may": False, "why": "Set a password of your own first: open your courses page."}
    if verb == "gpu" and not state.settings.lends_to(course):
        return {"may": False, "why": "This course has no GPUs. Open it without one from your courses page."}
    if not may(person, {"grade": "look", "gpu": "work"}.get(verb, verb), course):
        return {"may": False, "why": why_not(person, course)}
    return {"may": True, "why": ""}


class ServerUnused(Api):
    """A server whose person did not answer has itself ended, so that the hub and the person know at once."""

    async def post(self) -> None:
        person, caller = await self._recognised()
        await self.state.end_server(person.name, caller.server, asked=ends.Asked.CULLER)
        self.set_status(204)


class ServerEnded(Api):
    """How a server ended: told by the hub, and by `campushub down` before it takes servers away."""

    def post(self) -> None:
        self.need("hub", "command")
        told = self.body()
        started = told.get("started")
        self.state.store.note_end(
            person=str(told["person"]),
            server=str(told["server"]),
            reason=str(told["reason"]),
            exit_code=told.get("exit_code"),
            log=ends.readable(str(line) for line in told.get("log", ())),
            at=datetime.fromisoformat(told["at"]),
            started=datetime.fromisoformat(started) if started else None,
        )
        person, server, at = str(told["person"]), str(told["server"]), datetime.fromisoformat(told["at"])
        gpus.server_ended(self.state, person, server, str(told["reason"]), at)
        self.set_status(204)


class Roster(Api):
    """Bring a roster in. For those who have no password yet the answer proposes one, which `FirstPasswords` then sets."""

    async def post(self, course: str) -> None:
        self.need("command")
        self.need_course(course)
        asked = self.body()
        told = await rosters.bring_in(
            self.state,
            course,
            str(asked.get("csv", "")),
            keep=not asked.get("dry_run"),
            remove_missing=bool(asked.get("remove_missing")),
        )
        self.answer(told.as_data())

    async def get(self, course: str) -> None:
        if self.state.secrets.is_token(self.token, "command"):
            self.need_course(course)
        else:
            await self.need_staff(course, "read_roster")
        self.answer({"people": self.state.members.of(course)})


class RosterRemoval(Api):
    async def post(self, course: str) -> None:
        self.need("command")
        self.need_course(course)
        await rosters.remove(self.state, course, str(self.body().get("name", "")))
        self.set_status(204)


class Announce(Api):
    """Tell something to one course, or to every one."""

    def post(self) -> None:
        self.need("command")
        asked = self.body()
        course, text = asked.get("course"), announcement(str(asked.get("text", "")))
        if course is not None:
            self.need_course(str(course))
        for key in [str(course)] if course is not None else self.state.settings.courses:
            self.state.announcements.announce(key, "administrator", text, self.state.now())
        self.set_status(204)


class Admins(Api):
    """See that every administrator of the settings is known; passwords are proposed for those who have none."""

    def post(self) -> None:
        self.need("command")
        new = [name for name in self.state.settings.admins if self.state.store.add_person(name)]
        self.answer({"passwords": [rosters.proposed(name, name) for name in new]})


class FirstPasswords(Api):
    """Set first passwords that the command has written down; whoever has a password by now keeps it."""

    async def post(self) -> None:
        self.need("command")
        asked = self.body().get("passwords")
        if not isinstance(asked, dict):
            raise HTTPError(400, reason="Passwords are needed, by name.")
        for name, password in asked.items():
            if self.state.store.kept_password(name) is None:
                await rosters.set_first_password(self.state, name, str(password))
        self.set_status(204)
