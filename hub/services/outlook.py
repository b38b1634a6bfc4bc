"""What an assignment is for one person now, told alike by pages and panel: their date, what is left to do, what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.adapters.work import Assignment, Feedback
from hub.courses import Person, may
from hub.exchange import Receipt
from hub.results import Result, seen
from hub.rules import Chance, Rules, Shows, Standing, late_words, points_lost
from hub.services.at_submit import Waits, waits
from hub.services.state import State


@dataclass(frozen=True)
class Outlook:
    """One assignment for one person; `standings` are their submissions by the dates of now, oldest first."""

    assignment: Assignment
    rules: Rules
    chance: Chance
    standings: tuple[Standing, ...]
    results: Mapping[str, Result]  # what the student may see of automatic grading, by submission
    waits: Waits | None

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        return tuple(one.receipt for one in self.standings)

    @property
    def counts(self) -> int | None:
        """The number of the attempt that counts."""
        return next((one.receipt.attempt for one in self.standings if one.counts), None)

    def as_data(self) -> dict[str, Any]:
        """For the panel; times as ISO 8601."""
        times = {"due": self.chance.due, "extended": self.chance.extended, "closes": self.chance.closes}
        return {
            **{word: at.isoformat() if at else None for word, at in times.items()},
            "attempt": self.chance.attempt,
            "attempts": self.chance.attempts,
            "opened": self.chance.opened,
            "late_now": self.chance.late,
            "late_words": late_words(self.rules) if self.chance.due else "",
            "why_not": self.chance.why_not,
            "receipts": [
                {
                    **one.receipt.as_data(),
                    "counts": one.counts,
                    "percent_lost": one.percent_lost,
                    "result": found.as_data() if (found := self.results.get(one.receipt.submission)) else None,
                }
                for one in self.standings
            ],
            "waits": self.waits.as_data() if self.waits else None,
        }


def outlooks(state: State, person: Person, course: str) -> list[Outlook]:
    """Every assignment that is handed out in a course, as it is for this person now."""
    now, book, rules = state.now(), state.rulebook, state.rulebook.of_course(course)
    member = book.member(course, person.name)
    mine = book.standings(course, state.work.receipts(course, person=person.name))
    graded = state.results.of(standing.receipt.submission for standing in mine)
    jobs = state.jobs.open()
    found = []
    for one in state.work.assignments(course):
        own = tuple(standing for standing in mine if standing.receipt.assignment == one.name)
        so_far = max((standing.receipt.attempt for standing in own), default=0)
        its = rules.get(one.name, Rules())
        shown = {name: seen(graded.get(name), its.shows) for name in (standing.receipt.submission for standing in own)}
        found.append(
            Outlook(
                assignment=one,
                rules=its,
                chance=book.chance(its, member, now, so_far=so_far),
                standings=own,
                results={name: result for name, result in shown.items() if result is not None},
                waits=None if its.shows is Shows.NOTHING else waits(state, jobs, course, one.name, person.student_id),
            )
        )
    return found


def may_fetch(state: State, person: Person, course: str, name: str) -> str:
    """Why somebody may not fetch an assignment yet; empty when they may. Its staff always may."""
    book = state.rulebook
    chance = book.chance(book.of(course, name), book.member(course, person.name), state.now(), so_far=0)
    return "" if chance.opened or may(person, "look", course) else chance.why_not


def given_back(state: State, standings: Iterable[Standing]) -> dict[str, Feedback]:
    """The feedback of submissions by submission, with what is lost by being late taken off its score."""
    percent = {one.receipt.submission: one.percent_lost for one in standings}
    return {name: _less(back, percent[name]) for name, back in state.work.feedback(percent).items()}


def _less(back: Feedback, percent: float) -> Feedback:
    if back.score is None or back.max_score is None:
        return back
    lost = points_lost(back.score, back.max_score, percent)
    return replace(back, score=back.score - lost, lost=lost)
