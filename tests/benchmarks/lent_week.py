"""A deadline week of a course in a minute's steps: who asks for a GPU when, how long they compute, what they forget to hand back.

The world of the simulation, not its rules: those are the real ledger's, with the clock of the simulation. 150 students want 585
sessions; a tenth of them want a third of all. A session computes for 50 minutes (median of a log-normal distribution, mean 75) and is
then forgotten for two hours; who has waited for four hours gives up. The numbers are assumptions (no hub has published its own).
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import log
from random import Random

from hub.adapters.leases import Leases
from hub.gpus import Lease, Reason
from hub.lending import End, Offer

BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES = 7 * 24 * 60
STUDENTS, EAGER, SESSIONS = 150, 15, 585
PATIENCE, FORGOTTEN = 4 * 60, 2 * 60  # minutes
ATTENTION = 3  # minutes until an offer is seen, on average


@dataclass
class Session:
    """One wish: from which minute of the week, how many minutes of computing are left; what became of it."""

    person: str
    at: int
    left: int
    asked: int = 0
    claims_at: int | None = None
    forgotten: int = 0


@dataclass
class Told:
    """What a week came to. Minutes; `busy_percent` is the part of the held time in which something was computed."""

    wanted: Counter[str] = field(default_factory=Counter)
    served: Counter[str] = field(default_factory=Counter)
    gave_up: int = 0
    waits: list[int] = field(default_factory=list)
    computed: int = 0
    held: int = 0

    def as_data(self) -> dict[str, float]:
        waits = sorted(self.waits)
        ordinary = [person for person in self.wanted if int(person[1:]) >= EAGER]
        return {
            "served": self.served.total(),
            "gave_up_percent": 100 * self.gave_up / self.wanted.total(),
            "wait_median_min": waits[len(waits) // 2],
            "wait_p95_min": waits[int(0.95 * (len(waits) - 1))],
            "busy_percent": 100 * self.computed / self.held,
            "ordinary_with_none_percent": 100 * sum(not self.served[one] for one in ordinary) / len(ordinary),
        }


def wishes(seed: int) -> list[Session]:
    """Who wants a GPU when: by day and evening, more and more towards the deadline."""
    chance = Random(seed)
    found = []
    for number in range(SESSIONS):
        eager = number % 3 == 0
        person = f"s{chance.randrange(EAGER) if eager else chance.randrange(EAGER, STUDENTS):03}"
        day = chance.choices(range(7), weights=(1, 1, 1.5, 1.5, 2, 2.5, 3))[0]
        minute = int(chance.triangular(9 * 60, 24 * 60 - 1, 19 * 60))
        work = max(5, min(8 * 60, round(chance.lognormvariate(log(50), 0.9))))
        found.append(Session(person, day * 24 * 60 + minute, work))
    return sorted(found, key=lambda one: one.at)


def week(lending: Leases, seed: int) -> Told:
    """Live through the week with a ledger."""
    lived = Week(lending, Random(seed), deque(wishes(seed)))
    for minute in range(MINUTES + PATIENCE):
        lived.minute(minute)
    return lived.told


@dataclass
class Week:
    """The students, each with one wish at a time: waiting, or with the slot that they hold."""

    lending: Leases
    chance: Random
    coming: deque[Session]
    later: dict[str, deque[Session]] = field(default_factory=lambda: defaultdict(deque))
    now: dict[str, Session] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    told: Told = field(default_factory=Told)

    def minute(self, minute: int) -> None:
        clock = BEGIN + minute * MINUTE
        while self.coming and self.coming[0].at <= minute:
            wish = self.coming.popleft()
            self.later[wish.person].append(wish)
            self.told.wanted[wish.person] += 1
        for person in [person for person, wishes in self.later.items() if wishes and person not in self.now]:
            self.now[person] = self.later[person].popleft()
            self.now[person].asked = minute
            answer = self.lending.ask(person, "demo", clock)
            if isinstance(answer, Lease):
                self._starts(answer, minute, clock)
        if self.now:
            self._what_is_due(minute, clock)
            for session in list(self.now.values()):
                self._one(session, minute, clock)
            computing = [self.leases[person].slot for person in self.leases if self.now[person].left > 0]
            self.lending.computing(computing, clock)

    def _what_is_due(self, minute: int, clock: datetime) -> None:
        for change in self.lending.advance(clock):
            match change:
                case Offer(ticket, _):
                    self.now[ticket.person].claims_at = minute + min(9, int(self.chance.expovariate(1 / ATTENTION)))
                case End(lease, _):
                    self.lending.freed(lease.person, clock)
                    del self.leases[lease.person], self.now[lease.person]

    def _one(self, session: Session, minute: int, clock: datetime) -> None:
        if session.person in self.leases:
            self._computes(session, clock)
        elif session.claims_at is not None:
            if minute >= session.claims_at:
                self._starts(self.lending.claim(session.person, clock), minute, clock)
        elif minute - session.asked >= PATIENCE:
            self.lending.leave(session.person)
            self.told.gave_up += 1
            del self.now[session.person]

    def _starts(self, lease: Lease, minute: int, clock: datetime) -> None:
        self.lending.started(lease.person, clock)
        self.leases[lease.person] = lease
        self.told.waits.append(minute - self.now[lease.person].asked)
        self.told.served[lease.person] += 1

    def _computes(self, session: Session, clock: datetime) -> None:
        self.told.held += 1
        if session.left > 0:
            session.left -= 1
            self.told.computed += 1
        elif session.forgotten < FORGOTTEN:
            session.forgotten += 1
        else:
            self.lending.end(session.person, Reason.RETURNED, clock)
            self.lending.freed(session.person, clock)
            del self.leases[session.person], self.now[session.person]
