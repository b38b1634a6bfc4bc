"""What leaves a course as files: its marks as a table, and the feedback as it was given back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

from hub import marks
from hub.adapters.feedback_zip import Given, zipped
from hub.courses import Role
from hub.exchange import Refused
from hub.services.exported import VERB
from hub.services.state import State

LONGEST_WAIT, LOOK = 60.0, 0.2  # seconds


async def marks_csv(state: State, course: str, *, by: str) -> str:
    """The marks of a course's students by the gradebook of now. Raises Refused when the grader does not come to it."""
    if not state.grader_is_there():
        raise Refused("The grader does not answer now, and only it reads the gradebook. Try again in a minute.")
    number = state.jobs.add(course=course, assignment="", student_id=None, verb=VERB, person=by, at=state.now())
    for _ in range(int(LONGEST_WAIT / LOOK)):
        job = state.jobs.one(number)
        if job is None or job["state"] == "failed":
            raise Refused(f"The marks could not be read. {job['message'] if job else ''}".strip())
        if (text := state.exported.of(number)) is not None:
            students = [one for one in state.members.of(course) if one["role"] == Role.STUDENT]
            return marks.as_csv(marks.Marks.of_data(json.loads(text)), students)
        await asyncio.sleep(LOOK)
    raise Refused(
        "The grader is busy with other work. Ask for the marks again when it is done; the course's page shows it."
    )


def feedback_zip(state: State, course: str, *, person: str | None = None) -> Iterator[bytes]:
    """The feedback that was given back in a course, of one person or of all, as the pieces of a zip.

    Raises Refused when there is none.
    """
    receipts = state.work.receipts(course, person=person)
    backs = state.work.feedback(receipt.submission for receipt in receipts)
    given = [Given(one, backs[one.submission]) for one in receipts if one.submission in backs]
    if not given:
        raise Refused("No feedback was given back yet. Press Release feedback in the formgrader first.")
    return zipped(state.work.blobs, course, given)
