"""Due dates, extensions, attempts and late rules, at any moment and in any time zone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exchange import Receipt, Refused
from hub.extensions import Extension, Kind, Member
from hub.moments import for_field, from_field, moment_in
from hub.rules import (
    Counts,
    Late,
    Rules,
    Shows,
    chance,
    check,
    closes_for,
    counting,
    due_for,
    judge,
    minutes_late,
    percent_lost,
    points_lost,
    standings,
)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = ("UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
ASHA = Member("asha", "A")
PEOPLE = (ASHA, Member("bela", "B"), Member("chitra"))

moments = st.timedeltas(-500 * DAY, 500 * DAY).map(NOON.__add__)
people = st.sampled_from(PEOPLE)
extensions = st.builds(
    Extension,
    st.integers(1),
    st.sampled_from(Kind),
    st.sampled_from(["asha", "bela", "A", "B", "asha chitra"]),
    moments,
    st.just("ivy"),
    moments,
)
rules = st.builds(
    Rules,
    due=st.none() | moments,
    opens_at=st.none() | moments,
    closes_at=st.none() | moments,
    late=st.sampled_from(Late),
    percent_a_day=st.floats(0, 100),
    attempts=st.none() | st.integers(1, 9),
    counts=st.sampled_from(Counts),
    extensions=st.lists(extensions, max_size=4).map(tuple),
)


def receipt(attempt: int, at: datetime = NOON, due: datetime | None = None) -> Receipt:
    return Receipt(f"s{attempt}", "demo", "ps1", "asha", attempt, at, due, late=False, files=())


def extended(until: datetime, *, kind: Kind = Kind.PERSON, who: str = "asha") -> Extension:
    return Extension(1, kind, who, until, "ivy", NOON)


@given(rules, extensions, people)
def test_an_extension_never_makes_a_date_earlier(some: Rules, one: Extension, member: Member) -> None:
    more = replace(some, extensions=(*some.extensions, one))
    if some.due is None:
        assert due_for(more, member) is None
        return
    before, after = due_for(some, member), due_for(more, member)
    assert before is not None
    assert after is not None
    assert after >= before >= some.due
    shut, later = closes_for(some, member), closes_for(more, member)
    assert (shut is None) == (later is None)
    assert shut is None or later is None or later >= shut


@given(rules, people, moments, st.timedeltas(timedelta(), 100 * DAY))
def test_a_later_date_makes_nobody_late_and_costs_nobody_more(
    some: Rules, member: Member, at: datetime, by: timedelta
) -> None:
    moved = replace(some, due=some.due + by) if some.due else replace(some, due=None)
    before, after = due_for(some, member), due_for(moved, member)
    assert minutes_late(at, after) <= minutes_late(at, before)
    assert percent_lost(moved, at, after) <= percent_lost(some, at, before)


@given(rules, moments, moments, moments)
def test_whoever_waits_is_never_earlier(some: Rules, due: datetime, one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    assert minutes_late(first, due) <= minutes_late(second, due)
    assert 0 <= percent_lost(some, first, due) <= percent_lost(some, second, due) <= 100


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 100))
def test_nobody_loses_more_than_there_is(score: float, most: float, percent: float) -> None:
    assert 0 <= points_lost(score, most, percent) <= score


@given(rules, st.integers(1, 6), st.dictionaries(st.sampled_from([f"s{n}" for n in range(1, 7)]), st.floats(0, 10)))
def test_exactly_one_attempt_counts(some: Rules, many: int, scores: dict[str, float]) -> None:
    points = {name: (score, 10.0) for name, score in scores.items()}
    told = standings(some, ASHA, [receipt(n) for n in range(1, many + 1)], points)
    assert [one.counts for one in told].count(True) == 1
    assert counting(some, [], scores) is None


@given(rules, people, moments, st.sampled_from(ZONES), st.sampled_from(ZONES), st.integers(0, 5))
def test_the_zone_in_which_a_time_is_told_changes_nothing(
    some: Rules, member: Member, now: datetime, zone: str, other: str, so_far: int
) -> None:
    def there(at: datetime | None) -> datetime | None:
        return at.astimezone(ZoneInfo(other)) if at else None

    moved = replace(some, due=there(some.due), opens_at=there(some.opens_at), closes_at=there(some.closes_at))
    moved = replace(
        moved, extensions=tuple(replace(one, due=one.due.astimezone(ZoneInfo(other))) for one in some.extensions)
    )
    say = moment_in("UTC")
    before = chance(some, member, now, so_far=so_far, say=say)
    after = chance(moved, member, now.astimezone(ZoneInfo(zone)), so_far=so_far, say=say)
    assert after == before
    assert percent_lost(moved, now.astimezone(ZoneInfo(other)), after.due) == percent_lost(some, now, before.due)


@given(rules, people, moments, st.integers(0, 9))
def test_what_is_taken_is_inside_the_window_and_an_attempt_that_is_left(
    some: Rules, member: Member, now: datetime, so_far: int
) -> None:
    found = chance(some, member, now, so_far=so_far, say=moment_in("UTC"))
    if found.why_not:
        return
    assert some.opens_at is None or now >= some.opens_at
    assert found.closes is None or now <= found.closes
    assert found.attempts is None or found.attempt <= found.attempts
    assert not (some.late is Late.REFUSE and found.late)
    assert found.late == (found.minutes_late > 0)


@given(rules, people)
def test_rules_come_back_from_the_store_as_they_were(some: Rules, member: Member) -> None:
    told = json.loads(json.dumps(some.as_data()))
    assert Rules.of_data({**told, "of a later version": 1}, extensions=some.extensions) == some


@pytest.mark.parametrize(("seconds", "percent"), [(0, 0), (1, 10), (86_400, 10), (86_401, 20), (86_400 * 30, 100)])
def test_a_started_day_counts_as_a_day(seconds: int, percent: float) -> None:
    some = Rules(due=NOON, late=Late.PERCENT, percent_a_day=10)
    assert percent_lost(some, NOON + timedelta(seconds=seconds), NOON) == percent


def test_a_day_has_24_hours_where_the_clock_is_put_back() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    due = datetime(2026, 10, 24, 12, tzinfo=berlin)  # the clock goes back in the night
    some = Rules(due=due, late=Late.PERCENT, percent_a_day=10)
    assert percent_lost(some, datetime(2026, 10, 25, 11, 30, tzinfo=berlin), due) == 20
    assert (
        minutes_late(datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1), datetime(2026, 10, 25, 2, 30, tzinfo=berlin))
        == 60
    )


@pytest.mark.parametrize(
    ("some", "now", "so_far", "told"),
    [
        (Rules(opens_at=NOON), NOON - HOUR, 0, "Not open yet: this opens on Tuesday 1 December 2026, 12:00 UTC."),
        (Rules(due=NOON, late=Late.REFUSE), NOON + HOUR, 0, "until Tuesday 1 December 2026, 12:00 UTC"),
        (Rules(due=NOON, closes_at=NOON + DAY), NOON + 2 * DAY, 0, "until Wednesday 2 December"),
        (Rules(attempts=3), NOON, 3, "All 3 attempts are used"),
        (Rules(attempts=1), NOON, 1, "The one attempt is used"),
    ],
)
def test_refusal_says_why(some: Rules, now: datetime, so_far: int, told: str) -> None:
    with pytest.raises(Refused, match=told):
        judge(some, ASHA, now, so_far=so_far, say=moment_in("UTC"))


def test_whoever_has_an_extension_is_not_shut_out_before_it_ends() -> None:
    some = Rules(due=NOON, closes_at=NOON + HOUR, late=Late.PERCENT, extensions=(extended(NOON + DAY),))
    mine = judge(some, ASHA, NOON + 20 * HOUR, so_far=0, say=moment_in("UTC"))
    assert (mine.late, mine.extended) == (False, NOON + DAY)
    with pytest.raises(Refused, match="Closed"):
        judge(some, PEOPLE[1], NOON + 20 * HOUR, so_far=0, say=moment_in("UTC"))


@pytest.mark.parametrize(
    ("kind", "who", "reached"),
    [
        (Kind.PERSON, "asha", ["asha"]),
        (Kind.SECTION, "B", ["bela"]),
        (Kind.SECTION, "", []),
        (Kind.GROUP, "asha chitra", ["asha", "chitra"]),
    ],
)
def test_an_extension_reaches_whom_it_is_for(kind: Kind, who: str, reached: list[str]) -> None:
    one = extended(NOON, kind=kind, who=who)
    assert [member.name for member in PEOPLE if one.reaches(member)] == reached


@pytest.mark.parametrize(
    ("counts", "scores", "attempt"),
    [
        (Counts.LAST, {}, 3),
        (Counts.FIRST, {"s3": 9}, 1),
        (Counts.BEST, {"s1": 4, "s2": 7, "s3": 5}, 2),
        (Counts.BEST, {"s1": 5, "s2": 1, "s3": 5}, 3),
        (Counts.BEST, {"s1": 5, "s2": 7}, 3),
    ],
)
def test_which_attempt_counts(counts: Counts, scores: dict[str, float], attempt: int) -> None:
    found = counting(Rules(counts=counts), [receipt(n) for n in (1, 2, 3)], scores)
    assert found is not None
    assert found.attempt == attempt


def test_a_stored_submission_is_on_time_once_the_date_has_moved() -> None:
    some = Rules(due=NOON, late=Late.PERCENT, percent_a_day=10)
    told = standings(some, ASHA, [receipt(1, NOON + HOUR, NOON)], {})
    assert (told[0].receipt.late, told[0].percent_lost) == (True, 10)
    told = standings(replace(some, extensions=(extended(NOON + DAY),)), ASHA, [receipt(1, NOON + HOUR, NOON)], {})
    assert (told[0].receipt.late, told[0].percent_lost, told[0].receipt.due) == (False, 0, NOON + DAY)


@pytest.mark.parametrize(
    "some",
    [
        Rules(due=NOON, opens_at=NOON + HOUR),
        Rules(due=NOON, closes_at=NOON - HOUR),
        Rules(opens_at=NOON, closes_at=NOON),
        Rules(due=NOON, percent_a_day=101),
        Rules(due=NOON, percent_a_day=float("nan")),
        Rules(late=Late.REFUSE),
        Rules(attempts=0),
        Rules(seconds=5),
        Rules(memory=1024),
    ],
)
def test_rules_that_contradict_themselves_are_refused(some: Rules) -> None:
    with pytest.raises(Refused):
        check(some)


def test_rules_of_nobodys_making_are_as_before() -> None:
    check(Rules())
    assert Rules().shows is Shows.NOTHING
    assert judge(Rules(), ASHA, NOON, so_far=99, say=moment_in("")).attempt == 100


@given(moments, st.sampled_from(ZONES))
def test_time_in_a_field_comes_back_as_it_was(at: datetime, zone: str) -> None:
    at = at.replace(microsecond=0)
    back = from_field(for_field(at, zone), zone)
    assert back is not None
    assert at <= back <= at + HOUR, "an hour that happens twice is its second one"


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-01T12:00+01:00", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_field(text, "Asia/Kolkata")


def test_dates_are_told_by_the_clocks_of_successive_zones() -> None:
    told = [moment_in(zone)(NOON) for zone in ZONES]
    assert all(one != other for one, other in pairwise(told))
