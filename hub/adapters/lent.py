"""What is read of the ledger of GPUs beside how it stands now, and what staff change in it: reservations, ends, more time.

Everything staff do to somebody's lease is written down with their reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, RowMapping

from hub.adapters.leases import HELD, Leases
from hub.adapters.tables import lease_log, leases, reservations, slots
from hub.exchange import Refused
from hub.gpus import Lease, Reason, Reservation, State, Used, most_reserved

LONGEST_REASON = 200
MOST_WEEKS = 26


@dataclass(frozen=True)
class Ended:
    """The end of somebody's last lease."""

    course: str
    slot: str
    reason: Reason
    at: datetime
    by: str | None
    why: str  # what staff said; empty when it was not them


@dataclass(frozen=True)
class Lent:
    """The ledger's other side, for pages and commands. Raises Refused, in words, for what cannot be done."""

    ledger: Leases

    def used(self, person: str, now: datetime) -> Used:
        """GPU hours of anybody, those of a lease that goes on among them."""
        with self.ledger.store.begin() as connection:
            return self.ledger.used_by(connection, person, now)

    def last_end(self, person: str) -> Ended | None:
        """How somebody's last lease ended, unless they have another since."""
        query = sql.select(leases).where(leases.c.person == person).order_by(leases.c.id.desc()).limit(1)
        said = sql.select(lease_log.c.why).where(lease_log.c.person == person, lease_log.c.what == "ended")
        with self.ledger.store.begin() as connection:
            row = connection.execute(query).mappings().first()
            why = connection.execute(said.order_by(lease_log.c.id.desc()).limit(1)).scalar()
        if row is None or row["ended_at"] is None:
            return None
        reason = Reason(row["reason"])
        told = str(why) if why and reason is Reason.STAFF else ""
        return Ended(row["course"], row["slot"], reason, row["ended_at"], row["ended_by"], told)

    def troubles(self) -> dict[str, str]:
        """Why slots are lent to nobody, by slot."""
        with self.ledger.store.begin() as connection:
            rows = connection.execute(sql.select(slots).where(slots.c.trouble != "")).mappings()
            return {row["name"]: row["trouble"] for row in rows}

    def ended(self) -> list[tuple[str, str, int, float]]:
        """How many leases have ended, and the GPU hours of them, by course and reason."""
        count, hours = sql.func.count(), sql.func.sum(leases.c.hours)
        query = sql.select(leases.c.course, leases.c.reason, count, hours).where(leases.c.ended_at.is_not(None))
        with self.ledger.store.begin() as connection:
            rows = connection.execute(query.group_by(leases.c.course, leases.c.reason))
            return [(str(row[0]), str(row[1]), int(row[2]), float(row[3])) for row in rows]

    # -- what staff do ---------------------------------------------------------------------------------------------

    def extend(self, person: str, hours: float, by: str, why: str, now: datetime) -> datetime:
        """Let somebody's lease last longer, until when it then does."""
        with self.ledger.store.begin() as connection:
            lease = self._running(connection, person)
            until = max(lease.until, now) + timedelta(hours=hours)
            mine = sql.and_(HELD, leases.c.person == person)
            connection.execute(sql.update(leases).where(mine).values(until=until, warned=None, warned_at=None))
            connection.execute(sql.insert(lease_log).values(**_logged(lease, by, "extended", why, now)))
        return until

    def end(self, person: str, by: str, why: str, now: datetime) -> Lease:
        """End somebody's lease."""
        with self.ledger.store.begin() as connection:
            lease = self._running(connection, person)
            connection.execute(sql.insert(lease_log).values(**_logged(lease, by, "ended", why, now)))
            self.ledger.finish(connection, lease, Reason.STAFF, now, by)
        return lease

    def log(self, course: str, most: int = 50) -> list[RowMapping]:
        """What staff did to leases of a course, the newest first."""
        query = sql.select(lease_log).where(lease_log.c.course == course).order_by(lease_log.c.id.desc()).limit(most)
        with self.ledger.store.begin() as connection:
            return list(connection.execute(query).mappings())

    def _running(self, connection: Connection, person: str) -> Lease:
        lease = self.ledger.held_by(connection, person)
        if lease is None or lease.state is State.STOPPING:
            raise Refused(f"{person} has no GPU now.")
        return lease

    # -- reservations ----------------------------------------------------------------------------------------------

    def reserve(self, wanted: Sequence[Reservation], person: str, now: datetime) -> None:
        """Keep slots for a class, once or in several weeks: all of it or none; raises Refused when there are not so many."""
        declared = len(self.ledger.declared)
        with self.ledger.store.begin() as connection:
            kept = self.ledger.reservations(connection, now)
            for one in wanted:
                taken = most_reserved(kept, one.begins, one.ends)
                if taken + one.slots > declared:
                    raise Refused(
                        f"Only {max(0, declared - taken)} of {declared} GPUs are not reserved on {one.begins:%-d %B}."
                    )
                values = {"course": one.course, "begins": one.begins, "ends": one.ends, "slots": one.slots}
                connection.execute(sql.insert(reservations).values(**values, person=person, at=now))

    def reserved(self, now: datetime) -> list[RowMapping]:
        """Reservations that have not ended, the next first, with their `id` and whose they are."""
        coming = sql.and_(reservations.c.ends > now, reservations.c.ended_at.is_(None))
        with self.ledger.store.begin() as connection:
            query = sql.select(reservations).where(coming).order_by(reservations.c.begins)
            return list(connection.execute(query).mappings())

    def give_up(self, course: str, identity: int, now: datetime) -> None:
        """End a reservation of a course."""
        these = sql.and_(reservations.c.id == identity, reservations.c.course == course)
        with self.ledger.store.begin() as connection:
            connection.execute(sql.update(reservations).where(these).values(ended_at=now))


def _logged(lease: Lease, by: str, what: str, why: str, now: datetime) -> dict[str, Any]:
    if not why.strip():
        raise Refused("Say why: it is written down beside what you do.")
    if len(why) > LONGEST_REASON:
        raise Refused(f"Say why in at most {LONGEST_REASON} characters.")
    about = {"course": lease.course, "person": lease.person, "slot": lease.slot}
    return {**about, "done_by": by, "what": what, "why": why.strip(), "at": now}
