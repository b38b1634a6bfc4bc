"""A student who asks for another look at a question, the instructor who answers, and the log of what was changed: in real Chromium."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.coursework import WRONG, grade, hand_out, submit
from tests.http_loop import ask
from tests.instance import Instance, Person

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds: a server starts, a notebook is graded
NAME = "asked-again"
WHY = "My function returns 42 as the question says.\nWhich test does not pass?"
ANSWER = "You are right: the hidden test wants more than the question says. You have 3 points now."


@pytest.fixture(scope="module", autouse=True)
def _handed_out(instance: Instance) -> None:
    hand_out(instance, NAME)


@pytest.fixture
def graded(student: Person, teacher: Person) -> None:
    """A wrong answer of the student that was graded and given back."""
    submit(student, NAME, WRONG)
    assert grade(teacher, NAME).startswith("done")
    for verb in ("generate_feedback", "release_feedback"):
        assert ask(teacher, "POST", "grade-demo", f"formgrader/api/assignment/{NAME}/{verb}").json()["success"]


def test_from_the_question_to_the_answer_and_the_log(visit: Open, graded: None) -> None:
    student, teacher = visit("student"), visit("teacher")
    ask_again(student)
    mark(teacher)
    answer(teacher)
    read_the_log(teacher)
    read_the_answer(student)


def ask_again(student: Visit) -> None:
    page = student.page
    student.open("/courses/demo/")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=NAME, exact=True))
    row.get_by_role("link", name="Receipt of attempt").click()
    expect(page.get_by_role("heading", name="Questions")).to_be_visible()
    student.shot("questions", ours=True)
    page.get_by_text("Ask to look again at tests").click()
    page.get_by_label("What should be looked at again, and why").fill(WHY)
    student.shot("asking", ours=True)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("main")).to_contain_text("not answered yet")
    expect(page.get_by_text("Ask to look again at tests")).to_have_count(0)
    student.shot("asked", ours=True)


def mark(teacher: Visit) -> None:
    """Follow the request into the formgrader and change the mark there; say so when it could not be kept."""
    page = teacher.page
    page.get_by_role("link", name="A first course", exact=True).click()
    page.get_by_role("link", name="Requests to look again: 1 open").click()
    expect(page.locator("main")).to_contain_text("Which test does not pass?")
    teacher.shot("requests", ours=True)
    page.get_by_role("link", name="Mark it in the formgrader").click()
    score = page.locator("input.score").first
    expect(score).to_have_attribute("placeholder", "0", timeout=LONG)  # the page has its marks and listens
    with page.expect_response(lambda answer: "/api/grade/" in answer.url and answer.request.method == "PUT"):
        score.fill("3")
        score.press("Tab")
    expect(page.locator("#campushub-not-saved")).to_have_count(0)
    page.route(
        "**/formgrader/api/grade/*", lambda route: route.fulfill(status=409, body='{"message": "The log is full."}')
    )
    score.fill("1")
    score.press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("Not saved. The log is full. Load this page again")
    teacher.shot("not-saved")
    page.unroute("**/formgrader/api/grade/*")


def answer(teacher: Visit) -> None:
    page = teacher.page
    teacher.open("/courses/demo/requests")
    page.get_by_label("Answer to Sam Student about tests").fill(ANSWER)
    page.get_by_role("button", name="Answer and close").click()
    expect(page.locator("main")).to_contain_text("Nobody waits for an answer")
    expect(page.locator("main")).to_contain_text("You have 3 points now")
    teacher.shot("answered", ours=True)


def read_the_log(teacher: Visit) -> None:
    page = teacher.page
    teacher.open("/courses/demo/")
    page.get_by_role("link", name="Log of marks").click()
    page.get_by_label("Assignment").select_option(NAME)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("points by hand")
    expect(page.locator("main")).to_contain_text("2 changes, the newest first")
    teacher.shot("log-of-marks", ours=True)
    page.set_viewport_size({"width": 375, "height": 800})
    teacher.shot("log-of-marks-narrow", ours=True)
    page.set_viewport_size({"width": 1280, "height": 800})
    with page.expect_download() as started:
        page.get_by_role("link", name="Download them as CSV").click()
    assert started.value.suggested_filename == "demo-mark-log.csv"


def read_the_answer(student: Visit) -> None:
    page = student.page
    student.open("/courses/")
    expect(page.locator("main")).to_contain_text(f"You asked to look again at tests of {NAME}.")
    student.shot("there-is-an-answer", ours=True)
    page.get_by_role("link", name="Read the answer about tests").click()
    expect(page.locator("#questions + p + table, #questions ~ table")).to_contain_text(ANSWER)
    expect(page.get_by_text("Ask to look again at tests")).to_have_count(1)
    student.shot("the-answer", ours=True)
    student.open("/courses/")
    expect(page.get_by_role("link", name="Read the answer about tests")).to_have_count(0)
