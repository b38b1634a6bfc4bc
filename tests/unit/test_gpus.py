"""Who gets which GPU, in what order, until when; and that nobody loses one without a word before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.gpus import (
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
    waits,
)
from hub.lending import End, Offer, Warn, due, offers

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
POLICY = Policy()
SLOTS = tuple(Slot(f"gpu{number}", f"GPU-{number}") for number in range(4))


def lease(slot: int, person: str = "", **more: object) -> Lease:
    """An active one that began an hour ago and computes."""
    about = Lease(f"gpu{slot}", person or f"p{slot}", "nn", State.ACTIVE, NOON - HOUR, NOON + 2 * HOUR, NOON)
    return replace(about, **more)  # type: ignore[arg-type]


def ticket(person: str, minutes: int = 0, course: str = "nn", *, ahead: bool = False) -> Ticket:
    return Ticket(person, course, NOON - minutes * MINUTE, ahead)


def offered(ledger: Ledger, now: datetime = NOON) -> dict[str, str]:
    return {one.ticket.person: one.slot.name for one in offers(ledger, POLICY, now)}


# -- the queue ----------------------------------------------------------------------------------------------------------


def test_order_is_fault_then_budget_then_hours_that_decay_then_arrival() -> None:
    waiting = (
        ticket("much", 50),
        ticket("late", 1),
        ticket("early", 9),
        ticket("over", 60),
        ticket("fault", 0, ahead=True),
    )
    used = {"much": Used(3, 5), "over": Used(0.1, 6.5)}
    ledger = Ledger(SLOTS, tickets=waiting, used=used)
    assert [one.person for one in ledger.queue(POLICY)] == ["fault", "early", "late", "much", "over"]


def test_hours_are_half_after_half_a_week() -> None:
    assert decayed(4, POLICY.half_life, POLICY) == 2
    assert decayed(4, timedelta(), POLICY) == 4


def test_free_slots_go_out_at_once_on_the_least_used_gpu_and_to_those_over_their_budget_too() -> None:
    parts = tuple(Slot(f"gpu{number}", f"GPU-{number // 2}", 0.5) for number in range(4))
    ledger = Ledger(parts, (lease(0),), (ticket("a", 2), ticket("over", 1)), used={"over": Used(9, 9)})
    assert offered(ledger) == {"a": "gpu2", "over": "gpu3"} or offered(ledger) == {"a": "gpu2", "over": "gpu1"}


def test_slot_with_trouble_is_lent_to_nobody_and_taken_from_its_holder() -> None:
    slots = (replace(SLOTS[0], good=False, failed=True), SLOTS[1])
    ledger = Ledger(slots, (lease(0),), (ticket("a"), ticket("b", 1)))
    assert due(ledger, POLICY, NOON) == [End(lease(0), Reason.FAULT), Offer(ticket("b", 1), SLOTS[1])]


def test_place_and_wait_are_a_range_of_what_others_may_take() -> None:
    leases = tuple(lease(slot, until=NOON + (slot + 1) * HOUR) for slot in range(2))
    ledger = Ledger(SLOTS[:2], leases, (ticket("a", 3), ticket("b", 2), ticket("c", 1)))
    assert waits(ledger, "a", POLICY, NOON) == (1, HOUR / 3, HOUR)
    assert waits(ledger, "c", POLICY, NOON) == (3, 4 * HOUR / 3, 4 * HOUR)
    assert waits(ledger, "nobody", POLICY, NOON) is None


# -- ends ---------------------------------------------------------------------------------------------------------------


def changes_until_it_ends(held: Lease, minutes: int, ledger: Ledger | None = None) -> list[tuple[int, Warn | End]]:
    """What happens to a lease, minute by minute; warnings are kept as the ledger would."""
    found: list[tuple[int, Warn | End]] = []
    for minute in range(minutes):
        now = NOON + minute * MINUTE
        about = replace(ledger or Ledger(SLOTS), leases=(held,))
        for change in due(about, POLICY, now):
            if isinstance(change, End):
                return [*found, (minute, change)]
            if isinstance(change, Warn):
                found.append((minute, change))
                held = replace(held, warned=change.warned)
    return found


def said(found: list[tuple[int, Warn | End]]) -> list[tuple[int, Reason | None]]:
    return [
        (at, one.reason if isinstance(one, End) else one.warned.reason if one.warned else None) for at, one in found
    ]


def test_unused_lease_is_warned_of_and_ends_and_one_that_computes_is_not() -> None:
    assert said(changes_until_it_ends(lease(0), 60)) == [(15, Reason.IDLE), (20, Reason.IDLE)]
    assert said(changes_until_it_ends(lease(0, busy_at=NOON + 99 * HOUR), 60)) == []


def test_in_class_a_lease_may_be_unused_for_longer() -> None:
    in_class = Ledger(SLOTS, reservations=(Reservation("nn", NOON - HOUR, NOON + HOUR, 1),))
    assert said(changes_until_it_ends(lease(0), 60, in_class)) == [(25, Reason.IDLE), (30, Reason.IDLE)]


def test_lease_that_is_over_ends_with_ten_minutes_notice_also_when_nobody_looked_for_an_hour() -> None:
    busy = NOON + 99 * HOUR
    assert said(changes_until_it_ends(lease(0, until=NOON + HOUR, busy_at=busy), 90)) == [
        (50, Reason.OVER),
        (60, Reason.OVER),
    ]
    assert said(changes_until_it_ends(lease(0, until=NOON - HOUR, busy_at=busy), 90)) == [
        (0, Reason.OVER),
        (10, Reason.OVER),
    ]


def test_warning_is_taken_back_when_there_is_no_reason_any_more() -> None:
    told = Warned(Reason.IDLE, NOON + 5 * MINUTE)
    again = lease(0, busy_at=NOON, warned=told)
    assert due(Ledger(SLOTS, (again,)), POLICY, NOON) == [Warn(again, None)]


def test_over_budget_leaves_when_somebody_waits_who_is_not_and_only_as_many_as_wait() -> None:
    leases = tuple(lease(slot, busy_at=NOON + HOUR) for slot in range(4))
    used = {"p1": Used(9, 9), "p2": Used(12, 8), "over": Used(7, 7)}
    ledger = Ledger(SLOTS, leases, (ticket("over"), ticket("new")), used=used)
    assert due(ledger, POLICY, NOON) == [Warn(leases[2], Warned(Reason.BUDGET, NOON + POLICY.notice))]
    alone = replace(ledger, tickets=(ticket("over"),))
    assert due(alone, POLICY, NOON) == [], "nobody waits who had less"


def test_offer_that_nobody_claims_lapses() -> None:
    kept = lease(0, state=State.OFFERED, since=NOON - 10 * MINUTE, until=NOON)
    assert due(Ledger(SLOTS, (kept,)), POLICY, NOON) == [End(kept, Reason.LAPSED)]
    assert due(Ledger(SLOTS, (kept,)), POLICY, NOON - MINUTE) == []


def test_time_begins_anew_only_while_nobody_waits() -> None:
    mine = lease(0)
    ledger = Ledger(SLOTS, (mine,))
    assert renewed(ledger, mine, POLICY, NOON) == NOON + POLICY.length
    assert renewed(replace(ledger, tickets=(ticket("a"),)), mine, POLICY, NOON) is None
    needed = Reservation("other", NOON + HOUR, NOON + 2 * HOUR, 4)
    assert renewed(replace(ledger, reservations=(needed,)), mine, POLICY, NOON) is None
    assert renewed(replace(ledger, reservations=(replace(needed, slots=3),)), mine, POLICY, NOON), (
        "its own slot is left"
    )


# -- classes ------------------------------------------------------------------------------------------------------------


def test_lease_ends_where_a_class_needs_its_slot_and_none_begins_just_before() -> None:
    soon = Reservation("lab", NOON + HOUR, NOON + 3 * HOUR, 3)
    ledger = Ledger(SLOTS, (lease(0, until=NOON + 30 * MINUTE),), reservations=(soon,))
    assert term(ledger, "nn", POLICY, NOON) == NOON + POLICY.length, "one of four is nobody's"
    full = replace(ledger, leases=(lease(0),))
    assert term(full, "nn", POLICY, NOON) == soon.begins
    assert term(full, "lab", POLICY, NOON) == NOON + POLICY.length
    assert offered(replace(full, tickets=(ticket("a"),)), NOON + 50 * MINUTE) == {}


def test_class_gets_its_slots_first_and_keeps_them_for_ten_minutes() -> None:
    lab = Reservation("lab", NOON, NOON + HOUR, 3)
    waiting = (ticket("a", 9), ticket("b", 8), ticket("x", 1, "lab"))
    ledger = Ledger(SLOTS, tickets=waiting, reservations=(lab,))
    assert offered(ledger) == {"x": "gpu0", "a": "gpu1"}, "two are kept for the class"
    assert offered(ledger, NOON + 10 * MINUTE) == {"x": "gpu0", "a": "gpu1", "b": "gpu2"}


def test_class_has_its_slots_when_it_begins_and_holders_were_told() -> None:
    lab = Reservation("lab", NOON + HOUR, NOON + 2 * HOUR, 4)
    used = {"p0": Used(1, 1)}
    long = lease(0, until=NOON + 9 * HOUR, busy_at=NOON + 9 * HOUR)
    found = said(changes_until_it_ends(long, 90, Ledger(SLOTS, reservations=(lab,), used=used)))
    assert found == [(50, Reason.RESERVED), (60, Reason.RESERVED)]


def test_two_classes_at_once_take_nothing_of_each_other() -> None:
    both = (Reservation("a", NOON, NOON + HOUR, 2), Reservation("b", NOON, NOON + HOUR, 2))
    leases = tuple(lease(slot, course="a" if slot < 2 else "b", busy_at=NOON + HOUR) for slot in range(4))
    assert due(Ledger(SLOTS, leases, reservations=both), POLICY, NOON + MINUTE) == []


def test_two_reservations_of_a_course_at_once_keep_as_many_as_both() -> None:
    both = (Reservation("lab", NOON, NOON + HOUR, 1),) * 2
    waiting = (ticket("other", 9), ticket("student", 1, "lab"))
    assert offered(Ledger(SLOTS[:2], tickets=waiting, reservations=both)) == {"student": "gpu0"}
    held = (lease(0, "student", course="lab"),)
    assert offered(Ledger(SLOTS[:2], held, waiting[:1], both)) == {}, "the second is kept for its class"


# -- whatever the ledger ------------------------------------------------------------------------------------------------

minutes = st.integers(-300, 300).map(lambda number: NOON + number * MINUTE)
people = st.sampled_from([f"p{number}" for number in range(12)])
courses = st.sampled_from(["nn", "lab", "ml"])
warnings = st.none() | st.builds(Warned, st.sampled_from(Reason), minutes)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    slots = tuple(
        Slot(f"gpu{number}", f"GPU-{number // 2}", good=draw(st.booleans()))
        for number in range(draw(st.integers(0, 6)))
    )
    names = draw(st.lists(people, unique=True, max_size=12))
    held = draw(st.lists(st.sampled_from(slots), unique=True, max_size=len(names))) if slots else []
    leases = tuple(
        Lease(
            slot.name,
            person,
            draw(courses),
            draw(st.sampled_from(State)),
            draw(minutes),
            draw(minutes),
            draw(minutes),
            draw(warnings),
        )
        for slot, person in zip(held, names, strict=False)
    )
    waiting = tuple(Ticket(person, draw(courses), draw(minutes), draw(st.booleans())) for person in names[len(held) :])
    classes = st.builds(
        lambda course, at, slots: Reservation(course, at, at + HOUR, slots), courses, minutes, st.integers(1, 4)
    )
    used = draw(st.dictionaries(people, st.builds(Used, st.floats(0, 20), st.floats(0, 20))))
    return Ledger(slots, leases, waiting, tuple(draw(st.lists(classes, max_size=2))), used)


@given(ledgers())
def test_offers_are_of_free_good_slots_one_each(ledger: Ledger) -> None:
    found = offers(ledger, POLICY, NOON)
    assert len({one.slot.name for one in found}) == len({one.ticket.person for one in found}) == len(found)
    assert {one.slot for one in found} <= {one for one in ledger.slots if one.good}
    assert not {one.slot.name for one in found} & {one.slot for one in ledger.leases}


@given(ledgers())
def test_nobody_loses_a_gpu_that_works_without_having_been_told_why_and_when(ledger: Ledger) -> None:
    for change in due(ledger, POLICY, NOON):
        if isinstance(change, End) and change.lease.state is State.ACTIVE and change.reason is not Reason.FAULT:
            assert change.lease.warned is not None
            assert change.lease.warned.reason is change.reason
            assert change.lease.warned.at <= NOON


@given(ledgers())
def test_whoever_is_served_before_another_had_less_or_has_a_class(ledger: Ledger) -> None:
    found = [one.ticket for one in offers(ledger, POLICY, NOON)]
    without = [one for one in found if not ledger.in_class(one.course, NOON)]
    assert without == [one for one in ledger.queue(POLICY) if one in without]


@given(ledgers())
def test_what_is_due_is_due_once(ledger: Ledger) -> None:
    changes = due(ledger, POLICY, NOON)
    leases = {one.slot: one for one in ledger.leases}
    served = set()
    for change in changes:
        match change:
            case Warn(held, warned):
                leases[held.slot] = replace(held, warned=warned)
            case End(held, _):
                leases[held.slot] = replace(held, state=State.STOPPING, warned=None)
            case Offer(waiting, slot):
                until = NOON + POLICY.claim
                leases[slot.name] = Lease(slot.name, waiting.person, waiting.course, State.OFFERED, NOON, until, NOON)
                served.add(waiting.person)
    left = tuple(one for one in ledger.tickets if one.person not in served)
    again = due(replace(ledger, leases=tuple(leases.values()), tickets=left), POLICY, NOON)
    assert not [one for one in again if isinstance(one, Offer)]
