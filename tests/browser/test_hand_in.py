"""A student who hands in a copy, without a notebook and with a changed test: asked first, told what became of it."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.coursework import cell
from tests.homes import close, home_of, in_home
from tests.instance import Instance, Person

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds: a server starts
RELEASE = """
    import base64, io
    from campushub_client.service import Service
    Service.from_environment().release("second", "two-parts", io.BytesIO(base64.b64decode(%r)), None)
"""
FOLDER = "assignments/second/two-parts"


def part(name: str, tests: str) -> Any:
    """A notebook with a cell for an answer and one of tests, called after it."""
    made = nbformat.v4.new_notebook(cells=[cell("", name, solution=True), cell(tests, f"{name}-tests", points=1)])
    made.metadata["kernelspec"] = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return made


def packed() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("loops", "lists"):
            content = nbformat.writes(part(name, f"assert {name} == 1")).encode()
            member = tarfile.TarInfo(f"{name}.ipynb")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def two_parts(instance: Instance) -> Iterator[None]:
    """An assignment with two notebooks in the second course, for as long as a test."""
    teacher = instance.person("ta")
    if not teacher.ready("grade-second"):
        teacher.start("grade-second")
    teacher.inside("grade-second", RELEASE % base64.b64encode(packed()).decode())
    yield
    withdraw = (
        'from campushub_client.service import Service; Service.from_environment().withdraw("second", "two-parts")'
    )
    teacher.inside("grade-second", withdraw)
    close(teacher, "grade-second")


def keep_elsewhere_and_change(person: Person) -> None:
    """What comes back from another computer: one notebook as a copy with its test changed, another of one's own."""
    folder = home_of(person) / FOLDER
    folder.mkdir(parents=True)
    nbformat.write(part("loops", "assert True"), folder / "loops-Copy1.ipynb")
    nbformat.write(nbformat.v4.new_notebook(), folder / "notes.ipynb")
    in_home(person, "true")  # all of it is theirs


def test_what_is_missing_or_changed_is_asked_and_the_receipt_says_it(
    visit: Open, instance: Instance, two_parts: None
) -> None:
    student = visit("lena")
    page = student.page
    close(instance.person("lena"))
    keep_elsewhere_and_change(instance.person("lena"))
    student.open("/courses/")
    page.get_by_role("link", name="Open A second course").click()
    page.wait_for_url("**/user/**", timeout=LONG)
    panel = page.locator(".campushub-panel")
    expect(panel.get_by_role("button", name="Submit two-parts")).to_be_visible(timeout=LONG)
    question = page.get_by_role("dialog").filter(has_text="Submit without it?")
    page.get_by_role("button", name="Submit two-parts").click()
    expect(question).to_contain_text("lists.ipynb", timeout=LONG)
    expect(question).to_contain_text("loops.ipynb: loops-tests")
    expect(question).to_contain_text("'loops-Copy1.ipynb' was taken as 'loops.ipynb'")
    student.shot("asked-before-it-counts")
    question.get_by_role("button", name="Do not submit").click()
    expect(panel).to_contain_text("Nothing was submitted.")
    page.get_by_role("button", name="Submit two-parts").click()
    expect(question).to_be_visible(timeout=LONG)
    page.keyboard.press("Escape")
    expect(panel).to_contain_text("Nothing was submitted.")
    assert not submitted(instance)
    page.get_by_role("button", name="Submit two-parts").click()
    question.get_by_role("button", name="Submit without it").click(timeout=LONG)
    expect(panel).to_contain_text("Submitted: attempt 1, 1 file, 1 of 2 notebooks", timeout=LONG)
    expect(panel.get_by_role("status").filter(has_text="Submitted")).to_contain_text("'notes.ipynb' is left out")
    student.shot("submitted-with-remarks")
    student.open("/courses/")
    page.get_by_role("link", name="Receipt of attempt 1").click()
    main = page.locator("main")
    expect(main).to_contain_text("'lists.ipynb' is missing.")
    expect(main).to_contain_text("it counts as it was handed out: loops-tests")
    student.shot("receipt-with-remarks", ours=True)
    page.set_viewport_size({"width": 375, "height": 700})
    student.shot("receipt-with-remarks-narrow", ours=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def submitted(instance: Instance) -> list[dict[str, Any]]:
    """What the service says has been submitted of the assignment."""
    code = """
        import json
        from campushub_client.service import Service
        print(json.dumps(Service.from_environment().submissions("second", "two-parts")))
    """
    found: list[dict[str, Any]] = json.loads(instance.person("ta").inside("grade-second", code))
    return found
