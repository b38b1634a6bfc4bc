"""Answers that come late, in real Chromium: nothing is done twice, and nothing that was typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import Visit, held_back, wait_for_one
from tests.conftest import with_server
from tests.coursework import WRONG, grade, hand_out, submit, submitted_notebook
from tests.instance import OWN_PASSWORD, Instance, Person

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds: a server starts
NAME = "marked-slowly"


@pytest.fixture(scope="module")
def marked(instance: Instance) -> str:
    """The address of a graded submission in the formgrader."""
    student, teacher = with_server(instance, "student", "demo"), with_server(instance, "teacher", "grade-demo")
    hand_out(instance, NAME)
    submit(student, NAME, WRONG)
    assert grade(teacher, NAME).startswith("done")
    number = submitted_notebook(instance, "student", NAME)
    return f"{instance.url}/user/teacher/grade-demo/formgrader/submissions/{number}/"


def test_form_that_is_sent_again_while_its_answer_is_awaited_is_sent_once(visit: Open) -> None:
    teacher = visit("teacher")
    page = teacher.page
    teacher.open("/courses/demo/")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.get_by_label("Everybody in the course reads it").fill("Said once.")
    button = page.get_by_role("button", name="Announce")
    with held_back(page, "**/announcement", "POST") as late:
        button.click(no_wait_after=True)
        wait_for_one(page, late)
        page.mouse.down()  # Playwright's own clicks wait for the answer
        page.mouse.up()
        page.wait_for_timeout(500)
        assert len(sent) == 1
    expect(page.locator("p.announcement")).to_contain_text("Said once.")
    page.go_back()
    expect(page.locator("form[aria-busy=true]")).to_have_count(0)
    teacher.open("/courses/demo/")
    page.get_by_role("button", name="Take it down").click()
    expect(page.locator("p.announcement")).to_have_count(0)


def test_password_that_is_sent_twice_is_taken_and_not_refused(visit: Open, instance: Instance) -> None:
    """As by a browser that asks again after a line that broke: the first form knows no old password."""
    student = visit("lena")
    student.open("/courses/password")
    token = student.page.locator("input[name=_xsrf]").get_attribute("value") or ""
    for new, told in ((OWN_PASSWORD, 200), (f"not {OWN_PASSWORD}", 422)):
        again: dict[str, str | float | bool] = {"_xsrf": token, "new": new, "again": new}
        answer = student.page.request.post(f"{instance.url}/courses/password", form=again)
        assert answer.status == told
        assert answer.url.endswith("/courses/") == (told == 200)


def test_marks_are_typed_when_the_page_has_them_and_stay_while_others_are_saved(
    visit: Open, marked: str, teacher: Person
) -> None:
    page = visit("teacher").page
    with held_back(page, "**/formgrader/api/grades?*") as late:
        page.goto(marked)
        score, extra = page.locator("input.score").first, page.locator("input.extra-credit").first
        wait_for_one(page, late)
        expect(score).to_be_disabled()
        expect(page.locator("textarea.comment").first).to_be_enabled()
    expect(score).to_be_enabled()
    saved = page.locator(".nbgrader_cell").filter(has=score).locator(".score-saved")
    with held_back(page, "**/formgrader/api/grade/*", "PUT") as late:
        score.fill("2")
        score.press("Tab")
        wait_for_one(page, late)
        extra.press_sequentially("0.")
        expect(saved).to_have_class(re.compile("glyphicon-refresh"))
    expect(saved).to_have_class(re.compile("glyphicon-ok"))
    extra.press_sequentially("5")
    assert (score.input_value(), extra.input_value()) == ("2", "0.5")

    with held_back(page, "**/formgrader/api/grade/*", "PUT") as late:
        page.get_by_role("link", name="Next").click(no_wait_after=True)
        wait_for_one(page, late)
        page.wait_for_timeout(500)
        assert page.url.startswith(marked), "the page waits until the mark is kept"
    page.wait_for_url("**/formgrader/gradebook/**")


def test_marks_that_do_not_come_are_said(visit: Open, marked: str, teacher: Person) -> None:
    page = visit("teacher").page
    page.route("**/formgrader/api/grades?*", lambda route: route.abort())
    page.goto(marked)
    expect(page.get_by_role("alert")).to_contain_text("What belongs on this page has not come.")
    expect(page.locator("input.score").first).to_be_disabled()


def test_file_of_the_panel_that_did_not_come_is_asked_for_again_and_its_loss_is_said(visit: Open) -> None:
    student = visit("student")
    page = student.page
    bar = page.get_by_role("alert").filter(has_text="CampusHub's panel did not load. Reload this page.")
    page.route("**/static/panel.js", lambda route: route.abort())
    page.get_by_role("link", name="Open A first course").click()
    expect(page.locator(".campushub-panel")).to_be_visible(timeout=LONG)
    expect(bar).to_have_count(0)

    page.route("**/panel.js", lambda route: route.abort())
    page.reload()
    expect(bar).to_be_visible(timeout=LONG)
    student.shot("no-panel")
    bar.get_by_role("button", name="Close").click()
    student.choose("Help", "About These Notebooks")
