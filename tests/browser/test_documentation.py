"""A student looks something up: from the course's card to the page that has it, in real Chromium with no way to another host."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LONG, Visit, held_back, wait_for_one
from tests.instance import Instance, Person
from tests.world import with_pages

Open = Callable[[str], Visit]
# What somebody looks for in a library, and the page that must come first.
WORDS = {
    "python": ("bisect", "bisect", "Array bisection algorithm"),
    "numpy": ("broadcasting", "numpy.broadcast", "roadcast"),
}


@pytest.fixture
def documented(instance: Instance) -> list[str]:
    """The libraries that the image of `demo` documents."""
    known = json.loads((instance.data / "config" / "docs.json").read_text(encoding="utf-8"))
    told = json.loads((instance.data / "docs" / known["base"] / "docs.json").read_text(encoding="utf-8"))
    return [one["name"] for one in told["libraries"]]


def test_student_finds_a_page_by_a_word(visit: Open, documented: list[str]) -> None:
    student = visit("student2")
    student.open("/courses/")
    student.shot("courses-with-documentation", ours=True)
    student.page.get_by_role("link", name="Documentation for A first course").click()
    expect(student.page.get_by_role("heading", name="Documentation", exact=True)).to_be_visible()
    student.shot("documentation", ours=True)
    first_page = student.page.url
    for library in WORDS.keys() & documented:
        word, title, content = WORDS[library]
        student.page.goto(first_page)
        student.page.get_by_label("What are you looking for?").fill(word)
        found = student.page.locator("#results li").filter(has_text=title).first
        expect(found).to_be_visible()
        student.shot(f"found-{word}")
        found.get_by_role("link").first.click()
        expect(student.page.get_by_role("heading", level=1)).to_contain_text(title)
        expect(student.page.locator("body")).to_contain_text(content)
        student.shot(f"page-of-{word}")


def test_word_typed_before_the_search_has_come_is_searched(visit: Open) -> None:
    student = visit("student2")
    with held_back(student.page, "**/search.js") as late:
        student.page.goto(f"{student.instance.url}/docs/base/", wait_until="commit")
        student.page.get_by_label("What are you looking for?").fill("bisect")
        wait_for_one(student.page, late)
    expect(student.page.locator("#results li").filter(has_text="Array bisection algorithm").first).to_be_visible()


def test_search_box_of_a_page_leads_to_the_results_and_nothing_found_is_said(visit: Open) -> None:
    student = visit("student2")
    student.open("/docs/base/")
    student.page.get_by_role("link", name="Python", exact=True).click()
    student.page.get_by_label("Search all libraries").fill("zzyzx")
    student.page.get_by_role("search").first.get_by_role("button", name="Search").click()
    expect(student.page.get_by_role("status")).to_contain_text("Nothing found for “zzyzx”")


def test_script_in_documentation_is_not_the_person_who_reads_it(instance: Instance, visit: Open) -> None:
    student = visit("lena")
    with with_pages(instance, "second", {"index.html": HOSTILE}):
        read = student.page.get_by_role("link", name="A handbook")
        for _ in range(30):  # the service takes up what changed in the settings
            student.open("/courses/")
            if read.count():
                break
            student.page.wait_for_timeout(1000)
        student.shot("courses-with-an-archive", ours=True)
        read.click()
        expect(student.page.locator("#cookie")).to_have_text("SecurityError")
        expect(student.page.locator("#fetched")).to_have_text("TypeError")


HOSTILE = """\
<!doctype html><p id="cookie"></p><p id="fetched"></p><script>
const tell = (id, text) => { document.getElementById(id).textContent = text; };
try { tell('cookie', document.cookie || 'none'); } catch (error) { tell('cookie', error.name); }
fetch('/courses/', { credentials: 'include' }).then(answer => tell('fetched', answer.url), error => tell('fetched', error.name));
</script>
"""


def test_help_menu_of_jupyterlab_opens_it(visit: Open, student: Person) -> None:
    visitor = visit("student")
    visitor.open("/user/student/demo/lab")
    page: Page = visitor.page
    with page.context.expect_page(timeout=LONG) as opened:
        visitor.choose("Help", "Documentation of Python and Libraries")
    expect(opened.value.get_by_role("heading", name="Documentation", exact=True)).to_be_visible()
    assert re.search(r"/docs/base-[0-9a-f]{12}/$", opened.value.url)
