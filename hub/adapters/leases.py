"""The ledger of GPUs: who waits, who holds which slot, how many hours each has had. Each public method is one transaction.

What is to be done is `hub.lending`'s word; here it is kept. That no slot and no person has two leases is the database's own constraint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, RowMapping

from hub.adapters.store import Store
from hub.adapters.tables import gpu_hours, leases, reservations, slots, tickets
from hub.exchange import Refused
from hub.gpus import (
    HOUR,
    WEEK,
    Lease,
    Ledger,
    Policy,
    Reason,
    Reservation,
    Slot,
    State,
    Ticket,
    Used,
    Warned,
    decayed,
    renewed,
    term,
)
from hub.lending import Change, End, Offer, Warn, due, offers

HELD = leases.c.freed_at.is_(None)


@dataclass(frozen=True)
class Leases:
    """The ledger over the declared slots. Raises Refused, in words, for what a person may not do now."""

    store: Store
    declared: tuple[Slot, ...]
    policy: Policy
    courses: frozenset[str] | None = None  # that have GPUs: nothing is kept for another's class; none: all of them

    def ledger(self, now: datetime) -> Ledger:
        """How everything stands."""
        with self.store.begin() as connection:
            return self._ledger(connection, now)

    def lease(self, person: str) -> Lease | None:
        with self.store.begin() as connection:
            return self.held_by(connection, person)

    # -- what a person does ----------------------------------------------------------------------------------------

    def ask(self, person: str, course: str, now: datetime) -> Lease | Ticket:
        """A slot, if one is free and nobody is before them; otherwise a ticket. Asked again it is the same."""
        with self.store.begin() as connection:
            lease = self.held_by(connection, person)
            if lease is not None and lease.state is not State.STOPPING:
                return lease
            first = sql.select(tickets).order_by(tickets.c.person != person).limit(1)
            before = connection.execute(first).mappings().first()
            if before is not None and before["person"] == person:
                return _ticket(before)
            ticket = Ticket(person, course, now)
            if before is None:
                ledger = self._ledger(connection, now, [ticket])
                if found := offers(ledger, self.policy, now):
                    return self._lend(connection, found[0].slot.name, ticket, ledger, now)
            connection.execute(sql.insert(tickets).values(person=person, course=course, at=now))
            return ticket

    def claim(self, person: str, now: datetime) -> Lease:
        """Take what was offered."""
        with self.store.begin() as connection:
            lease = self.held_by(connection, person)
            if lease is not None and lease.state is State.STARTING:  # pressed twice, or the start begins only now
                self._change(connection, lease, since=now)
                return replace(lease, since=now)
            if lease is None or lease.state is not State.OFFERED or now >= lease.until:
                raise Refused("Nothing is offered to you any more. Ask for a GPU again.")
            until = term(self._ledger(connection, now, []), lease.course, self.policy, now)
            self._change(connection, lease, state=State.STARTING, since=now, until=until, busy_at=now, began_at=now)
        return replace(lease, state=State.STARTING, since=now, until=until, busy_at=now)

    def leave(self, person: str) -> None:
        """Wait no longer."""
        with self.store.begin() as connection:
            connection.execute(sql.delete(tickets).where(tickets.c.person == person))

    def renew(self, person: str, now: datetime) -> datetime:
        """Begin the lease's time anew; until when it is now."""
        with self.store.begin() as connection:
            lease = self.held_by(connection, person)
            if lease is None:
                raise Refused("You have no GPU now.")
            waiting = [_ticket(row) for row in connection.execute(sql.select(tickets).limit(1)).mappings()]
            ledger = self._ledger(connection, now, waiting)
            until = renewed(ledger, lease, self.policy, now)
            if until is None:
                raise Refused(
                    "Your time cannot begin anew now: somebody waits for a GPU, a class needs it, or it would end no later."
                )
            self._change(connection, lease, until=until, warned=None, warned_at=None)
            return until

    def end(self, person: str, reason: Reason, now: datetime, by: str | None = None) -> Lease | None:
        """End somebody's lease; the slot is free once `freed` is told. None when there is none, or it has ended already."""
        with self.store.begin() as connection:
            lease = self.held_by(connection, person)
            if lease is None or lease.state is State.STOPPING:
                return None
            self.finish(connection, lease, reason, now, by)
            return lease

    # -- what is found ---------------------------------------------------------------------------------------------

    def started(self, person: str, now: datetime) -> bool:
        """Their server is up; whether they have a lease for it still."""
        with self.store.begin() as connection:
            lease = self.held_by(connection, person)
            if lease is not None and lease.state is State.STARTING:
                self._change(connection, lease, state=State.ACTIVE, since=now, busy_at=now)
            return lease is not None and lease.running

    def freed(self, person: str, now: datetime) -> None:
        """Nothing of an ended lease runs any more."""
        with self.store.begin() as connection:
            mine = sql.and_(HELD, leases.c.person == person, leases.c.state == State.STOPPING)
            connection.execute(sql.update(leases).where(mine).values(freed_at=now))

    def computing(self, names: Iterable[str], now: datetime) -> None:
        """The processes of these slots' leases have computed lately."""
        with self.store.begin() as connection:
            these = sql.and_(HELD, leases.c.slot.in_(list(names)), leases.c.state == State.ACTIVE)
            connection.execute(sql.update(leases).where(these).values(busy_at=now))

    def found_bad(self, slot: str, trouble: str, *, failed: bool = False) -> None:
        """A slot is lent to nobody, for a reason; with an empty one it is good again. A `failed` one ends its lease."""
        with self.store.begin() as connection:
            connection.execute(sql.delete(slots).where(slots.c.name == slot))
            connection.execute(sql.insert(slots).values(name=slot, trouble=trouble, failed=failed))

    def offer_again(self, now: datetime) -> None:
        """Have every offer stand its whole time from now on: nobody could claim one while the service was away."""
        with self.store.begin() as connection:
            offered = sql.and_(HELD, leases.c.state == State.OFFERED)
            connection.execute(sql.update(leases).where(offered).values(until=now + self.policy.claim))

    def adopt(self, slot: str, person: str, course: str, now: datetime) -> None:
        """Take into the ledger what runs without a lease: it was lost, and the machine is right about what runs."""
        with self.store.begin() as connection:
            ledger = self._ledger(connection, now, [])
            held = any(one.slot == slot or one.person == person for one in ledger.leases)
            if not held:
                self._lend(connection, slot, Ticket(person, course, now), ledger, now)
                lease = self.held_by(connection, person)
                if lease is not None:
                    self._change(connection, lease, state=State.ACTIVE)

    def advance(self, now: datetime) -> list[Change]:
        """Do what is due; what it was, for whoever tells people and ends servers."""
        with self.store.begin() as connection:
            ledger = self._ledger(connection, now)
            changes = due(ledger, self.policy, now)
            for change in changes:
                match change:
                    case Offer(ticket, slot):
                        self._lend(connection, slot.name, ticket, ledger, now, offered=True)
                    case Warn(lease, warned):
                        told = {"warned": warned.reason, "warned_at": warned.at} if warned else {"warned": None}
                        self._change(connection, lease, **told)
                    case End(lease, reason):
                        self.finish(connection, lease, reason, now)
        return changes

    # -- rows ------------------------------------------------------------------------------------------------------

    def _ledger(self, connection: Connection, now: datetime, waiting: Sequence[Ticket] | None = None) -> Ledger:
        """Everything; or with these in the place of the queue, whose order, and so the hours of each, does not matter then."""
        rows = connection.execute(sql.select(slots.c.name, slots.c.failed).where(slots.c.trouble != ""))
        bad = {str(row.name): bool(row.failed) for row in rows}
        good = tuple(
            replace(one, good=one.good and one.name not in bad, failed=bad.get(one.name, False))
            for one in self.declared
        )
        held = connection.execute(sql.select(leases).where(HELD)).mappings().all()
        classes, used = self.reservations(connection, now), {}
        if waiting is None:
            waiting = [_ticket(row) for row in connection.execute(sql.select(tickets)).mappings()]
            concerned = sql.select(tickets.c.person).union(sql.select(leases.c.person).where(HELD))
            used = self._used(connection, concerned, held, now)
        return Ledger(good, tuple(map(_lease, held)), tuple(waiting), classes, used)

    def used_by(self, connection: Connection, person: str, now: datetime) -> Used:
        """The hours of anybody, whether they wait or hold or not."""
        mine = sql.select(leases).where(HELD, leases.c.person == person)
        return self._used(connection, [person], connection.execute(mine).mappings().all(), now).get(person, Used())

    def _used(self, connection: Connection, names: Any, rows: Iterable[RowMapping], now: datetime) -> dict[str, Used]:
        """The hours of some people; `rows` are their leases that have not ended."""
        held = {row["person"]: self._hours(row, now) for row in rows}
        week = sql.select(leases.c.person, sql.func.sum(leases.c.hours).label("hours"))
        week = week.where(leases.c.ended_at > now - WEEK, leases.c.person.in_(names)).group_by(leases.c.person)
        weekly = {row.person: float(row.hours) for row in connection.execute(week)}
        kept = connection.execute(sql.select(gpu_hours).where(gpu_hours.c.person.in_(names))).mappings()
        old = {row["person"]: decayed(row["hours"], now - row["at"], self.policy) for row in kept}
        return {
            name: Used(old.get(name, 0) + held.get(name, 0), weekly.get(name, 0) + held.get(name, 0))
            for name in {*weekly, *old, *held}
        }

    def _hours(self, row: RowMapping, now: datetime) -> float:
        """GPU hours of a lease up to now, which are in no sum yet."""
        shares = {one.name: one.share for one in self.declared}
        running = row["began_at"] is not None and row["ended_at"] is None
        return shares.get(row["slot"], 1) * ((now - row["began_at"]) / HOUR) if running else 0

    def reservations(self, connection: Connection, now: datetime) -> tuple[Reservation, ...]:
        """Those that have not ended."""
        query = sql.select(reservations).where(reservations.c.ends > now, reservations.c.ended_at.is_(None))
        rows = connection.execute(query).mappings()
        found = (Reservation(row["course"], row["begins"], row["ends"], row["slots"]) for row in rows)
        return tuple(one for one in found if self.courses is None or one.course in self.courses)

    def held_by(self, connection: Connection, person: str) -> Lease | None:
        """Somebody's lease, until its slot is free."""
        row = connection.execute(sql.select(leases).where(HELD, leases.c.person == person)).mappings().first()
        return _lease(row) if row else None

    def _lend(
        self, connection: Connection, slot: str, ticket: Ticket, ledger: Ledger, now: datetime, *, offered: bool = False
    ) -> Lease:
        """Let somebody have a slot: at once, or offered for a while."""
        until = now + self.policy.claim if offered else term(ledger, ticket.course, self.policy, now)
        state = State.OFFERED if offered else State.STARTING
        device = next((one.device for one in self.declared if one.name == slot), "")
        made = Lease(slot, ticket.person, ticket.course, state, now, until, now, device=device)
        about = {"slot": slot, "device": device, "person": ticket.person, "course": ticket.course, "state": state}
        when = {"made_at": now, "since": now, "until": until, "busy_at": now, "began_at": None if offered else now}
        connection.execute(sql.insert(leases).values(**about, **when))
        connection.execute(sql.delete(tickets).where(tickets.c.person == ticket.person))
        return made

    def finish(
        self, connection: Connection, lease: Lease, reason: Reason, now: datetime, by: str | None = None
    ) -> None:
        """End a lease: its hours are counted, and after a fault its person is ahead of the queue."""
        row = connection.execute(sql.select(leases).where(HELD, leases.c.slot == lease.slot)).mappings().one()
        hours, offered = 0 if reason is Reason.FAILED else self._hours(row, now), lease.state is State.OFFERED
        ended = {
            "state": State.STOPPING,
            "since": now,
            "ended_at": now,
            "reason": reason,
            "ended_by": by,
            "hours": hours,
        }
        self._change(connection, lease, **ended, freed_at=now if offered else None)
        if hours:
            mine = gpu_hours.c.person == lease.person
            before = connection.execute(sql.select(gpu_hours).where(mine)).mappings().first()
            old = decayed(before["hours"], now - before["at"], self.policy) if before else 0
            connection.execute(sql.delete(gpu_hours).where(mine))
            connection.execute(sql.insert(gpu_hours).values(person=lease.person, hours=old + hours, at=now))
        if reason is Reason.FAULT:
            again = {"person": lease.person, "course": lease.course, "at": now, "ahead": True}
            connection.execute(sql.insert(tickets).values(**again))

    def _change(self, connection: Connection, lease: Lease, **values: Any) -> None:
        connection.execute(sql.update(leases).where(HELD, leases.c.slot == lease.slot).values(**values))


def _lease(row: RowMapping) -> Lease:
    warned = Warned(Reason(row["warned"]), row["warned_at"]) if row["warned"] else None
    about = (row["slot"], row["person"], row["course"], State(row["state"]), row["since"], row["until"], row["busy_at"])
    return Lease(*about, warned, row["device"])


def _ticket(row: RowMapping) -> Ticket:
    return Ticket(row["person"], row["course"], row["at"], row["ahead"])
