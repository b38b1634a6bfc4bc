"""What notebooks run in: packages of one's own, what Help says about it, how much memory is left; in real Chromium."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.homes import close, forget_lab, in_home
from tests.instance import Instance, Person

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds
PROJECT = '[project]\\nname = "mine"\\nversion = "1.5"\\n'
INSTALL = "%pip install -q --no-index --no-build-isolation ./mine"
SPEC = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}


@pytest.fixture
def person(instance: Instance) -> Iterator[Person]:
    found = instance.person("lena")
    close(found)
    forget_lab(found)
    in_home(found, "rm -rf .environments mine own.ipynb")
    yield found
    close(found)
    in_home(found, "rm -rf .environments mine own.ipynb")


def notebook(person: Person, *cells: str) -> None:
    """Put a notebook of these cells into the person's home."""
    made: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "source": cell,
            "outputs": [],
            "execution_count": None,
        }
        for number, cell in enumerate(cells)
    ]
    text = json.dumps({"cells": made, "metadata": SPEC, "nbformat": 4, "nbformat_minor": 5})
    in_home(person, f"cat > own.ipynb <<'END'\n{text}\nEND")


def run_all(student: Visit) -> None:
    page = student.page
    student.open("/user/lena/second/lab/tree/own.ipynb")
    page.wait_for_url("**/lab/tree/own.ipynb", timeout=LONG)
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    student.choose("Run", "Run All Cells")


def about(student: Visit) -> None:
    student.choose("Help", "About These Notebooks")


def test_own_packages_last_are_shown_and_can_be_removed(visit: Open, person: Person) -> None:
    in_home(person, f"mkdir mine; printf '{PROJECT}' > mine/pyproject.toml; echo 'value = 42' > mine/mine.py")
    notebook(person, INSTALL, "import mine; print('value', mine.value)")
    person.start("second")
    student = visit("lena")
    page = student.page
    run_all(student)
    expect(page.locator(".jp-Notebook")).to_contain_text("value 42", timeout=LONG)
    close(person)
    in_home(person, "rm -rf mine")
    notebook(person, "import mine; print('still', mine.value)")
    person.start("second")
    run_all(student)
    expect(page.locator(".jp-Notebook")).to_contain_text("still 42", timeout=LONG)
    about(student)
    dialog = page.get_by_role("dialog").filter(has_text="About these notebooks")
    expect(dialog).to_contain_text("Image base")
    expect(dialog).to_contain_text("1 processor core and 768 MB of memory")
    expect(dialog).to_contain_text("jupyterlab 4.")
    expect(dialog).to_contain_text("mine 1.5")
    student.shot("about")
    dialog.get_by_role("button", name="Remove my own packages").click()
    page.get_by_role("button", name="Remove them").click()
    expect(page.get_by_role("dialog").filter(has_text="Your own packages are removed")).to_be_visible()
    student.shot("packages-removed")
    assert "mine" not in person.get("/user/lena/second/campushub/about").text


def test_memory_is_shown_and_warned_of_before_there_is_none(visit: Open, person: Person) -> None:
    notebook(person, "held = bytearray(560 * 1024**2)\nprint('held', len(held))")
    person.start("second")
    student = visit("lena")
    page = student.page
    run_all(student)
    expect(page.locator(".jp-Notebook")).to_contain_text("held 587202560", timeout=LONG)
    meter = page.locator("#jp-bottom-panel").get_by_text("Mem: ")
    expect(meter).to_contain_text("768", timeout=LONG)
    notice = page.locator(".Toastify__toast").filter(has_text="of their memory")
    expect(notice).to_contain_text("Python ends and loses what it holds", timeout=LONG)
    student.shot("memory")
