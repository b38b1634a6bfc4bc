"""An assignment's rules and extensions in the browser: looked at by its staff, changed by who leads the course."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

from tornado.web import HTTPError

from hub import image_record
from hub.courses import Role, may
from hub.exchange import Refused
from hub.extensions import Extension, Kind
from hub.moments import for_field, from_field
from hub.rules import SECONDS, Counts, Late, Rules, Shows
from hub.services import views
from hub.services.dates import dates_moved
from hub.services.page import Page
from hub.services.state import PREFIX
from hub.values import parse_size, size_text

Word = TypeVar("Word", bound=StrEnum)
Number = TypeVar("Number", int, float)

LONGEST_REASON = 200
LATE = {
    Late.MARK: "taken and marked late",
    Late.PERCENT: "taken, loses % a day",
    Late.REFUSE: "refused",
}
COUNTS = {Counts.LAST: "the last", Counts.FIRST: "the first", Counts.BEST: "the best"}
SHOWS = {
    Shows.NOTHING: "nothing before feedback",
    Shows.SCORE: "their points, at once",
    Shows.MESSAGES: "points and what visible tests said, at once",
}


class Ruled(Page):
    """A page of one assignment that a course has or had."""

    def rules(self, course: str, name: str) -> Rules:
        found = self.state.rulebook.of_course(course).get(name)
        if found is None:
            raise HTTPError(404, reason=f"There is no assignment '{name}' in this course.")
        return found

    def changed(self, course: str, name: str) -> None:
        """Let the gradebook follow, and go back to the page."""
        dates_moved(self.state, course, name, by=self.person.name)
        self.redirect(f"{PREFIX}{course}/assignments/{quote(name, safe='')}?saved=1")

    def moment(self, word: str, told: str) -> datetime | None:
        """A time of the form; raises Refused for what is none."""
        try:
            return from_field(self.get_argument(word, ""), self.state.settings.timezone)
        except ValueError:
            raise Refused(f"'{told}' is not a date and a time. Go back and choose it again.") from None


class RulesPage(Ruled):
    """The rules of an assignment with its extensions; whoever leads the course has the forms too."""

    async def get(self, course: str, name: str) -> None:
        self.need("see_submissions", course)
        rules, settings = self.rules(course, name), self.state.settings
        people = self.state.members.of(course)
        self.show(
            "rules.html",
            course=course,
            title=views.title(self.state, course),
            name=name,
            rules=rules,
            sets=may(self.person, "set_rules", course),
            saved=bool(self.get_argument("saved", "")),
            field=lambda at: for_field(at, settings.timezone),
            words={"late": LATE, "counts": COUNTS, "shows": SHOWS},
            students=[one for one in people if one["role"] == Role.STUDENT],
            sections=sorted({one["section"] for one in people if one["section"]}),
            whom=lambda one: whom(one, people),
            memory=size_text(rules.memory) if rules.memory else "",
            usual={"seconds": settings.sandbox.seconds, "memory": size_text(settings.sandbox.memory)},
            most={"seconds": max(SECONDS[1], settings.sandbox.seconds)},
            images=sorted(set(self._images()) | ({rules.image} if rules.image else set())),
            usual_image=settings.courses[course].image,
        )

    def _images(self) -> Iterable[str]:
        return image_record.for_courses(image_record.read(self.state.settings.folders.images))


def whom(extension: Extension, people: list[dict[str, Any]]) -> str:
    """Whom an extension is for, as its reader knows them."""
    if extension.kind is Kind.SECTION:
        return f"Section {extension.who}"
    full = {one["name"]: one["full_name"] for one in people}
    return ", ".join(full.get(name, name) for name in extension.who.split())


class RulesChange(Ruled):
    """Keep the rules of the form."""

    async def post(self, course: str, name: str) -> None:
        self.need("set_rules", course)
        self.rules(course, name)
        found = Rules(
            due=self.moment("due", "Due"),
            opens_at=self.moment("opens_at", "Opens"),
            closes_at=self.moment("closes_at", "Closes"),
            late=self._one_of("late", Late),
            percent_a_day=self._number("percent_a_day", "Percent a day", float) or 0,
            attempts=self._number("attempts", "Attempts", int),
            counts=self._one_of("counts", Counts),
            shows=self._one_of("shows", Shows),
            reveals=self.get_argument("reveals", "") == "yes",
            seconds=self._number("seconds", "Seconds", int),
            memory=self._memory(course),
            image=self._image(),
        )
        self.state.rulebook.keep(course, name, found)
        self.changed(course, name)

    def _one_of(self, word: str, kind: type[Word]) -> Word:
        try:
            return kind(self.get_argument(word))
        except ValueError:
            raise HTTPError(400, reason=f"'{word}' has a value that the form does not have.") from None

    def _number(self, word: str, told: str, kind: type[Number]) -> Number | None:
        text = self.get_argument(word, "").strip()
        try:
            return kind(text) if text else None
        except ValueError:
            raise Refused(f"'{told}' is not a number. Go back and write it again.") from None

    def _memory(self, course: str) -> int | None:
        text, settings = self.get_argument("memory", "").strip().upper(), self.state.settings
        if not text:
            return None
        try:
            found = parse_size(text)
        except ValueError as mistake:
            raise Refused(f"Memory: {mistake}.") from None
        most = max(settings.sandbox.memory, settings.limits_of(course).memory)
        if found > most:
            raise Refused(f"A submission gets at most {size_text(most)} of memory, as a server of this course does.")
        return found

    def _image(self) -> str | None:
        name: str = self.get_argument("image", "")
        if name and name not in image_record.read(self.state.settings.folders.images):
            raise Refused(f"The image '{name}' is not on this machine any more. Go back and choose another one.")
        return name or None


class ExtensionAdd(Ruled):
    """Give a later date to a person, a section, or several people by name."""

    async def post(self, course: str, name: str) -> None:
        self.need("set_rules", course)
        self.rules(course, name)
        kind, who = self._whom(course)
        due = self.moment("due", "New date")
        if due is None:
            raise Refused("Choose the date until which it is extended.")
        reason = " ".join(self.get_argument("reason", "").split())[:LONGEST_REASON]
        self.state.rulebook.extend(
            course,
            name,
            kind=kind,
            who=who,
            due=due,
            reason=reason,
            given_by=self.person.name,
            now=self.state.now(),
        )
        self.changed(course, name)

    def _whom(self, course: str) -> tuple[Kind, str]:
        people = self.state.members.of(course)
        kind, _, who = self.get_argument("who", "").partition(":")
        others = self.get_argument("others", "").replace(",", " ").lower().split()
        if kind == Kind.SECTION and not others and who in {one["section"] for one in people} - {""}:
            return Kind.SECTION, who
        if kind == Kind.SECTION and others:
            raise Refused("Give the section and the other people an extension each.")
        names = list(dict.fromkeys([*([who] if who else []), *others]))
        known = {one["name"] for one in people}
        if unknown := [one for one in names if one not in known]:
            raise Refused(f"Not on the roster of this course: {', '.join(unknown)}. Go back and correct the names.")
        if not names:
            raise Refused("Choose whom the extension is for.")
        return (Kind.PERSON if len(names) == 1 else Kind.GROUP), " ".join(names)


class ExtensionEnd(Ruled):
    """Take an extension back."""

    async def post(self, course: str, name: str) -> None:
        self.need("set_rules", course)
        self.rules(course, name)
        number = self.get_argument("number")
        if not number.isdecimal():
            raise HTTPError(400, reason="An extension's number is needed.")
        self.state.rulebook.end_extension(course, name, int(number), self.state.now())
        self.changed(course, name)


HANDLERS = (
    (r"assignments/([^/]+)", RulesPage),
    (r"assignments/([^/]+)/rules", RulesChange),
    (r"assignments/([^/]+)/extensions", ExtensionAdd),
    (r"assignments/([^/]+)/extensions/end", ExtensionEnd),
)
