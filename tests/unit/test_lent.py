"""What staff change in the ledger of GPUs, and what is read of it: reservations, ends, more time, hours."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.adapters.leases import Leases
from hub.adapters.lent import Lent
from hub.exchange import Refused
from hub.gpus import Reason, Reservation, State, Ticket
from tests.unit.test_leases import HOUR, MINUTE, NOON, ledger, take

WEEK = timedelta(days=7)


@pytest.fixture
def gpus(tmp_path: Path) -> Leases:
    """A ledger of four GPUs."""
    return ledger(tmp_path, slots=4)


@pytest.fixture
def lent(gpus: Leases) -> Lent:
    return Lent(gpus)


def test_no_more_is_reserved_than_there_is(lent: Lent) -> None:
    lent.reserve([Reservation("nn", NOON, NOON + 2 * HOUR, 3)], "teacher", NOON - HOUR)
    with pytest.raises(Refused, match="Only 1 of 4"):
        lent.reserve([Reservation("ml", NOON + HOUR, NOON + 3 * HOUR, 2)], "teacher", NOON - HOUR)
    lent.reserve([Reservation("ml", NOON + 2 * HOUR, NOON + 3 * HOUR, 4)], "teacher", NOON - HOUR)


def test_weeks_are_reserved_together_or_not_at_all(lent: Lent) -> None:
    lent.reserve([Reservation("ml", NOON + WEEK, NOON + WEEK + HOUR, 4)], "other", NOON - HOUR)
    weeks = [Reservation("nn", NOON + week * WEEK, NOON + week * WEEK + HOUR, 1) for week in range(3)]
    with pytest.raises(Refused, match="Only 0 of 4"):
        lent.reserve(weeks, "teacher", NOON - HOUR)
    assert [row["course"] for row in lent.reserved(NOON - HOUR)] == ["ml"]


def test_reservation_that_was_given_up_keeps_nothing(lent: Lent, gpus: Leases) -> None:
    lent.reserve([Reservation("nn", NOON, NOON + HOUR, 4)], "teacher", NOON - HOUR)
    (row,) = lent.reserved(NOON)
    lent.give_up("ml", row["id"], NOON)
    assert isinstance(gpus.ask("asha", "ml", NOON), Ticket), "another course cannot end it"
    lent.give_up("nn", row["id"], NOON)
    assert lent.reserved(NOON) == []
    gpus.advance(NOON)
    assert gpus.claim("asha", NOON).state is State.STARTING


def test_staff_give_more_time_and_end_leases_with_a_reason_that_is_kept(lent: Lent, gpus: Leases) -> None:
    until = take(gpus, "asha").until
    assert lent.extend("asha", 2, "teacher", "her thesis is due", NOON) == until + 2 * HOUR
    lent.end("asha", "teacher", "it mines coins", NOON + MINUTE)
    assert [(row["done_by"], row["what"], row["why"]) for row in lent.log("nn")] == [
        ("teacher", "ended", "it mines coins"),
        ("teacher", "extended", "her thesis is due"),
    ]
    last = lent.last_end("asha")
    assert last is not None
    assert (last.reason, last.by, last.why) == (Reason.STAFF, "teacher", "it mines coins")


def test_staff_must_say_why(lent: Lent, gpus: Leases) -> None:
    take(gpus, "asha")
    with pytest.raises(Refused, match="Say why"):
        lent.end("asha", "teacher", "  ", NOON)
    with pytest.raises(Refused, match="no GPU"):
        lent.extend("bela", 1, "teacher", "a reason", NOON)
    lease = gpus.lease("asha")
    assert lease is not None
    assert lease.state is State.ACTIVE


def test_hours_of_somebody_are_those_of_the_week_and_of_now(lent: Lent, gpus: Leases) -> None:
    assert lent.used("asha", NOON).week == 0
    take(gpus, "asha", NOON)
    assert lent.used("asha", NOON + HOUR).week == pytest.approx(1)
    gpus.end("asha", Reason.RETURNED, NOON + 2 * HOUR)
    assert lent.used("asha", NOON + 3 * HOUR).week == pytest.approx(2)
    assert lent.used("asha", NOON + 8 * 24 * HOUR).week == 0


def test_lease_that_the_ledger_has_lost_is_taken_in_again(gpus: Leases) -> None:
    gpus.adopt("gpu2", "asha", "nn", NOON)
    lease = gpus.lease("asha")
    assert lease is not None
    assert (lease.slot, lease.state) == ("gpu2", State.ACTIVE)
    gpus.adopt("gpu2", "bela", "nn", NOON)
    gpus.adopt("gpu3", "asha", "nn", NOON)
    assert [(one.person, one.slot) for one in gpus.ledger(NOON).leases] == [("asha", "gpu2")]
