"""What follows when a date, a rule or an extension has changed: the gradebook gets the date, and late work its penalty anew."""

from __future__ import annotations

from hub.services.state import State

VERB = "dates"  # of the grader's job; nothing is run again


def dates_moved(state: State, course: str, name: str, *, by: str) -> None:
    """Have the grader bring the gradebook up to date; what pages and panel show needs nothing, it is worked out each time."""
    state.jobs.add(course=course, assignment=name, student_id=None, verb=VERB, person=by, at=state.now())
