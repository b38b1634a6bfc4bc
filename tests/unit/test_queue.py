"""The order of the grader's jobs, as a rule and in a real store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.adapters.jobs import Jobs
from hub.adapters.store import Store
from hub.queue import Waiting, next_of, place_of

NOW = datetime(2026, 11, 25, tzinfo=UTC)
JOBS = some.builds(
    Waiting,
    number=some.integers(1, 1000),
    course=some.sampled_from(["a", "b"]),
    assignment=some.sampled_from(["ps1", "ps2"]),
    student=some.sampled_from([None, "s1", "s2"]),
    running=some.booleans(),
)


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(Store.at(tmp_path))


def add(jobs: Jobs, student: str | None, *, assignment: str = "ps1") -> int:
    return jobs.add(course="a", assignment=assignment, student_id=student, verb="grade", person="p", at=NOW)


def taken(jobs: Jobs) -> int | None:
    found = jobs.take()
    return found["id"] if found else None


def test_students_of_one_assignment_are_graded_beside_each_other(jobs: Jobs) -> None:
    first, second = add(jobs, "s1"), add(jobs, "s2")
    assert [taken(jobs), taken(jobs), taken(jobs)] == [first, second, None]


def test_one_student_is_graded_once_at_a_time(jobs: Jobs) -> None:
    first = add(jobs, "s1")
    assert taken(jobs) == first
    again = add(jobs, "s1")
    assert taken(jobs) is None
    jobs.end(first, "", ok=True)
    assert taken(jobs) == again


def test_a_whole_assignment_waits_for_its_students_and_is_not_overtaken(jobs: Jobs) -> None:
    student = add(jobs, "s1")
    assert taken(jobs) == student
    whole, later, other = add(jobs, None), add(jobs, "s2"), add(jobs, "s2", assignment="ps2")
    assert [taken(jobs), taken(jobs)] == [other, None]
    jobs.end(student, "", ok=True)
    assert [taken(jobs), taken(jobs)] == [whole, None]
    jobs.end(whole, "", ok=True)
    assert taken(jobs) == later


def test_what_waits_already_is_not_asked_for_twice(jobs: Jobs) -> None:
    assert add(jobs, "s1") == add(jobs, "s1")


def test_what_ran_when_the_grader_ended_runs_again_and_what_was_to_stop_does_not(jobs: Jobs) -> None:
    student, whole = add(jobs, "s1", assignment="ps2"), add(jobs, None)
    assert [taken(jobs), taken(jobs)] == [student, whole]
    jobs.stop("a", "ps1")
    assert not jobs.progress(whole, done=1, total=9, message="")
    assert jobs.progress(student, done=0, total=1, message="")
    jobs.requeue()
    assert [taken(jobs), taken(jobs)] == [student, None]
    assert (jobs.one(whole) or {})["state"] == "failed"


def test_place_is_the_number_of_jobs_before() -> None:
    known = [Waiting(number, "a", "ps1", f"s{number}", running=number == 1) for number in range(1, 4)]
    assert [place_of(known, "a", "ps1", name) for name in ("s1", "s2", "s3", "s9")] == [0, 1, 2, None]


@given(some.lists(JOBS, max_size=12, unique_by=lambda job: job.number))
def test_nothing_is_begun_beside_what_it_may_not_run_with(known: list[Waiting]) -> None:
    found = next_of(known)
    running = [job for job in known if job.running]
    waiting = [job for job in known if not job.running]
    if found is None:
        assert all(any(job.bars(other) for other in known if other != job) for job in waiting)
        return
    assert not found.running
    assert not any(job.bars(found) for job in running)
    assert not any(job.bars(found) and job.number < found.number for job in waiting)
