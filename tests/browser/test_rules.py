"""An instructor who sets the rules of an assignment and a student who sees what they mean, in real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.coursework import hand_out
from tests.instance import Instance

Open = Callable[[str], Visit]
LONG = 90_000
NAME = "with-rules"


@pytest.fixture(scope="module", autouse=True)
def _handed_out(instance: Instance) -> None:
    hand_out(instance, NAME)


def days(number: float) -> str:
    return (datetime.now(UTC) + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M")


def test_rules_and_an_extension_reach_the_student(visit: Open) -> None:
    teacher = visit("teacher")
    set_rules(teacher)
    extend(teacher)
    student = visit("student")
    see_them_on_the_page(student)
    hand_in(student)
    see_the_board(teacher)
    close(teacher)
    find_it_closed(student)


def set_rules(teacher: Visit) -> None:
    page = teacher.page
    page.get_by_role("link", name="A first course", exact=True).click()
    page.get_by_role("link", name=f"Rules and extensions of {NAME}").click()
    teacher.shot("rules", ours=True)
    page.get_by_label("Due", exact=True).fill(days(2.5))
    page.get_by_role("combobox", name="Work after the due date is").select_option("percent")
    page.get_by_label("Percent a day").fill("20")
    page.get_by_label("Attempts").fill("3")
    page.get_by_role("combobox", name="Once graded, students see").select_option("messages")
    save(page)
    expect(page.get_by_label("Percent a day")).to_have_value("20")
    expect(page.get_by_label("Due", exact=True)).not_to_have_value("")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")


def extend(teacher: Visit) -> None:
    page = teacher.page
    page.get_by_role("combobox", name="For").select_option("person:student")
    page.get_by_label("Until").fill(days(6.5))
    page.get_by_label("Reason").fill("Was ill")
    page.get_by_role("button", name="Extend").click()
    expect(page.get_by_role("row").last).to_contain_text("Was ill")
    teacher.shot("extended", ours=True)
    page.set_viewport_size({"width": 375, "height": 800})
    teacher.shot("extended-narrow", ours=True)
    page.set_viewport_size({"width": 1280, "height": 800})


def see_them_on_the_page(student: Visit) -> None:
    page = student.page
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=NAME, exact=True))
    expect(row).to_contain_text("Extended for you")
    expect(row).to_contain_text("6 days 11 hours left")
    expect(row).to_contain_text("costs 20 % of the points")
    expect(row).to_contain_text("attempt 1 of 3")
    student.shot("extended-for-me", ours=True)


def hand_in(student: Visit) -> None:
    page = student.page
    page.get_by_role("link", name="Open A first course").click()
    panel = page.locator(".campushub-panel")
    expect(panel).to_be_visible(timeout=LONG)
    mine = panel.get_by_role("region", name=NAME)
    expect(mine).to_contain_text("Extended for you until")
    expect(mine).to_contain_text("6 days 11 hours left")
    page.get_by_role("button", name=f"Fetch {NAME}").click()
    expect(mine).to_contain_text("Fetched into", timeout=LONG)
    page.get_by_role("button", name=f"Submit {NAME}").click()
    expect(mine).to_contain_text("Submitted: attempt 1 of 3", timeout=LONG)
    expect(mine).to_contain_text("Next: attempt 2 of 3")
    mine.scroll_into_view_if_needed()
    student.shot("one-of-three")
    expect(mine).to_contain_text("Graded automatically: 0 of 5", timeout=LONG)
    expect(mine).to_contain_text("tests: 0 of 5")
    mine.scroll_into_view_if_needed()
    student.shot("graded-at-submit")


def see_the_board(teacher: Visit) -> None:
    page = teacher.page
    teacher.open("/courses/demo/")
    page.get_by_role("link", name=f"Who is where with {NAME}").click()
    for step in ("Fetched", "Opened", "Submitted", "Graded"):
        expect(page.locator("main")).to_contain_text(f"{step}: 1 of")
    expect(page.get_by_role("row").filter(has_text="Sam Student")).to_contain_text("0 of 5")
    teacher.shot("board", ours=True)
    teacher.open(f"/courses/demo/assignments/{NAME}")


def close(teacher: Visit) -> None:
    page = teacher.page
    page.get_by_role("button", name="End the extension for").click()
    expect(page.locator("main")).to_contain_text("Nobody has an extension")
    page.get_by_label("Due", exact=True).fill(days(-2))
    page.get_by_role("combobox", name="Work after the due date is").select_option("refuse")
    save(page)


def find_it_closed(student: Visit) -> None:
    page = student.page
    page.get_by_role("button", name="Look again").click()
    mine = page.locator(".campushub-panel").get_by_role("region", name=NAME)
    expect(mine).to_contain_text("Closed: this could be handed in until")
    expect(page.get_by_role("button", name=f"Submit {NAME}")).to_have_count(0)
    expect(page.get_by_role("button", name=f"Validate {NAME}")).to_be_visible()
    mine.scroll_into_view_if_needed()
    student.shot("closed")
    student.open("/courses/demo/")
    expect(page.locator("main")).to_contain_text("Closed: this could be handed in until")
    page.get_by_role("link", name="Receipt of attempt 1").last.click()
    expect(page.locator("main")).to_contain_text("The date has moved")
    student.shot("receipt-of-a-moved-date", ours=True)
