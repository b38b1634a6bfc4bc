"""An instructor presses Release on an assignment that is not ready, and reads why."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.coursework import TESTS
from tests.releases import REASONS, rotten, write

LONG = 90_000  # milliseconds: a server starts, notebooks are run


def test_instructor_reads_why_an_assignment_is_not_released(visit: Callable[[str], Visit]) -> None:
    teacher = visit("teacher")
    write(teacher.instance, "not-ready", rotten(), helper=TESTS)
    page = teacher.page
    page.get_by_role("link", name="Grade A first course").click()
    row = page.locator("tr:has(td.name:has-text('not-ready'))")
    expect(row).to_be_visible(timeout=LONG)
    row.locator("td.release a").click()
    said = page.locator(".modal:visible pre")
    expect(said).to_have_count(1, timeout=LONG)
    for reason in REASONS:
        expect(said).to_contain_text(reason.replace("rotten.ipynb", "not-ready.ipynb"))
    expect(said).to_contain_text("nbgrader release_assignment not-ready --force")
    teacher.shot("not-released")
    assert said.evaluate("it => it.scrollWidth <= it.clientWidth"), "long lines are wrapped"
