"""A student and an instructor in real Chromium, from the first sign-in to the feedback that has been read."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from functools import partial

from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import Visit, held_back, wait_for_one
from tests.coursework import submitted_notebook
from tests.instance import ROOT

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds: a server starts, a notebook is graded


ANSWER = "def mean(values):\n    if not values:\n        raise ValueError('none')\nreturn sum(values) / len(values)"
STEP = "def step(w, slope, rate):\nreturn 0.8"  # right for the visible test only
WORDS = "The step jumps over the valley."
SOLUTIONS = {2: ANSWER, 6: STEP, 9: WORDS}


def write(page: Page, number: int, text: str) -> None:
    """Replace a cell's text as a person does, without running it or saving."""
    one = page.locator(".jp-Notebook .jp-Cell").nth(number)
    one.scroll_into_view_if_needed()
    if one.locator(".jp-MarkdownOutput").is_visible():
        one.dblclick()
    one.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def open_lab(student: Visit) -> None:
    student.open("/courses/")
    student.page.get_by_role("link", name="Open A first course").click()
    expect(student.page.locator(".campushub-panel")).to_be_visible(timeout=LONG)


def test_from_the_first_sign_in_to_the_feedback(visit: Open) -> None:
    student = visit("asha")
    student.shot("courses", ours=True)
    hand_in(student)
    grade(visit("teacher"))
    read_feedback(student)
    find_it_again_elsewhere(visit("asha"))


def hand_in(student: Visit) -> None:
    page = student.page
    with held_back(page, re.compile(r"/progress(\?|$)")):  # the page leaves when it hears that the server is there
        page.get_by_role("link", name="Open A first course").click()
        page.wait_for_url("**/spawn-pending/**")
        with held_back(page, "**/spawn-pending/**"):  # or loads again by itself
            student.shot("starting", ours=True)
    panel = page.locator(".campushub-panel")
    expect(panel).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Fetch first-steps").click()
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(10, timeout=LONG)
    student.shot("fetched")
    for number, text in SOLUTIONS.items():
        write(page, number, text.replace("\nreturn", "\n    return"))
    page.get_by_role("button", name="Validate first-steps").click()
    expect(panel).to_contain_text("All visible tests pass", timeout=LONG)
    write(page, 9, WORDS + " This was not saved by hand.")
    page.get_by_role("button", name="Submit first-steps").click()
    expect(panel).to_contain_text("Submitted: attempt", timeout=LONG)
    expect(panel).to_contain_text("on time")
    student.shot("submitted")
    stored = max((student.instance.data / "service" / "submissions").iterdir(), key=lambda path: path.stat().st_mtime)
    assert "This was not saved by hand" in (stored / "first-steps.ipynb").read_text(encoding="utf-8")
    page.goto(f"{student.instance.url}/courses/")
    page.get_by_role("link", name="Receipt of attempt").click()
    expect(page.locator("main")).to_contain_text("on time")
    student.shot("receipt", ours=True)


def grade(teacher: Visit) -> None:
    page = teacher.page
    page.get_by_role("link", name="A first course", exact=True).click()
    teacher.shot("course", ours=True)
    button = page.get_by_role("button", name="Grade all that is new of first-steps")
    with page.expect_navigation():
        button.click()
    card = page.locator("section.card", has=button)
    expect(card.get_by_role("status")).to_contain_text("done", timeout=LONG)
    teacher.shot("graded", ours=True)
    page.get_by_role("link", name="Grade A first course").click()
    expect(page.get_by_role("link", name="Manual Grading")).to_be_visible(timeout=LONG)
    teacher.shot("formgrader")
    mark_by_hand(teacher)
    page.get_by_role("link", name="Manual Grading").first.click()
    page.get_by_role("link", name="Manage Assignments").click()
    for verb in ("generate-feedback", "release-feedback"):
        page.locator(f"tr:has-text('first-steps') td.{verb} a").click()
        expect(page.locator(".modal-title:visible")).to_have_text("Success", timeout=LONG)
        page.locator(".modal-footer:visible button").last.click()
        expect(page.locator(".modal:visible")).to_have_count(0)
    teacher.shot("given-back")
    page.get_by_role("link", name="Course page: grade all that is new").click()
    expect(page.get_by_role("heading", name="Who has submitted")).to_be_visible()


def mark_by_hand(teacher: Visit) -> None:
    page = teacher.page
    page.get_by_role("link", name="Manual Grading").click()
    page.locator("td >> text=first-steps").first.click()
    page.locator("td >> text=first-steps").first.click()
    expect(page.locator("td a").first).to_contain_text("Submission")
    number = submitted_notebook(teacher.instance, "asha", "first-steps")
    page.goto(f"{teacher.instance.url}/user/teacher/grade-demo/formgrader/submissions/{number}/")
    score, comment = page.locator("input.score").last, page.locator("textarea.comment").last
    # The page writes these once it has the marks and the comments, and listens from then on.
    expect(page.locator("input.extra-credit").last).to_have_attribute("placeholder", "0", timeout=LONG)
    expect(comment).to_have_attribute("placeholder", re.compile("."), timeout=LONG)
    for element, text, address in ((score, "1.5", "/api/grade/"), (comment, "Say why, too.", "/api/comment/")):
        with page.expect_response(partial(is_put, address)):
            element.fill(text)
            element.press("Tab")
    teacher.shot("marked")


def is_put(address: str, answer: Response) -> bool:
    return address in answer.url and answer.request.method == "PUT"


def read_feedback(student: Visit) -> None:
    page = student.page
    page.goto(f"{student.instance.url}/courses/")
    expect(page.locator("main")).to_contain_text("Score 6.5 of 10")
    student.shot("score", ours=True)
    picture = ROOT / "docs" / "pictures" / "my-courses.png"  # the README's
    picture.parent.mkdir(exist_ok=True)
    page.screenshot(path=picture)
    page.get_by_role("link", name="Read the feedback").click()
    expect(page.locator("body")).to_contain_text("Say why, too.")
    expect(page.locator("body")).to_contain_text("hidden test")
    expect(page.locator("body")).not_to_contain_text("step(-3.0")
    student.shot("feedback")
    open_lab(student)
    page.get_by_role("button", name="Fetch feedback first-steps").click()
    mine = page.locator(".campushub-panel").get_by_role("region", name="first-steps")
    expect(mine.locator(".campushub-told", has_text="Feedback is in")).to_be_visible(timeout=LONG)


def find_it_again_elsewhere(student: Visit) -> None:
    """Another computer: everything is there, and all of it can be taken home."""
    open_lab(student)
    with student.page.expect_download() as waiting:
        student.page.get_by_role("link", name="Download all my work").click()
    with zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes())) as archive:
        names = archive.namelist()
        assert "assignments/demo/first-steps/first-steps.ipynb" in names
        assert any(name.startswith("demo/") for name in names), "the course's material is there"
        assert "This was not saved by hand" in archive.read("assignments/demo/first-steps/first-steps.ipynb").decode()


def test_what_an_instructor_writes_stays_while_the_page_follows_the_grading(visit: Open) -> None:
    teacher = visit("teacher")
    page = teacher.page
    teacher.open("/courses/demo/")
    button = page.get_by_role("button", name="Grade all that is new of first-steps")
    told = page.locator("section.card", has=button).get_by_role("status")
    field = page.get_by_label("Everybody in the course reads it")
    grader = teacher.instance.part("grader")
    grader.pause()
    try:
        with page.expect_navigation():
            button.click()
        expect(told).to_contain_text(re.compile("waiting|under way"))  # it may have been given out before the pause
        field.fill("Today in room 12.")
        for _ in range(2):
            with page.expect_response(lambda answer: "/courses/demo/" in answer.url):
                pass
        teacher.shot("written-while-graded", ours=True)
    finally:
        grader.unpause()
    expect(told).to_contain_text("done", timeout=LONG)
    expect(field).to_have_value("Today in room 12.")
    expect(field).to_be_focused()


def test_instructor_makes_and_releases_an_assignment(visit: Open) -> None:
    teacher = visit("teacher")
    page = teacher.page
    open_list_of_assignments(page)
    page.get_by_role("link", name="Add new assignment").click()
    page.locator(".modal:visible input.name").fill("second-steps")
    page.locator(".modal:visible input.duedate").fill("2030-05-01T12:00")
    page.locator(".modal:visible button.save").click()
    row = page.locator("tr:has(td.name:has-text('second-steps'))")
    expect(row).to_be_visible(timeout=LONG)
    with page.expect_popup() as opened:
        row.locator("td.name a").click()
    crumbs = opened.value.locator(".jp-BreadCrumbs")
    expect(crumbs).to_contain_text("second-steps", timeout=LONG)
    opened.value.close()
    copy_source(teacher)
    for verb in ("assign", "release"):
        row.locator(f"td.{verb} a").click()
        expect(page.locator(".modal-title:visible")).to_have_text("Success", timeout=LONG)
        page.locator(".modal-footer:visible button").last.click()
        expect(page.locator(".modal:visible")).to_have_count(0)
    teacher.shot("released")
    student = visit("student")
    expect(student.page.locator("main")).to_contain_text("second-steps")
    expect(student.page.locator("main")).to_contain_text("1 May 2030")


def open_list_of_assignments(page: Page) -> None:
    """Nothing can be added before the list has come: it would be missing in it."""
    with held_back(page, "**/formgrader/api/assignments") as late:
        page.get_by_role("link", name="Grade A first course").click()
        expect(page.get_by_text("Loading, please wait")).to_be_visible(timeout=LONG)
        wait_for_one(page, late)
        expect(page.get_by_role("link", name="Add new assignment")).to_be_hidden()


def copy_source(teacher: Visit) -> None:
    """Writing the notebook itself is JupyterLab's work; here it is copied from the first assignment."""
    person = teacher.instance.person("teacher")
    person.inside(
        "grade-demo",
        """
        import shutil
        shutil.copy("/teaching/demo/source/first-steps/first-steps.ipynb", "/teaching/demo/source/second-steps/second-steps.ipynb")
        """,
    )


def test_formgrader_opens_inside_jupyterlab(visit: Open) -> None:
    """In its tab, which is a frame, and which JupyterHub's own policy leaves blank."""
    teacher = visit("teacher")
    page = teacher.page
    page.get_by_role("link", name="Grade A first course").click()
    expect(page.get_by_role("link", name="Manual Grading")).to_be_visible(timeout=LONG)
    page.goto(f"{teacher.instance.url}/user/teacher/grade-demo/lab")
    expect(page.locator(".jp-LabShell")).to_be_visible(timeout=LONG)
    expect(page.locator(".jp-DirListing-item", has_text="demo")).to_be_visible(timeout=LONG)
    teacher.choose("Nbgrader", "Formgrader")
    frame = page.frame_locator("iframe").first
    expect(frame.get_by_role("link", name="Manual Grading")).to_be_visible(timeout=LONG)
    teacher.shot("formgrader-in-lab")


def test_wrong_password_is_said_and_nobody_is_locked_out(visit: Open) -> None:
    student = visit("student")
    student.context.clear_cookies()
    page = student.page
    page.goto(f"{student.instance.url}/hub/login")
    page.get_by_label("Name").fill("student")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name and password do not belong together")
    student.shot("wrong-password", ours=True)
    student.sign_in()
