"""For a course's staff: who has a GPU and who waits, GPUs reserved for a class, somebody's lease ended or made longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tornado.web import HTTPError

from hub.adapters.lent import LONGEST_REASON, MOST_WEEKS
from hub.courses import may
from hub.exchange import Refused
from hub.gpus import Reservation
from hub.moments import from_field
from hub.services import gpus, views
from hub.services.page import Page
from hub.services.state import PREFIX

MOST_HOURS = 48  # by which a lease is made longer, and for which slots are reserved, at once


class Leases(Page):
    async def get(self, course: str) -> None:
        self._need("see_leases", course)
        now, ledger, lent = self.state.now(), gpus.leases(self.state), gpus.lent(self.state)
        found, names = ledger.ledger(now), {one["name"]: one["full_name"] for one in self.state.members.of(course)}
        queue = found.queue(ledger.policy)
        self.show(
            "leases.html",
            course=course,
            title=views.title(self.state, course),
            names=names,
            mine=[one for one in found.leases if one.course == course],
            others=sum(one.course != course for one in found.leases),
            slots=len(found.slots),
            queue=[(place, one) for place, one in enumerate(queue, start=1) if one.course == course],
            used=found.used,
            reserved=lent.reserved(now),
            log=lent.log(course),
            changes=may(self.person, "change_leases", course),
            longest=LONGEST_REASON,
            weeks=MOST_WEEKS,
        )

    async def post(self, course: str) -> None:
        self._need("change_leases", course)
        actions: dict[str, Callable[[str], None]] = {
            "end": self._end,
            "extend": self._extend,
            "reserve": self._reserve,
            "give-up": self._give_up,
        }
        action = actions.get(self.get_argument("do"))
        if action is None:
            raise HTTPError(400, reason="This page cannot do that.")
        action(course)
        await gpus.step(self.state)
        self.redirect(f"{PREFIX}{course}/gpus")

    def _need(self, verb: str, course: str) -> None:
        self.need(verb, course)
        if not self.state.settings.lends_to(course):
            raise HTTPError(404, reason="This course has no GPUs.")

    def _end(self, course: str) -> None:
        person = self._holder(course)
        gpus.lent(self.state).end(person, self.person.name, self.get_argument("why", ""), self.state.now())

    def _extend(self, course: str) -> None:
        hours, why = self._number("hours", MOST_HOURS), self.get_argument("why", "")
        gpus.lent(self.state).extend(self._holder(course), hours, self.person.name, why, self.state.now())

    def _holder(self, course: str) -> str:
        """Whose lease is meant; one of this course, since another's staff decide about theirs."""
        person = self.get_argument("person")
        lease = gpus.leases(self.state).lease(person)
        if lease is None or lease.course != course:
            raise Refused(f"{person} has no GPU in this course now.")
        return person

    def _reserve(self, course: str) -> None:
        zone, now = self.state.settings.timezone, self.state.now()
        try:
            begins = from_field(self.get_argument("begins", ""), zone)
        except ValueError:
            begins = None
        if begins is None or begins <= now:
            raise Refused("Say when the class begins: a date and a time that are still to come.")
        hours, count = self._number("hours", MOST_HOURS), self._count("slots", 1000)
        weeks = self._count("weeks", MOST_WEEKS)
        wanted = [Reservation(course, at, at + timedelta(hours=hours), count) for at in weekly(begins, weeks, zone)]
        gpus.lent(self.state).reserve(wanted, self.person.name, now)

    def _give_up(self, course: str) -> None:
        gpus.lent(self.state).give_up(course, self._count("id", 10**9), self.state.now())

    def _count(self, word: str, most: int) -> int:
        number = self._number(word, most)
        if number != int(number):
            raise Refused(f"'{word}' is a whole number.")
        return int(number)

    def _number(self, word: str, most: float) -> float:
        try:
            number = float(self.get_argument(word))
        except ValueError:
            number = 0
        if not 0 < number <= most:
            raise Refused(f"'{word}' is a number, more than 0 and at most {most}.")
        return number


def weekly(begins: datetime, weeks: int, zone: str) -> list[datetime]:
    """The same time of the same day in so many weeks, by the campus' clock."""
    local = begins.astimezone(ZoneInfo(zone) if zone else None).replace(tzinfo=None)
    times = [from_field((local + timedelta(days=7 * week)).isoformat(), zone) for week in range(weeks)]
    return [one for one in times if one is not None]


HANDLERS = ((r"gpus", Leases),)
