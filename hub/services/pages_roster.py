"""A course's roster in the browser: look at it, bring a file in, add, change, remove, hand out first passwords.

What is done is `hub.services.rosters`', the same as for the command.
"""

from __future__ import annotations

from typing import Any

from tornado.web import HTTPError

from hub.courses import Role, may
from hub.exchange import Refused
from hub.roster import COLUMNS, as_csv
from hub.services import rosters, views
from hub.services.page import Page
from hub.services.state import PREFIX

LARGEST = 2 * 1024**2  # bytes of a roster


class RosterPage(Page):
    """Who is in the course; whoever leads it has the forms too."""

    async def get(self, course: str) -> None:
        self.need("read_roster", course)
        people = views.roster_view(self.state, course, await self.state.presence())
        self.show(
            "roster.html",
            course=course,
            title=views.title(self.state, course),
            people=people,
            leads=may(self.person, "change_roster", course),
            roles=list(Role),
            waiting=sum(person["waits"] for person in people),
        )


class RosterImport(Page):
    """Bring a file in: first only look, then do it."""

    async def post(self, course: str) -> None:
        self.need("change_roster", course)
        text, keep = self._given(), self.get_argument("step", "look") == "do"
        remove_missing = keep and self.get_argument("remove_missing", "") == "yes"
        async with self.state.roster_changes:
            told = await rosters.bring_in(
                self.state, course, text, keep=keep, remove_missing=remove_missing, by=self.person
            )
            for one in told.passwords:
                await rosters.set_first_password(self.state, one["name"], one["password"])
        title = views.title(self.state, course)
        self.show("roster_outcome.html", course=course, title=title, told=told, keep=keep, text=text)

    def _given(self) -> str:
        """The roster's text, from a file or from the page before; raises Refused when there is none that can be read."""
        files = self.request.files.get("file", [])
        content = files[0]["body"] if files else self.get_argument("csv", "", strip=False).encode()
        if not content.strip():
            raise Refused("No file was chosen, or it is empty. Go back and choose the roster's CSV file.")
        if len(content) > LARGEST:
            raise Refused("This file is too large for a roster. Go back and choose the roster's CSV file.")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Refused("This file is not UTF-8 text. Save it again as CSV (UTF-8), then choose it again.") from None


class RosterAdd(Page):
    """Add one person, or change one: the same as a file of one row."""

    async def post(self, course: str) -> None:
        self.need("change_roster", course)
        row = {column: self.get_argument(column, "") for column in COLUMNS}
        if row["name"].strip().lower() == self.person.name and not self.person.admin:
            raise Refused(
                "You cannot change your own place on the roster. Another instructor or the administrator can."
            )
        async with self.state.roster_changes:
            told = await rosters.bring_in(self.state, course, as_csv([row]), keep=True, by=self.person)
            if told.mistakes:
                raise Refused(f"Nothing was changed: {told.mistakes[0].message}.")
            for one in told.passwords:
                await rosters.set_first_password(self.state, one["name"], one["password"])
        if told.passwords:
            return hand_out(self, course, list(told.passwords))
        return self.redirect(f"{PREFIX}{course}/roster")


class RosterRemove(Page):
    """Take somebody off the roster, after a question."""

    async def post(self, course: str) -> None:
        self.need("change_roster", course)
        name = self.get_argument("name")
        member = member_of(self, course, name)
        if name == self.person.name:
            raise Refused("You cannot remove yourself. Another instructor or the administrator can.")
        if self.get_argument("sure", "") != "yes":
            title = views.title(self.state, course)
            return self.show("roster_remove.html", course=course, title=title, member=member)
        await rosters.remove(self.state, course, name)
        return self.redirect(f"{PREFIX}{course}/roster")


class NewPassword(Page):
    """Give somebody of the course a new first password, or one to everybody whose first one still waits; shown once."""

    async def post(self, course: str) -> None:
        self.need("reset_password", course)
        name = self.get_argument("name", "")
        members = [member_of(self, course, name)] if name else self.waiting(course)
        told = [
            rosters.proposed(member["name"], member["full_name"]) for member in members if self.need_student(member)
        ]
        async with self.state.roster_changes:
            for one in told:
                await rosters.set_first_password(self.state, one["name"], one["password"])
        hand_out(self, course, told)

    def waiting(self, course: str) -> list[dict[str, Any]]:
        found = [one for one in self.state.members.of(course) if one["waits"] and one["role"] == Role.STUDENT]
        if not found:
            raise Refused("Everybody has a password of their own by now.")
        return found

    def need_student(self, member: dict[str, Any]) -> bool:
        """Raises HTTPError for staff of any course: whoever could set their password could be them."""
        other = self.state.person(member["name"])
        if other is None or other.admin or any(role != Role.STUDENT for role in other.courses.values()):
            raise HTTPError(403, reason="Only students get a new password here; for staff ask the administrator.")
        return True


def member_of(page: Page, course: str, name: str) -> dict[str, Any]:
    found = next((row for row in page.state.members.of(course) if row["name"] == name), None)
    if found is None:
        raise HTTPError(404, reason=f"'{name}' is not on the roster of this course.")
    return found


def hand_out(page: Page, course: str, passwords: list[dict[str, str]]) -> None:
    """The page of first passwords, to be printed."""
    page.show(
        "first_passwords.html",
        course=course,
        title=views.title(page.state, course),
        passwords=passwords,
        url=page.state.settings.url,
    )


HANDLERS = (
    ("roster", RosterPage),
    ("roster/import", RosterImport),
    ("roster/add", RosterAdd),
    ("roster/remove", RosterRemove),
    ("new-password", NewPassword),
)
