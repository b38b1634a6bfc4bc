"""The ledger of GPUs in a real SQLite: what is asked, offered, claimed, renewed and ended is kept, and no slot is lent twice."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.adapters.leases import Leases
from hub.adapters.store import Store
from hub.exchange import Refused
from hub.gpus import Lease, Policy, Reason, Slot, State, Ticket, Warned
from hub.lending import End, Offer, Warn

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
POLICY = Policy()
ASKS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tests.unit.test_leases import NOON, ledger
from hub.gpus import Lease
found = ledger(Path(sys.argv[1]), slots=4)
for number in range(10):
    lease = found.ask(f"{sys.argv[2]}-{number}", "nn", NOON)
    if isinstance(lease, Lease):
        print(lease.slot)
"""


def ledger(folder: Path, slots: int = 1) -> Leases:
    return Leases(Store.at(folder), tuple(Slot(f"gpu{number}", f"GPU-{number}") for number in range(slots)), POLICY)


@pytest.fixture
def one(tmp_path: Path) -> Leases:
    """A ledger of one GPU."""
    return ledger(tmp_path)


def take(gpus: Leases, person: str, now: datetime = NOON) -> Lease:
    """Ask for a slot that is free, and have the server up."""
    assert isinstance(gpus.ask(person, "nn", now), Lease)
    gpus.started(person, now)
    found = gpus.lease(person)
    assert found is not None
    assert found.state is State.ACTIVE
    return found


def give_back(gpus: Leases, person: str, now: datetime, reason: Reason = Reason.RETURNED) -> None:
    gpus.end(person, reason, now)
    gpus.freed(person, now)


def test_free_slot_is_lent_at_once_and_the_next_person_waits(one: Leases) -> None:
    lease = one.ask("asha", "nn", NOON)
    assert lease == Lease("gpu0", "asha", "nn", State.STARTING, NOON, NOON + POLICY.length, NOON)
    assert one.ask("asha", "nn", NOON + MINUTE) == lease, "asked again it is the same"
    assert one.ask("bela", "nn", NOON + MINUTE) == Ticket("bela", "nn", NOON + MINUTE)
    assert one.ask("bela", "nn", NOON + 2 * MINUTE) == Ticket("bela", "nn", NOON + MINUTE)
    one.leave("bela")
    assert one.ledger(NOON).tickets == ()


def test_freed_slot_is_offered_claimed_or_lapses(one: Leases) -> None:
    take(one, "asha")
    for person in ("bela", "cem"):
        one.ask(person, "nn", NOON)
    one.end("asha", Reason.RETURNED, NOON + HOUR)
    assert one.advance(NOON + HOUR) == [], "its container runs still"
    one.freed("asha", NOON + HOUR)
    [offer] = one.advance(NOON + HOUR)
    assert offer == Offer(Ticket("bela", "nn", NOON), Slot("gpu0", "GPU-0"))
    with pytest.raises(Refused, match="Nothing is offered"):
        one.claim("cem", NOON + HOUR)
    [lapsed] = one.advance(NOON + HOUR + POLICY.claim)
    assert isinstance(lapsed, End)
    assert lapsed.reason is Reason.LAPSED
    with pytest.raises(Refused, match="Nothing is offered"):
        one.claim("bela", NOON + HOUR + POLICY.claim)
    later = NOON + HOUR + POLICY.claim + MINUTE
    assert isinstance(one.advance(later)[0], Offer)
    assert one.claim("cem", later) == Lease("gpu0", "cem", "nn", State.STARTING, later, later + POLICY.length, later)


def test_hours_are_counted_while_held_and_after_and_put_their_person_last(one: Leases) -> None:
    take(one, "asha")
    assert one.ledger(NOON + 2 * HOUR).used["asha"].week == pytest.approx(2)
    give_back(one, "asha", NOON + 3 * HOUR)
    take(one, "bela", NOON + 3 * HOUR)
    one.ask("asha", "nn", NOON + 3 * HOUR)
    one.ask("cem", "nn", NOON + 3 * HOUR + MINUTE)
    now = NOON + 3 * HOUR + POLICY.half_life
    found = one.ledger(now)
    assert found.used["asha"].decayed == pytest.approx(1.5)
    assert found.used["asha"].week == pytest.approx(3)
    assert [ticket.person for ticket in found.queue(POLICY)] == ["cem", "asha"]
    assert one.ledger(NOON + timedelta(days=9)).used["asha"].week == 0


def test_time_is_renewed_while_nobody_waits(one: Leases) -> None:
    take(one, "asha")
    one.computing(["gpu0"], NOON + 170 * MINUTE)
    [warned] = one.advance(NOON + 170 * MINUTE)
    assert isinstance(warned, Warn)
    assert warned.warned == Warned(Reason.OVER, NOON + POLICY.length)
    assert one.renew("asha", NOON + 171 * MINUTE) == NOON + 171 * MINUTE + POLICY.length
    lease = one.lease("asha")
    assert lease is not None
    assert lease.warned is None
    one.ask("bela", "nn", NOON + 172 * MINUTE)
    with pytest.raises(Refused, match="somebody waits"):
        one.renew("asha", NOON + 173 * MINUTE)
    with pytest.raises(Refused, match="no GPU"):
        one.renew("bela", NOON + 173 * MINUTE)


def test_gpu_that_fails_brings_its_holder_to_the_head_of_the_queue(tmp_path: Path) -> None:
    gpus = ledger(tmp_path, slots=2)
    for person in ("asha", "bela"):
        take(gpus, person)
    gpus.ask("cem", "nn", NOON)
    lost = gpus.lease("bela")
    assert lost is not None
    gpus.found_bad(lost.slot, "somebody's container has it too")
    assert gpus.advance(NOON + MINUTE) == [], "nobody's work ends by it"
    gpus.found_bad(lost.slot, "GPU is lost", failed=True)
    ends = gpus.advance(NOON + MINUTE)
    assert [(change.lease.person, change.reason) for change in ends if isinstance(change, End)] == [
        ("bela", Reason.FAULT)
    ]
    assert [one.person for one in gpus.ledger(NOON).queue(POLICY)] == ["cem"], "bela's container holds the other still"
    gpus.freed("bela", NOON + MINUTE)
    assert [one.person for one in gpus.ledger(NOON).queue(POLICY)] == ["bela", "cem"]
    assert gpus.advance(NOON + 2 * MINUTE) == [], "a slot with trouble is lent to nobody"
    gpus.found_bad(lost.slot, "")
    assert [change.ticket.person for change in gpus.advance(NOON + 2 * MINUTE) if isinstance(change, Offer)] == ["bela"]


def test_what_ends_twice_ends_once(one: Leases) -> None:
    take(one, "asha")
    assert one.end("asha", Reason.RETURNED, NOON + HOUR) is not None
    assert one.end("asha", Reason.IDLE, NOON + 2 * HOUR) is None
    one.freed("asha", NOON + HOUR)
    one.freed("asha", NOON + 2 * HOUR)
    take(one, "bela", NOON + HOUR)
    assert one.ledger(NOON + HOUR).used.keys() == {"bela"}


def test_processes_that_race_get_each_slot_once(tmp_path: Path) -> None:
    ledger(tmp_path)  # its tables
    words = [sys.executable, "-c", ASKS, str(tmp_path)]
    racing = [subprocess.Popen([*words, f"p{number}"], stdout=subprocess.PIPE, text=True) for number in range(6)]
    slots = "".join(one.communicate()[0] for one in racing).split()
    assert sorted(slots) == ["gpu0", "gpu1", "gpu2", "gpu3"]
    assert len(ledger(tmp_path, slots=4).ledger(NOON).tickets) == 56
