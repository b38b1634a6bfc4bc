"""Who may hold which GPU until when. Knows nothing of Docker, HTTP or the store: values in, values out, the clock as an argument.

A ticket is a place in the queue; a lease is a slot that one person holds. Order of the queue: a class's own reservation, then GPU
hours used lately, which decay (after Slurm's fair share), then arrival. The soft budget makes nobody wait for a slot that is free.
What is to change from one moment to the next is `hub.lending`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heapify, heapreplace
from typing import Any

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


class State(StrEnum):
    """Where a lease is; before it there is a ticket, after it nothing."""

    OFFERED = "offered"  # the slot is kept until the person claims it
    STARTING = "starting"
    ACTIVE = "active"
    STOPPING = "stopping"  # nothing computes there for them any more; the slot is free once the container is gone


class Reason(StrEnum):
    """Why a lease ends."""

    RETURNED = "returned"  # by its person
    LAPSED = "lapsed"  # offered and not claimed
    FAILED = "failed"  # its server did not start
    IDLE = "idle"
    OVER = "over"  # its time
    RESERVED = "reserved"  # a class begins
    BUDGET = "budget"  # its person has had more than their share, and somebody waits who has not
    FAULT = "fault"  # of the GPU
    SERVER = "server"  # its server ended by itself
    OUTSIDE = "outside"  # its server was ended from outside: by the administrator, or the machine went down
    STAFF = "staff"


@dataclass(frozen=True)
class Policy:
    """What an administrator decides about lending."""

    length: timedelta = 3 * HOUR
    claim: timedelta = timedelta(minutes=10)  # how long an offer stands, and a class's slots stay free after it began
    start: timedelta = timedelta(minutes=5)  # after it a server that is not there has failed
    idle: timedelta = timedelta(minutes=20)
    idle_in_class: timedelta = timedelta(minutes=30)
    notice: timedelta = timedelta(minutes=10)  # before a lease ends
    idle_notice: timedelta = timedelta(minutes=5)  # before one ends that is not used
    least: timedelta = timedelta(minutes=15)  # a lease that a class would cut shorter is not begun
    weekly_hours: float = 6
    half_life: timedelta = timedelta(days=3.5)


@dataclass(frozen=True)
class Slot:
    """A GPU or a part of one; `share` is what an hour of it counts.

    One that is not `good` is lent to nobody; where its device has `failed`, its lease ends too.
    """

    name: str
    gpu: str
    share: float = 1
    good: bool = True
    failed: bool = False
    device: str = ""


@dataclass(frozen=True)
class Ticket:
    """Somebody waits since `at`. With `ahead` before all others: their lease ended by a fault that was not theirs."""

    person: str
    course: str
    at: datetime
    ahead: bool = False


@dataclass(frozen=True)
class Reservation:
    """Slots kept for a class."""

    course: str
    begins: datetime
    ends: datetime
    slots: int


@dataclass(frozen=True)
class Warned:
    """What its person was told: why the lease ends and when."""

    reason: Reason
    at: datetime


@dataclass(frozen=True)
class Lease:
    """A slot that one person holds: since when it is in this state, until when at most, when its processes last computed."""

    slot: str
    person: str
    course: str
    state: State
    since: datetime
    until: datetime
    busy_at: datetime
    warned: Warned | None = None
    device: str = ""  # what the slot was made of when it was lent

    @property
    def running(self) -> bool:
        return self.state in (State.STARTING, State.ACTIVE)


@dataclass(frozen=True)
class Used:
    """GPU hours: those that have not decayed, and those of the last seven days."""

    decayed: float = 0
    week: float = 0


@dataclass(frozen=True)
class Ledger:
    """How everything stands at one moment. `used` has whoever waits or holds; who is not in it has used nothing."""

    slots: tuple[Slot, ...]
    leases: tuple[Lease, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    used: Mapping[str, Used] = field(default_factory=dict)

    def in_class(self, course: str, now: datetime) -> bool:
        """Whether a class of a course is on for which slots are reserved."""
        return any(one.course == course and one.begins <= now < one.ends for one in self.reservations)

    def over(self, person: str, policy: Policy) -> bool:
        return self.used.get(person, Used()).week > policy.weekly_hours

    def queue(self, policy: Policy) -> list[Ticket]:
        """The tickets in the order in which they are served; nobody's whose last lease holds a slot still."""

        def place(one: Ticket) -> tuple[object, ...]:
            return not one.ahead, self.over(one.person, policy), self.used.get(one.person, Used()).decayed, one.at

        holding = {one.person for one in self.leases}
        return sorted((one for one in self.tickets if one.person not in holding), key=place)

    def free(self) -> list[Slot]:
        """Slots that can be lent now; those on the GPU with the fewest leases first.

        The settings may name a device by another slot than the one by which somebody has it.
        """
        taken = {one.slot for one in self.leases}
        devices = {one.name: one.device for one in self.slots}
        elsewhere = {one.device for one in self.leases if one.device and devices.get(one.slot) != one.device}
        gpus = {one.name: one.gpu for one in self.slots}
        load = [gpus.get(one.slot) for one in self.leases]
        good = [one for one in self.slots if one.good and one.name not in taken and one.device not in elsewhere]
        return sorted(good, key=lambda one: (load.count(one.gpu), one.name))


def decayed(hours: float, age: timedelta, policy: Policy) -> float:
    """What is left of GPU hours that were used so long ago."""
    return hours * float(0.5 ** (age / policy.half_life))


def term(ledger: Ledger, course: str, policy: Policy, now: datetime) -> datetime:
    """Until when a lease of a course that begins now may last: to its length, or to a class that needs the slot."""
    until = now + policy.length
    for begins in sorted({one.begins for one in ledger.reservations}):
        if now < begins < until and not Classes.at(ledger, begins).admit(course):
            return begins
    return until


def renewed(ledger: Ledger, lease: Lease, policy: Policy, now: datetime) -> datetime | None:
    """Until when a lease lasts whose time begins anew; none while somebody waits, or when that would be no longer than it is."""
    if ledger.tickets or lease.state is not State.ACTIVE:
        return None
    others = replace(ledger, leases=tuple(one for one in ledger.leases if one.slot != lease.slot))
    until = term(others, lease.course, policy, now)
    return until if until > lease.until else None


def waits(ledger: Ledger, person: str, policy: Policy, now: datetime) -> tuple[int, timedelta, timedelta] | None:
    """The place of somebody in the queue, and how long it may take, at least and at most; none for who does not wait.

    At most: everybody who holds a slot, and everybody before them, uses all of their time. At least: a third of it.
    """
    order = [one.person for one in ledger.queue(policy)]
    if person not in order:
        return None
    place = order.index(person) + 1
    held = {one.slot: one.until + policy.length if one.state is State.OFFERED else one.until for one in ledger.leases}
    left = [max(held.get(one.name, now) - now, timedelta()) for one in ledger.slots if one.good]
    return place, _after(place, left, policy.length, 1 / 3), _after(place, left, policy.length, 1)


def _after(place: int, left: Iterable[timedelta], length: timedelta, part: float) -> timedelta:
    ends = [part * one for one in left]
    if not ends:
        return WEEK
    heapify(ends)
    for _ in range(place - 1):
        heapreplace(ends, ends[0] + part * length)
    return ends[0]


# -- classes ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Classes:
    """The reservations of one moment, and the leases that last beyond it, by course."""

    reserved: Mapping[str, int]
    lasting: Mapping[str, tuple[Lease, ...]]
    room: int  # for leases without a reservation

    @classmethod
    def at(cls, ledger: Ledger, moment: datetime) -> Classes:
        reserved: dict[str, int] = defaultdict(int)
        for one in ledger.reservations:
            if one.begins <= moment < one.ends:
                reserved[one.course] += one.slots
        lasting: dict[str, tuple[Lease, ...]] = defaultdict(tuple)
        for lease in ledger.leases:
            if lease.until > moment and lease.state is not State.STOPPING:
                lasting[lease.course] += (lease,)
        held = {one.slot for one in ledger.leases}  # whoever has a slot that is lent to nobody else may go on with it
        usable = sum(one.good or (one.name in held and not one.failed) for one in ledger.slots)
        return cls(reserved, lasting, usable - sum(reserved.values()))

    def _without(self, course: str) -> int:
        """How many leases of a course its reservations do not cover."""
        return max(0, len(self.lasting.get(course, ())) - self.reserved.get(course, 0))

    def admit(self, course: str) -> bool:
        """Whether one more lease of a course may last beyond the moment."""
        covered = len(self.lasting.get(course, ())) < self.reserved.get(course, 0)
        return covered or sum(map(self._without, self.lasting)) < self.room

    def in_the_way(self, weight: Callable[[Lease], Any]) -> list[Lease]:
        """Leases that have to end before it, the heaviest first: no more of a course than its reservations do not cover."""
        found: list[Lease] = []
        for course, leases in self.lasting.items():
            found += sorted(leases, key=weight, reverse=True)[: self._without(course)]
        return sorted(found, key=weight, reverse=True)[: max(0, len(found) - self.room)]


def most_reserved(kept: Iterable[Reservation], begins: datetime, ends: datetime) -> int:
    """How many slots are reserved at most at one moment of a time."""
    there = [one for one in kept if one.begins < ends and one.ends > begins]
    moments = [begins, *(one.begins for one in there if one.begins > begins)]
    return max(sum(one.slots for one in there if one.begins <= moment < one.ends) for moment in moments)
