"""The first day in real Chromium: the tour is offered once, runs, and can be had back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.homes import close, forget_lab, home_of, in_home
from tests.instance import Instance, Person

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds


@pytest.fixture
def newcomer(instance: Instance) -> Iterator[Person]:
    """Somebody whose notebooks open for the first time."""
    person = instance.person("lena")
    close(person)
    forget_lab(person)
    in_home(person, "rm -rf tutorials .config/campushub")
    person.start("second")
    yield person
    close(person)
    forget_lab(person)


def offer(page: Page) -> Locator:
    return page.locator(".Toastify__toast").filter(has_text="New here?")


def test_tour_is_offered_once_and_runs_from_top_to_bottom(visit: Open, newcomer: Person) -> None:
    student = visit("lena")
    page = student.page
    student.open("/user/lena/second/lab")
    toast = offer(page)
    expect(toast).to_be_visible(timeout=LONG)
    expect(page.locator(".jp-LauncherCard").filter(has_text="First Tour")).to_be_visible()
    student.shot("first-day")
    toast.get_by_role("button", name="Take the tour").click()
    expect(page.get_by_role("heading", name="A first tour")).to_be_visible(timeout=LONG)
    student.shot("tour")
    page.get_by_role("tab", name=re.compile("File Browser")).click()
    expect(page.locator(".jp-DirListing-item").filter(has_text="6-a-first-network.ipynb")).to_be_visible()
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    student.choose("Run", "Run All Cells")
    expect(page.locator(".jp-Notebook")).to_contain_text("Written by a notebook.", timeout=LONG)
    page.reload()
    expect(page.locator(".jp-Notebook")).to_be_visible(timeout=LONG)
    page.wait_for_timeout(3000)
    expect(offer(page)).to_have_count(0)


def test_help_leads_to_the_tour_and_brings_back_what_was_deleted(visit: Open, newcomer: Person) -> None:
    in_home(newcomer, "rm -r tutorials")
    student = visit("lena")
    page = student.page
    student.open("/user/lena/second/lab")
    page.wait_for_url("**/lab", timeout=LONG)
    expect(page.locator(".jp-LauncherCard").filter(has_text="First Tour")).to_be_visible(timeout=LONG)
    student.choose("Help", "First Tour")
    expect(page.get_by_role("heading", name="A first tour")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(
        timeout=LONG
    )  # it adds to Help
    in_home(newcomer, "rm tutorials/4-numpy.ipynb; echo mine > tutorials/5-plotting.ipynb")
    student.choose("Help", "Put Back Deleted Tutorials")
    expect(page.locator(".Toastify__toast").filter(has_text="Put back")).to_contain_text("4-numpy.ipynb")
    assert (home_of(newcomer) / "tutorials" / "4-numpy.ipynb").is_file()
    assert (home_of(newcomer) / "tutorials" / "5-plotting.ipynb").read_text(encoding="utf-8") == "mine\n"
