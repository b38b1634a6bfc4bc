"""A release through the grader: what is rotten is refused with each reason and its cell, what is good is handed out."""

from __future__ import annotations

import os
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell

from tests.coursework import RIGHT, TESTS, cell, notebook, source
from tests.http_loop import ask
from tests.instance import Instance, Person

GIVEN_AWAY = "print('points for nothing')"


def write(instance: Instance, name: str, document: Any, **files: str) -> None:
    """Put an assignment into the course folder and generate it."""
    folder = instance.data / "courses" / "demo" / "source" / name
    folder.mkdir(parents=True)
    nbformat.write(document, folder / f"{name}.ipynb")
    for word, text in files.items():
        (folder / f"{word}.py").write_text(text, encoding="utf-8")
    for path in (folder.parent, folder, *folder.iterdir()):
        os.chown(path, 1000, 1000)
    assert nbgrader(instance, "generate_assignment", name, "--force").exit_code == 0


def nbgrader(instance: Instance, *words: str) -> Any:
    return instance.part("grader").exec_run(["env", "CAMPUSHUB_COURSE=demo", "nbgrader", *words])


def rotten() -> Any:
    """Everything that needs a run is wrong, and some of what needs none."""
    document = notebook("### BEGIN SOLUTION\ndef answer(more=0):\n    return 41 + more\n### END SOLUTION", tests=TESTS)
    given = cell(GIVEN_AWAY, "given", points=2)
    picture = new_markdown_cell("![a picture](https://pictures.example.edu/a.png)")
    given["id"], picture["id"] = "cell-given", "cell-picture"
    document.cells += [given, picture]
    return document


REASONS = [
    "rotten.ipynb, cell 3 'tests': your own solution gets 0 of 5 points: AssertionError",
    "rotten.ipynb, cell 4 'given': gives 2 of 2 points to a notebook in which nothing was filled in.",
    "rotten.ipynb, cell 5: shows a picture from another host",
    "helper.py: has the hidden tests of cell 3 'tests'",
]


@pytest.fixture(scope="module")
def _rotten(instance: Instance) -> None:
    write(instance, "rotten", rotten(), helper=TESTS)


@pytest.mark.usefixtures("_rotten")
def test_rotten_assignment_is_refused_on_the_page_with_each_reason_and_its_cell(
    instance: Instance, student: Person, teacher: Person
) -> None:
    told = ask(teacher, "POST", "grade-demo", "formgrader/api/assignment/rotten/release").json()
    assert told["success"] is False
    for reason in REASONS:
        assert reason in told["error"]
    assert "--force" in told["error"]
    assert "rotten" not in student.get("/courses/demo/").text


def test_good_assignment_is_released_from_the_page(instance: Instance, student: Person, teacher: Person) -> None:
    write(instance, "good", source())
    told = ask(teacher, "POST", "grade-demo", "formgrader/api/assignment/good/release").json()
    assert told["success"], told
    assert "good" in student.get("/courses/demo/").text


@pytest.mark.usefixtures("_rotten")
def test_force_releases_all_the_same_and_says_what_was_found(instance: Instance, student: Person) -> None:
    done = nbgrader(instance, "release_assignment", "rotten", "--force")
    said = done.output.decode()
    assert done.exit_code == 0, said
    assert all(reason in said for reason in REASONS)
    assert "rotten" in student.get("/courses/demo/").text


def test_solution_that_takes_too_long_is_said(instance: Instance) -> None:
    slow = f"### BEGIN SOLUTION\nimport time\ntime.sleep(600)\n{RIGHT}\n### END SOLUTION"
    write(instance, "slow", notebook(slow, tests=TESTS))
    said = nbgrader(instance, "release_assignment", "slow").output.decode()
    assert "cell 3 'tests': your own solution gets 0 of 5 points" in said
    assert "longer than this course allows" in said


def test_grader_that_is_stopped_is_said(instance: Instance, teacher: Person) -> None:
    write(instance, "waiting", source())
    instance.part("grader").stop(timeout=0)
    try:
        told = ask(teacher, "POST", "grade-demo", "formgrader/api/assignment/waiting/release").json()
    finally:
        instance.part("grader").start()
    assert told["success"] is False
    assert "The grader has not taken the check up" in told["error"]
