"""The rules of one assignment: its window, what being late means, how many attempts there are and which one counts.

Pure, with the clock as an argument. All times are compared in UTC: a zone that puts its clock forward moves nobody's date.
Where rules and extensions are kept is the store's; what a submission may hold is `hub.exchange`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Any

from hub.exchange import Receipt, Refused
from hub.extensions import Extension, Member

DAY = timedelta(days=1)
MOST_ATTEMPTS = 1000
SECONDS = (10, 3600)  # what an instructor may give one submission, at least and at most
LEAST_MEMORY = 128 * 1024**2
TIMES = ("due", "opens_at", "closes_at")

Say = Callable[[datetime], str]


class Late(StrEnum):
    """What becomes of a submission after the due date."""

    REFUSE = "refuse"
    MARK = "mark"
    PERCENT = "percent"


class Counts(StrEnum):
    """Which of a person's attempts counts."""

    LAST = "last"
    FIRST = "first"
    BEST = "best"


class Shows(StrEnum):
    """What a student sees once a submission has been graded by itself."""

    NOTHING = "nothing"
    SCORE = "score"
    MESSAGES = "messages"


@dataclass(frozen=True)
class Rules:
    """One assignment's rules. Without a word of its instructor: no window, late is marked, any number of attempts.

    With `reveals`, feedback that is generated from then on has the hidden tests.
    `seconds`, `memory` (bytes) and `image` are those of its sandbox; none is what the course has.
    """

    due: datetime | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    late: Late = Late.MARK
    percent_a_day: float = 10
    attempts: int | None = None
    counts: Counts = Counts.LAST
    shows: Shows = Shows.NOTHING
    reveals: bool = False
    seconds: int | None = None
    memory: int | None = None
    image: str | None = None
    extensions: tuple[Extension, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Plain values for JSON, without the extensions; times as ISO 8601 in UTC."""
        told = {key: value for key, value in asdict(self).items() if key != "extensions"}
        return {**told, **{key: _utc(told[key]).isoformat() for key in TIMES if told[key]}}

    @classmethod
    def of_data(cls, told: Mapping[str, Any], **more: Any) -> Rules:
        """The rules that `as_data` told, with more; what this version does not know is left out."""
        known = {field.name for field in fields(cls)}
        found = {key: value for key, value in told.items() if key in known}
        times = {key: datetime.fromisoformat(found[key]) for key in TIMES if found.get(key)}
        kinds = {key: kind(found[key]) for key, kind in KINDS.items() if key in found}
        return cls(**{**found, **times, **kinds, **more})


KINDS: Mapping[str, type[StrEnum]] = {"late": Late, "counts": Counts, "shows": Shows}


@dataclass(frozen=True)
class Chance:
    """What handing in at a certain moment is for one person: which attempt, late or not, or why it is not taken.

    `extended` is their own later date, if they have one; `opened` is false before the window, when nothing may be fetched
    either; `closes` is when nothing is taken from them any more.
    """

    due: datetime | None
    extended: datetime | None
    opens: datetime | None
    opened: bool
    closes: datetime | None
    attempt: int
    attempts: int | None
    minutes_late: int
    late: bool
    why_not: str


@dataclass(frozen=True)
class Standing:
    """What a stored submission is worth by the rules of now."""

    receipt: Receipt
    percent_lost: float
    counts: bool


def late_words(rules: Rules) -> str:
    """What being late means, in a sentence."""
    match rules.late:
        case Late.REFUSE:
            return "Nothing is taken after the due date."
        case Late.PERCENT:
            return f"Each started day after it costs {rules.percent_a_day:g} % of the points."
    return "Later work is taken and marked late."


def check(rules: Rules) -> None:
    """Raises Refused for rules that contradict themselves or promise what cannot be."""
    opens, due, closes = (getattr(rules, key) for key in ("opens_at", "due", "closes_at"))
    if opens and due and _after(opens, due):
        raise Refused("It would be due before it opens. Change one of the two.")
    if closes and due and _after(due, closes):
        raise Refused("It would close before it is due. Change one of the two, or leave 'closes' empty.")
    if opens and closes and not _after(closes, opens):
        raise Refused("It would close before it opens. Change one of the two.")
    if not 0 <= rules.percent_a_day <= 100:
        raise Refused("The percentage a day is a number from 0 to 100.")
    if rules.late is not Late.MARK and due is None:
        raise Refused("Without a due date nothing is late. Give it one, or take 'taken and marked late'.")
    if rules.attempts is not None and not 1 <= rules.attempts <= MOST_ATTEMPTS:
        raise Refused(f"The number of attempts is from 1 to {MOST_ATTEMPTS}; leave it empty for any number.")
    if rules.seconds is not None and not SECONDS[0] <= rules.seconds <= SECONDS[1]:
        raise Refused(
            f"The seconds of a submission are from {SECONDS[0]} to {SECONDS[1]}; leave them empty for the course's."
        )
    if rules.memory is not None and rules.memory < LEAST_MEMORY:
        raise Refused("A submission needs at least 128M of memory; leave it empty for the course's.")


def due_for(rules: Rules, member: Member) -> datetime | None:
    """The latest of the due date and of all extensions that reach somebody; none is never."""
    if rules.due is None:
        return None
    return max([rules.due, *(one.due for one in rules.extensions if one.reaches(member))], key=_utc)


def closes_for(rules: Rules, member: Member) -> datetime | None:
    """When nothing is taken from somebody any more; none is never. Who has an extension is not shut out before it ends."""
    due = due_for(rules, member)
    if rules.late is Late.REFUSE and due is not None:
        return due
    if rules.closes_at is None or due is None:
        return rules.closes_at
    return max(rules.closes_at, due, key=_utc)


def chance(rules: Rules, member: Member, now: datetime, *, so_far: int, say: Say) -> Chance:
    """What handing in is for somebody now who has `so_far` attempts; `say` writes a time."""
    due, closes = due_for(rules, member), closes_for(rules, member)
    late = minutes_late(now, due)
    return Chance(
        due=due,
        extended=due if due != rules.due else None,
        opens=rules.opens_at,
        opened=rules.opens_at is None or not _after(rules.opens_at, now),
        closes=closes,
        attempt=so_far + 1,
        attempts=rules.attempts,
        minutes_late=late,
        late=late > 0,
        why_not=_why_not(rules, closes, now, so_far, say),
    )


def _why_not(rules: Rules, closes: datetime | None, now: datetime, so_far: int, say: Say) -> str:
    if rules.opens_at is not None and _after(rules.opens_at, now):
        return f"Not open yet: this opens on {say(rules.opens_at)}."
    if closes is not None and _after(now, closes):
        return f"Closed: this could be handed in until {say(closes)}. Ask your instructor if you need more time."
    if rules.attempts is not None and so_far >= rules.attempts:
        had = "The one attempt is" if rules.attempts == 1 else f"All {rules.attempts} attempts are"
        return f"{had} used. Ask your instructor if you need another one."
    return ""


def judge(rules: Rules, member: Member, now: datetime, *, so_far: int, say: Say) -> Chance:
    """The same, for a submission that is being handed in; raises Refused when it is not taken."""
    found = chance(rules, member, now, so_far=so_far, say=say)
    if found.why_not:
        raise Refused(found.why_not)
    return found


def minutes_late(at: datetime, due: datetime | None) -> int:
    """Minutes after the due time, a started one as a whole one; 0 is on time."""
    return 0 if due is None or not _after(at, due) else ceil((_utc(at) - _utc(due)) / timedelta(minutes=1))


def percent_lost(rules: Rules, at: datetime, due: datetime | None) -> float:
    """Percent of the assignment's points that are lost by being late, 0 to 100; a started day counts as a day."""
    if rules.late is not Late.PERCENT or due is None or not _after(at, due):
        return 0
    return min(100.0, ceil((_utc(at) - _utc(due)) / DAY) * rules.percent_a_day)


def points_lost(score: float, max_score: float, percent: float) -> float:
    """What of a score is lost by so many percent of the highest possible one: never more than there is."""
    return max(0.0, min(score, max_score * percent / 100))


def standings(
    rules: Rules, member: Member, receipts: Sequence[Receipt], scores: Mapping[str, tuple[float, float]]
) -> list[Standing]:
    """One person's submissions of one assignment, oldest first, by the rules and dates of now.

    `scores` are points and highest possible points by submission, before anything is lost by being late.
    """
    due = due_for(rules, member)
    lost = {one.submission: percent_lost(rules, one.at, due) for one in receipts}
    left = {name: score - points_lost(score, most, lost.get(name, 0)) for name, (score, most) in scores.items()}
    found = counting(rules, receipts, left)
    return [
        Standing(
            receipt=replace(one, due=due, late=minutes_late(one.at, due) > 0),
            percent_lost=lost[one.submission],
            counts=one is found,
        )
        for one in receipts
    ]


def counting(rules: Rules, receipts: Sequence[Receipt], scores: Mapping[str, float]) -> Receipt | None:
    """The attempt that counts; none only when there is none.

    The best is the later one of equals. As long as the last attempt has no score it counts, so that it gets one.
    """
    ordered = sorted(receipts, key=lambda one: one.attempt)
    if not ordered:
        return None
    match rules.counts:
        case Counts.FIRST:
            return ordered[0]
        case Counts.BEST if ordered[-1].submission in scores:
            known = [one for one in ordered if one.submission in scores]
            return max(known, key=lambda one: (scores[one.submission], one.attempt))
    return ordered[-1]


def _utc(at: datetime) -> datetime:
    # Python compares and subtracts two times of the same zone by their clocks, wrongly by an hour where it is put back.
    return at.astimezone(UTC)


def _after(one: datetime, other: datetime) -> bool:
    return _utc(one) > _utc(other)
