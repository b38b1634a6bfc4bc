"""The main job, once more by HTTP alone: the same walk that a fresh machine is tried with."""

from __future__ import annotations

import time

from tests.http_loop import ask, hand_in, walk
from tests.instance import Person, text_of


def test_loop_from_fetch_to_feedback(student: Person, teacher: Person) -> None:
    receipt = walk(student, teacher)
    assert receipt["submission"] in student.get("/courses/").text


def test_demo_is_graded_as_soon_as_it_is_handed_in(student2: Person) -> None:
    receipt = hand_in(student2)
    path, until = f"/courses/receipts/{receipt['submission']}", time.monotonic() + 120
    while "Graded automatically" not in (page := text_of(student2.get(path).text)):
        assert time.monotonic() < until, page
        time.sleep(0.5)
    while "Graded automatically: 8 of 8 " not in (page := text_of(student2.get("/courses/demo/").text)):
        # The course's page tells of the job, which ends a moment after its result is kept.
        assert time.monotonic() < until, page
        time.sleep(0.5)


def test_due_date_changed_in_the_formgrader_reaches_students(student: Person, teacher: Person) -> None:
    change = {"duedate_notimezone": "2031-02-03 04:05:00", "duedate_timezone": "+0000"}
    ask(teacher, "PUT", "grade-demo", "formgrader/api/assignment/first-steps", change)
    assert "3 February 2031" in text_of(student.get("/courses/").text)


def test_validation_names_the_tests_that_do_not_pass(student: Person) -> None:
    ask(student, "POST", "demo", "campushub/fetch", {"name": "first-steps"})
    told = ask(student, "POST", "demo", "campushub/validate", {"name": "first-steps"}).json()
    assert told["notebooks"][0]["notebook"] == "first-steps.ipynb"
