"""Grading at submit: who has handed in is graded at once where the assignment's rules show the score, and sees their place."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from hub.exchange import Receipt
from hub.queue import Waiting, place_of
from hub.rules import Rules, Shows
from hub.services.state import State

INERTIA = 0.8  # of the pace: how much of it is what it was
SLOWEST = 120.0  # seconds; a longer pause between two ends was no grading


@dataclass(frozen=True)
class Waits:
    """A student's own place: how many are before them, and for about how many seconds."""

    place: int
    seconds: float

    def as_data(self) -> dict[str, Any]:
        return {"place": self.place, "seconds": round(self.seconds)}


def ask(state: State, receipt: Receipt, rules: Rules) -> None:
    """Have a submission graded, if its student is to see the score."""
    person = state.store.person(receipt.person)
    if rules.shows is Shows.NOTHING or person is None:
        return
    state.jobs.add(
        course=receipt.course,
        assignment=receipt.assignment,
        student_id=person.student_id,
        verb="grade",
        person=receipt.person,
        at=state.now(),
    )


def waits(state: State, jobs: list[Waiting], course: str, assignment: str, student: str) -> Waits | None:
    """Where a student's submission is among the open jobs; none when it is not waiting."""
    place = place_of(jobs, course, assignment, student)
    return None if place is None else Waits(place, (place + 1) * state.pace)


def note_end(state: State) -> None:
    """One submission was graded: keep how long it takes from one to the next."""
    now = time.monotonic()
    if now - state.graded_at < SLOWEST:
        state.pace = INERTIA * state.pace + (1 - INERTIA) * (now - state.graded_at)
    state.graded_at = now


def follow(state: State, receipt: Receipt) -> None:
    """Once a submission has its points another attempt may be the one that counts: that one is graded then."""
    mine = state.work.receipts(receipt.course, person=receipt.person, name=receipt.assignment)
    standings = state.rulebook.standings(receipt.course, mine)
    counting = next((one.receipt for one in standings if one.counts), receipt)
    if counting.submission != receipt.submission and counting.submission in state.results.of([counting.submission]):
        ask(state, receipt, state.rulebook.of(receipt.course, receipt.assignment))
