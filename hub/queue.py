"""The order of the grader's jobs: which may run beside each other, and how many are before one's own.

Pure. Grading several students of one assignment goes on at the same time; a job on a whole assignment has it for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Waiting:
    """A job that is queued or runs. `student` is none for one on the whole assignment."""

    number: int
    course: str
    assignment: str
    student: str | None
    running: bool

    def bars(self, other: Waiting) -> bool:
        """Whether the two may not run at the same time."""
        same = (self.course, self.assignment) == (other.course, other.assignment)
        return same and (self.student is None or other.student is None or self.student == other.student)


def next_of(jobs: Iterable[Waiting]) -> Waiting | None:
    """The longest-waiting job that nothing before it bars; none when all have to wait. Numbers grow with time."""
    before: list[Waiting] = []
    for job in sorted(jobs, key=lambda one: (not one.running, one.number)):
        if not job.running and not any(one.bars(job) for one in before):
            return job
        before.append(job)
    return None


def place_of(jobs: Iterable[Waiting], course: str, assignment: str, student: str) -> int | None:
    """How many jobs are before the last one of this student, 0 when it runs; none when there is no such job."""
    known = list(jobs)
    mine = [job for job in known if (job.course, job.assignment, job.student) == (course, assignment, student)]
    if not mine:
        return None
    last = max(mine, key=lambda one: one.number)
    return 0 if last.running else sum(one.number < last.number for one in known)
