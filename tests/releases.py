"""Assignments in a course's folder: sound ones, and one against which everything speaks, with what has to be said of it."""

from __future__ import annotations

import os
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell

from tests.coursework import TESTS, cell, notebook
from tests.instance import Instance

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
