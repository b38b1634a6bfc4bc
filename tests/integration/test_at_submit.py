"""Graded at submit: the student sees their points within seconds, as far as the rules show them; grading can be stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.coursework import MARKER, RIGHT, WRONG, grade, hand_out, score, submit
from tests.instance import Instance, Person, text_of
from tests.ruled import Ruled

SLOW = f"{RIGHT}\nimport time; time.sleep(4)"


@pytest.fixture(scope="module")
def _handed_out(instance: Instance) -> None:
    hand_out(instance, "at-submit")


@pytest.fixture
def at_submit(instance: Instance, teacher: Person, _handed_out: None) -> Ruled:
    return Ruled(instance, teacher, "at-submit")


def graded_soon(ruled: Ruled, person: Person, receipt: dict[str, Any]) -> Any:
    return wait_for(lambda: result(ruled, person, receipt["submission"]))


def wait_for(look: Callable[[], Any], *, seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.1)
    return found


@contextmanager
def held_up(instance: Instance) -> Iterator[None]:
    """No grading ends while this lasts: the worker, which runs the notebooks, stands still."""
    instance.part("worker").pause()
    try:
        yield
    finally:
        instance.part("worker").unpause()


def result(ruled: Ruled, person: Person, submission: str) -> Any:
    """What the panel is told of one submission's points."""
    receipts = ruled.told(person)["receipts"]
    return next(one["result"] for one in receipts if one["submission"] == submission)


def test_points_come_by_themselves_with_what_the_rules_show(at_submit: Ruled, student: Person) -> None:
    at_submit.rule(shows="messages")
    receipt = submit(student, "at-submit", "def answer(more=0):\n    return 7")
    found = graded_soon(at_submit, student, receipt)
    assert (found["score"], found["max_score"], found["by_hand"]) == (0, 5, 0)
    assert [(one["name"], one["message"]) for one in found["questions"]] == [("tests", "AssertionError: ")]
    at_submit.rule(shows="score")
    assert result(at_submit, student, receipt["submission"])["questions"][0]["message"] == ""
    assert "Graded automatically: 0 of 5" in text_of(student.get("/courses/demo/").text)
    assert "0 of 5" in text_of(student.get(f"/courses/receipts/{receipt['submission']}").text)
    at_submit.rule(shows="nothing")
    assert result(at_submit, student, receipt["submission"]) is None
    assert "0 of 5" not in text_of(student.get(f"/courses/receipts/{receipt['submission']}").text)


def test_hidden_tests_stay_hidden(at_submit: Ruled, student: Person) -> None:
    at_submit.rule(shows="messages")
    receipt = submit(student, "at-submit", WRONG)
    found = graded_soon(at_submit, student, receipt)
    assert found["questions"][0]["message"] == "A hidden test of this cell did not pass."
    told = student.get(f"/courses/receipts/{receipt['submission']}").text
    assert MARKER not in told + str(found)


def test_nothing_is_graded_at_submit_where_nothing_is_shown(at_submit: Ruled, student: Person) -> None:
    at_submit.rule(shows="nothing")
    submit(student, "at-submit", RIGHT)
    time.sleep(2)
    assert at_submit.told(student)["waits"] is None
    assert "Being graded" not in student.get("/courses/demo/").text


def test_several_are_graded_at_a_time_and_see_that_they_wait(
    at_submit: Ruled, instance: Instance, student: Person, student2: Person
) -> None:
    at_submit.rule(shows="score")
    with held_up(instance):
        receipts = [(person, submit(person, "at-submit", SLOW)) for person in (student, student2)]
        assert at_submit.told(student2)["waits"] is not None
        assert "Being graded" in student2.get("/courses/demo/").text
    for person, receipt in receipts:
        assert graded_soon(at_submit, person, receipt)["score"] == 5
    assert [score(instance, name, "at-submit") for name in ("student", "student2")] == [5, 5]


def test_best_attempt_is_the_one_in_the_gradebook(at_submit: Ruled, instance: Instance, student: Person) -> None:
    at_submit.rule(shows="score", counts="best")
    for solution in (RIGHT, WRONG):
        graded_soon(at_submit, student, submit(student, "at-submit", solution))
    at_submit.wait_for_the_grader()
    assert score(instance, "student", "at-submit") == 5


def test_grader_that_is_away_costs_no_attempt(at_submit: Ruled, instance: Instance, student: Person) -> None:
    at_submit.rule(shows="score")
    instance.part("worker").stop(timeout=0)
    receipt = submit(student, "at-submit", RIGHT)
    time.sleep(1)
    instance.part("worker").start()
    found = graded_soon(at_submit, student, receipt)
    assert found["score"] == 5


def test_grading_of_all_is_stopped_and_goes_on(
    instance: Instance, student: Person, student2: Person, teacher: Person
) -> None:
    hand_out(instance, "stopped")
    for person in (student, student2):
        submit(person, "stopped", SLOW)
    with held_up(instance):
        teacher.post("/courses/demo/grade", "/courses/demo/", {"assignment": "stopped"})
        page = wait_for(lambda: "grade/stop" in (text := teacher.get("/courses/demo/").text) and text)
        assert "Stop grading stopped" in text_of(page)
        teacher.post("/courses/demo/grade/stop", "/courses/demo/", {"assignment": "stopped"})
    said = wait_for(lambda: "Stopped" in (text := text_of(teacher.get("/courses/demo/").text)) and text)
    assert "of stopped Grading: failed" in said
    assert grade(teacher, "stopped").startswith("done")
    assert [score(instance, name, "stopped") for name in ("student", "student2")] == [5, 5]
