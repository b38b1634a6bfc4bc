"""How somebody stands with GPUs in a course: for their page, their JupyterLab and their courses' cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.gpu_seen import Holder
from hub.gpu_words import ENDS, WARNINGS, availability, wait_words
from hub.gpus import Lease, Reason, Ticket, Warned, renewed, waits
from hub.reconcile import PREFIX
from hub.services import gpus
from hub.services.state import PREFIX as PAGES
from hub.services.state import State as Service

RECENT = timedelta(hours=12)  # in which a page still says how the last lease ended


@dataclass(frozen=True)
class Wait:
    """A place in the queue and how long it may take."""

    place: int
    least: timedelta
    most: timedelta

    @property
    def words(self) -> str:
        return wait_words(self.least, self.most)


@dataclass(frozen=True)
class View:
    """How one person stands. `course` is the one that their ticket or lease is for."""

    course: str
    lease: Lease | None
    ticket: Ticket | None
    wait: Wait | None
    renewable: bool
    used: float  # GPU hours of the last seven days
    budget: float
    ended: tuple[str, str, datetime] | None  # how the last lease ended, what to do, when
    free: int
    slots: int
    waiting: int
    holder: Holder | None
    name: str  # of the device
    memory: int | None  # bytes they may use, and have used

    @property
    def state(self) -> str:
        if self.lease is not None:
            return str(self.lease.state)
        return "waiting" if self.ticket else "none"

    @property
    def key(self) -> str:
        """What an open page is loaded again for when it changes."""
        warned = self.lease.warned.reason if self.lease and self.lease.warned else ""
        return f"{self.state} {warned} {self.renewable} {self.slots > 0}"

    @property
    def at_once(self) -> bool:
        """Whether a slot is free and nobody is before them."""
        return self.free > 0 and not self.waiting

    @property
    def availability(self) -> str:
        return availability(self.free, self.slots, self.waiting)

    @property
    def server(self) -> str:
        return f"{PREFIX}{self.course}"

    @property
    def warning(self) -> tuple[str, str, Warned] | None:
        """Why the lease ends, what to do, and when it ends."""
        warned = self.lease.warned if self.lease else None
        return (*WARNINGS[warned.reason], warned) if warned and warned.reason in WARNINGS else None


def view(service: Service, person: str, course: str) -> View:
    """How a person stands, seen from a course."""
    now, ledger = service.now(), gpus.leases(service)
    found = ledger.ledger(now)
    lease = next((one for one in found.leases if one.person == person), None)
    ticket = next((one for one in found.tickets if one.person == person), None)
    place = waits(found, person, ledger.policy, now)
    seen = gpus.recent(service, now)
    about = gpus.declared(service).get(lease.slot) if lease else None
    device = next((one for one in seen.devices if about and one.uuid == about.device), None) if seen else None
    holder = next((one for one in seen.holders if one.person == person and one.running), None) if seen else None
    limit = about.memory if about else None
    return View(
        course=lease.course if lease else ticket.course if ticket else course,
        lease=lease,
        ticket=ticket,
        wait=Wait(*place) if place else None,
        renewable=lease is not None and renewed(found, lease, ledger.policy, now) is not None,
        used=gpus.lent(service).used(person, now).week,
        budget=ledger.policy.weekly_hours,
        ended=_ended(service, person, now),
        free=len(found.free()),
        slots=sum(one.good for one in found.slots),
        waiting=len(found.tickets),
        holder=holder,
        name=device.name if device else "",
        memory=limit or (device.memory if device else None),
    )


def _ended(service: Service, person: str, now: datetime) -> tuple[str, str, datetime] | None:
    """How their last lease ended, unless they handed it back, have another since, or it is long ago."""
    last = gpus.lent(service).last_end(person)
    if last is None or last.at < now - RECENT or last.reason is Reason.RETURNED:
        return None
    sentence, advice = ENDS[last.reason]
    return (f"{sentence} They say: {last.why}" if last.why else sentence, advice, last.at)


def as_data(found: View, now: datetime) -> dict[str, Any]:
    """The same for JupyterLab, as campushub_client.gpu tells it on. Memory is in bytes, times are ISO 8601."""
    lease, wait, warning = found.lease, found.wait, found.warning
    told = warning and {
        "reason": str(warning[2].reason),
        "at": warning[2].at.isoformat(),
        "sentence": warning[0],
        "advice": warning[1],
    }
    ended = found.ended and {"sentence": found.ended[0], "advice": found.ended[1], "at": found.ended[2].isoformat()}
    return {
        "now": now.isoformat(),
        "state": found.state,
        "course": found.course,
        "page": f"{PAGES}{found.course}/gpu",
        "server": found.server,
        "slot": lease.slot if lease else None,
        "name": found.name,
        "memory": found.memory,
        "used": found.holder.used if found.holder else None,
        "until": lease.until.isoformat() if lease else None,
        "renewable": found.renewable,
        "warned": told,
        "place": wait.place if wait else None,
        "least_minutes": round(wait.least.total_seconds() / 60) if wait else None,
        "most_minutes": round(wait.most.total_seconds() / 60) if wait else None,
        "ended": ended,
        "hours": {"used": round(found.used, 1), "of": found.budget},
    }


def minutes_left(until: datetime, now: datetime) -> str:
    """A time that is left as people say it."""
    minutes = max(0, (until - now).total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes:.0f} minute{'s' if round(minutes) != 1 else ''}"
    return f"{minutes / 60:.1f} hours"
