"""An instructor and the people of their course: the roster's page, first passwords to print, an announcement."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.instance import OWN_PASSWORD, Person

Open = Callable[[str], Visit]
LONG = 90_000

FILE = """\
name,full_name,email,role,section
student,Sam Student,student@example.edu,student,A
new-one,Nina New,nina@example.edu,student,B
bad name,Nobody,,student,
"""


def test_roster_is_looked_at_first_then_brought_in_and_printed(visit: Open) -> None:
    teacher = visit("teacher")
    page = teacher.page
    page.get_by_role("link", name="A first course", exact=True).click()
    page.get_by_role("link", name="Roster of A first course").click()
    teacher.shot("roster", ours=True)
    choose(teacher, FILE)
    expect(page.get_by_role("heading", name="What this file would do")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Line 4")
    expect(page.locator("dl")).to_contain_text("1: new-one")
    teacher.shot("roster-look", ours=True)
    page.get_by_role("link", name="Leave it").click()
    expect(page.locator("table")).not_to_contain_text("new-one")
    choose(teacher, FILE)
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("heading", name="The roster was changed")).to_be_visible()
    teacher.shot("first-passwords", ours=True)
    row = page.locator("tr", has_text="Nina New")
    password = row.locator("code").last.inner_text()
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).not_to_be_visible()
    expect(row).to_be_visible()
    teacher.shot("first-passwords-on-paper")
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Back to the roster").click()
    expect(page.locator("tr", has_text="new-one")).to_contain_text("never")
    person = Person(teacher.instance, "new-one")
    assert person.sign_in(password).url.endswith("/courses/password")
    page.set_viewport_size({"width": 375, "height": 800})
    teacher.shot("roster-narrow", ours=True)


def choose(teacher: Visit, text: str) -> None:
    file = {"name": "roster.csv", "mimeType": "text/csv", "buffer": text.encode()}
    teacher.page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]
    teacher.page.get_by_role("button", name="Look at it first").click()


def test_instructor_adds_somebody_makes_them_ta_and_removes_them(visit: Open) -> None:
    teacher = visit("teacher")
    page = teacher.page
    page.goto(f"{teacher.instance.url}/courses/demo/roster")
    page.get_by_label("Signs in as").fill("helper")
    page.get_by_label("Full name").fill("Hari Helper")
    page.get_by_role("button", name="Add", exact=True).click()
    password = page.locator("code.large").inner_text()
    teacher.shot("one-password", ours=True)
    page.get_by_role("link", name="Back to the roster").click()
    page.get_by_label("Role of Hari Helper").select_option("ta")
    page.get_by_label("Section of Hari Helper").fill("evening")
    page.get_by_role("button", name="Save Hari Helper").click()
    expect(page.get_by_label("Role of Hari Helper")).to_have_value("ta")
    expect(page.get_by_label("Section of Hari Helper")).to_have_value("evening")
    helper = Person(teacher.instance, "helper")
    helper.sign_in(password)
    helper.post("/courses/password", "/courses/password", {"new": OWN_PASSWORD, "again": OWN_PASSWORD})
    assert "Grade A first course" in helper.get("/courses/").text.replace('<span class="hidden">', "").replace(
        "</span>", ""
    )
    page.get_by_role("button", name="Remove Hari Helper").click()
    expect(page.get_by_role("heading", name="Remove Hari Helper from A first course?")).to_be_visible()
    teacher.shot("remove", ours=True)
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("table")).not_to_contain_text("Hari Helper")
    assert helper.get("/courses/demo/").status_code == 403


def test_announcement_reaches_the_page_and_jupyterlab(visit: Open) -> None:
    student = visit("student")
    student.page.get_by_role("link", name="Open A first course").click()
    expect(student.page.locator(".campushub-panel")).to_contain_text("first-steps", timeout=LONG)
    teacher = visit("teacher")
    text = "The lecture is in room 5 today. <b>Bring</b> a pencil."
    announce(teacher, text)
    teacher.shot("announced", ours=True)
    expect(student.page.locator(".campushub-panel")).to_contain_text(text, timeout=LONG)
    notice = student.page.locator(".Toastify__toast").filter(has_text="Announcement:")
    expect(notice).to_contain_text("The lecture is in room 5 today", timeout=LONG)
    student.shot("announcement-in-lab")
    student.open("/courses/")
    expect(student.page.locator(".announcement")).to_contain_text(text)
    student.shot("announcement", ours=True)
    teacher.page.get_by_role("button", name="Take it down").click()
    expect(teacher.page.locator(".announcement")).to_have_count(0)
    student.page.reload()
    expect(student.page.locator(".announcement")).to_have_count(0)


def announce(teacher: Visit, text: str) -> None:
    teacher.open("/courses/demo/")
    teacher.page.get_by_label("Everybody in the course reads it").fill(text)
    teacher.page.get_by_role("button", name="Announce").click()
    expect(teacher.page.locator(".announcement")).to_contain_text("The lecture is in room 5 today")
