"""What is to change in the ledger of GPUs at a moment: offers to those who wait, warnings, ends.

Pure, as `hub.gpus` is. A lease ends when its person was told and the notice is over, unless the GPU itself is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.gpus import Classes, Lease, Ledger, Policy, Reason, Slot, State, Ticket, Used, Warned, term


@dataclass(frozen=True)
class Offer:
    """Keep a slot for whoever waited."""

    ticket: Ticket
    slot: Slot


@dataclass(frozen=True)
class Warn:
    """Tell a lease's person why and when it ends; with none, that it does not any more."""

    lease: Lease
    warned: Warned | None


@dataclass(frozen=True)
class End:
    """End a lease."""

    lease: Lease
    reason: Reason


Change = Offer | Warn | End


def due(ledger: Ledger, policy: Policy, now: datetime) -> list[Change]:
    """What is to change now. Once it has, there is nothing more until time passes or somebody acts."""
    return [*_ends(ledger, policy, now), *offers(ledger, policy, now)]


# -- ends ---------------------------------------------------------------------------------------------------------------


def _ends(ledger: Ledger, policy: Policy, now: datetime) -> list[Change]:
    reserved, leave = _in_the_way(ledger, policy, now), _asked_to_leave(ledger, policy, now)
    failed = {one.name for one in ledger.slots if one.failed}
    found: list[Change] = []
    for lease in ledger.leases:
        if lease.state is not State.STOPPING and lease.slot in failed:
            found.append(End(lease, Reason.FAULT))
        elif lease.state is State.OFFERED and now >= lease.until:
            found.append(End(lease, Reason.LAPSED))
        elif lease.state is State.STARTING and now >= lease.since + policy.start:
            found.append(End(lease, Reason.FAILED))
        elif lease.state is State.ACTIVE:
            idle = policy.idle_in_class if ledger.in_class(lease.course, now) else policy.idle
            ends = {Reason.OVER: lease.until, Reason.IDLE: lease.busy_at + idle}
            ends |= {Reason.RESERVED: reserved[lease.slot]} if lease.slot in reserved else {}
            ends |= {Reason.BUDGET: now} if lease.slot in leave else {}
            found += _end(lease, ends, policy, now)
    return found


def _end(lease: Lease, ends: Mapping[Reason, datetime], policy: Policy, now: datetime) -> list[Change]:
    """The end of a lease that comes first. It comes when its person was told, and not before its notice is over."""

    def promised(reason: Reason) -> datetime:
        told = lease.warned.at if lease.warned and lease.warned.reason is reason else now + _notice(reason, policy)
        return max(ends[reason], told)

    reason = min(ends, key=promised)
    at = promised(reason)
    if at <= now:
        return [End(lease, reason)]
    warned = Warned(reason, at) if now >= at - _notice(reason, policy) else None
    return [Warn(lease, warned)] if warned != lease.warned else []


def _notice(reason: Reason, policy: Policy) -> timedelta:
    return policy.idle_notice if reason is Reason.IDLE else policy.notice


def _in_the_way(ledger: Ledger, policy: Policy, now: datetime) -> dict[str, datetime]:
    """Slots whose leases have to end since a class begins, with the time."""
    found: dict[str, datetime] = {}
    for one in ledger.reservations:
        if one.begins - policy.notice <= now < min(one.ends, one.begins + policy.claim):
            leases = Classes.at(ledger, max(one.begins, now)).in_the_way(
                lambda lease: _had(ledger, lease.person, policy)
            )
            found |= {lease.slot: one.begins for lease in leases if lease.state is State.ACTIVE}
    return found


def _asked_to_leave(ledger: Ledger, policy: Policy, now: datetime) -> set[str]:
    """Slots of those over their budget while others wait who are not: as many as wait, from whoever had most."""
    waiting = sum(not ledger.over(one.person, policy) for one in ledger.tickets) - len(ledger.free())
    over = [one for one in ledger.leases if one.state is State.ACTIVE and ledger.over(one.person, policy)]
    good = {one.name for one in ledger.slots if one.good}  # another's end helps nobody
    over = [one for one in over if one.slot in good and not ledger.in_class(one.course, now)]
    most = sorted(over, key=lambda one: _had(ledger, one.person, policy), reverse=True)
    return {one.slot for one in most[: max(0, waiting)]}


def _had(ledger: Ledger, person: str, policy: Policy) -> tuple[bool, float]:
    return ledger.over(person, policy), ledger.used.get(person, Used()).decayed


# -- offers -------------------------------------------------------------------------------------------------------------


def offers(ledger: Ledger, policy: Policy, now: datetime) -> list[Offer]:
    """Which free slots go to whom: a class's to its own course first, the others in the order of the queue."""
    free, queue = ledger.free(), ledger.queue(policy)
    found: list[Offer] = []
    kept = 0
    on = [one for one in ledger.reservations if one.begins <= now < one.ends]
    for course in dict.fromkeys(one.course for one in on):
        classes = [one for one in on if one.course == course]
        held = sum(lease.course == course for lease in ledger.leases)
        lacks = max(0, sum(one.slots for one in classes) - held)
        first = [ticket for ticket in queue if ticket.course == course][: min(lacks, len(free))]
        found += [Offer(ticket, free.pop(0)) for ticket in first]
        queue = [ticket for ticket in queue if ticket not in first]
        begun = sum(one.slots for one in classes if now < one.begins + policy.claim)
        kept += min(lacks - len(first), begun)
    for ticket in queue:
        if len(free) <= kept:
            break
        if term(ledger, ticket.course, policy, now) - now >= policy.least:
            found.append(Offer(ticket, free.pop(0)))
    return found
