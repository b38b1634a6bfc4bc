"""A student whose server ended, whom nobody has heard of for a while, or whose home is full or broken, in real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.homes import close, fill, forget_lab, home_on_its_own, in_home
from tests.instance import Instance
from tests.integration.test_limits import settings_with

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds: a server starts, the hub sees that one has ended
NARROW = {"width": 375, "height": 700}
WIDE = {"width": 1280, "height": 800}
ASKED = re.compile(r"^Are you still there\?")  # the title of the page


def open_lab(student: Visit, title: str = "A second course") -> None:
    student.open("/courses/")
    student.page.get_by_role("link", name=f"Open {title}").click()
    panel_is_there(student)


def panel_is_there(student: Visit) -> None:
    student.page.wait_for_url("**/user/**", timeout=LONG)
    expect(student.page.locator(".campushub-panel")).to_be_visible(timeout=LONG)


def both_widths(student: Visit, step: str) -> None:
    """A picture of a wide and a narrow window, in which nothing reaches out of the page."""
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        student.page.set_viewport_size({"width": size["width"], "height": size["height"]})
        student.shot(f"{step}-{name}", ours=True)
        assert student.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (step, name)
    student.page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})


def test_open_page_says_that_its_server_ended_and_the_way_leads_back(visit: Open, instance: Instance) -> None:
    student = visit("lena")
    page = student.page
    close(instance.person("lena"))
    open_lab(student)
    instance.docker.containers.get(instance.container_of("lena", "second")).kill()
    message = page.get_by_role("dialog").filter(has_text="Your notebook server has ended")
    expect(message).to_contain_text("It ended by a fault", timeout=LONG)
    student.shot("ended-in-lab")
    message.get_by_role("link", name="Why, and open again").click()
    expect(page.locator("main")).to_contain_text("your notebook server ended")
    page.get_by_text("The last lines it wrote").click()
    expect(page.locator(".log pre")).to_contain_text("ServerApp")
    both_widths(student, "ended")
    page.get_by_role("link", name="Open again").click()
    panel_is_there(student)


def test_reloaded_page_of_a_server_that_ended_leads_to_why(visit: Open, instance: Instance) -> None:
    student = visit("student")
    page = student.page
    open_lab(student, "A first course")
    student.open("/courses/")
    instance.docker.containers.get(instance.container_of("student", "demo")).stop()
    student.open("/user/student/demo/lab")
    expect(page.get_by_role("alert")).to_contain_text("ended from outside: by the administrator", timeout=LONG)
    student.open("/courses/")
    expect(page.locator("main")).to_contain_text("ended from outside: by the administrator")
    both_widths(student, "courses-with-ended")


def test_nobody_is_ended_without_having_been_asked(visit: Open, instance: Instance) -> None:
    with settings_with(instance, "reserve: 200M", "reserve: 200M\nidle_minutes: 1"):
        a_student_is_asked(visit("lena"))
        who_grades_is_asked(visit("teacher"))


def a_student_is_asked(student: Visit) -> None:
    """Stays while the question is answered, and ends when it is not."""
    page = student.page
    close(student.instance.person("lena"))
    open_lab(student)
    question = page.get_by_role("dialog").filter(has_text="Are you still there?")
    expect(question).to_contain_text("This server ends at", timeout=LONG)
    expect(page).to_have_title(ASKED)
    question.get_by_role("button", name="I am here").click()
    expect(question).to_have_count(0)
    expect(page).not_to_have_title(ASKED)
    expect(question).to_be_visible(timeout=LONG)
    student.shot("asked")  # now that nobody has to answer in time
    ended = page.get_by_role("dialog").filter(has_text="Your notebook server has ended")
    expect(ended).to_contain_text("nobody had used it for a while", timeout=LONG)
    student.shot("ended-idle")


def who_grades_is_asked(teacher: Visit) -> None:
    """On the formgrader's pages, which are none of JupyterLab's."""
    page, person = teacher.page, teacher.instance.person("teacher")
    close(person, "grade-demo")
    page.reload()
    page.get_by_role("link", name="Grade A first course").click()
    expect(page.get_by_role("link", name="Manual Grading")).to_be_visible(timeout=LONG)
    question = page.get_by_role("dialog").filter(has_text="Are you still there?")
    expect(question).to_contain_text("This server ends at", timeout=LONG)
    teacher.shot("asked-in-formgrader")
    question.get_by_role("button", name="I am here").click()
    expect(question).to_have_count(0)
    page.get_by_role("link", name="Manual Grading").click()
    page.wait_for_url("**/formgrader/gradebook")
    close(person, "grade-demo")


def test_full_home_is_emptied_in_rescue_mode_while_work_goes_on(visit: Open, instance: Instance) -> None:
    person = instance.person("student2")
    close(person, "demo")
    with home_on_its_own(person, size="24m", server="demo") as home:
        student = visit("student2")
        page = student.page
        open_lab(student, "A first course")
        page.get_by_role("button", name="Fetch first-steps").click()
        expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(10, timeout=LONG)
        student.open("/courses/demo/server")
        page.get_by_role("button", name="Close", exact=True).click()
        expect(page.get_by_role("heading", name="Your notebooks are closed")).to_be_visible(timeout=LONG)
        in_home(person, "rm -rf assignments/demo/first-steps/.ipynb_checkpoints")  # as if it had never been opened
        in_home(person, "mkdir -p .cache/models; head -c 3000000 /dev/zero > .cache/models/weights")
        fill(home, "data.bin")
        open_lab(student, "A first course")
        note = page.get_by_role("region", name="Rescue mode")
        expect(note).to_contain_text("Your home is full", timeout=LONG)
        expect(note).to_contain_text("data.bin")
        student.shot("rescue-full")
        page.get_by_role("button", name="Submit first-steps").click()
        expect(page.locator(".campushub-panel")).to_contain_text("Submitted: attempt", timeout=LONG)
        run_a_cell(student)
        student.shot("rescue-at-work")
        page.on("dialog", lambda dialog: dialog.accept())
        note.get_by_role("button", name="Delete data.bin").click()
        expect(note).to_contain_text("There is room again", timeout=LONG)
        assert not (home / "data.bin").exists()
        student.shot("rescue-room-again")
        note.get_by_role("link", name="close the notebooks and open them again").click()
        both_widths(student, "open")
        page.get_by_role("button", name="Close and open again").click()
        panel_is_there(student)
        expect(page.get_by_role("region", name="Rescue mode")).to_have_count(0)


def run_a_cell(student: Visit) -> None:
    """Open the notebook in the panel and run a cell of it."""
    page = student.page
    page.get_by_role("button", name="Open first-steps").click()
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(10, timeout=LONG)
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    cell = page.locator(".jp-Notebook .jp-CodeCell").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("print(6 * 7)")
    page.keyboard.press("Control+Enter")
    expect(cell.locator(".jp-OutputArea-output")).to_contain_text("42", timeout=LONG)


def test_what_was_broken_is_said_and_set_aside(visit: Open, instance: Instance) -> None:
    person = instance.person("lena")
    close(person)
    in_home(person, "rm -rf .ipython .jupyter; touch .ipython; mkdir .jupyter; chmod 000 .jupyter")
    student = visit("lena")
    open_lab(student)
    note = student.page.get_by_role("region", name="Rescue mode")
    expect(note).to_contain_text("'.ipython' cannot be used: it is not a folder. It was set aside as", timeout=LONG)
    expect(note).to_contain_text("'.jupyter' cannot be used")
    expect(student.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=LONG)
    student.page.wait_for_function("note => note.offsetHeight > 60", arg=note.element_handle())  # it can be read
    student.shot("rescue-set-aside")
    close(person)


def test_python_that_does_not_start_leads_to_rescue_mode(visit: Open, instance: Instance) -> None:
    """A start-up file that is written while the server runs, so that no look at the home has found it."""
    person = instance.person("lena")
    close(person)
    in_home(person, "rm -rf .ipython*")
    student = visit("lena")
    page = student.page
    open_lab(student)
    startup = "mkdir -p .ipython/profile_default/startup; echo 'import os; os._exit(1)' > .ipython/profile_default/startup/0.py"
    in_home(person, startup)
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    message = page.get_by_role("dialog").filter(has_text="Python does not start in your notebooks")
    expect(message).to_be_visible(timeout=LONG)
    student.shot("python-dies")
    message.get_by_role("link", name="To rescue mode").click()
    page.get_by_role("button", name="Close and open in rescue mode").click()
    note = page.get_by_role("region", name="Rescue mode")
    expect(note).to_contain_text("'.ipython' cannot be used: Python does not start with it", timeout=LONG)
    close(person)
    in_home(person, "rm -rf .ipython*")
    forget_lab(person)
