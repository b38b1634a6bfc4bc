"""Ids, points, tests, kernels and notebooks of a release; the examples of this repository have nothing against them."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from hub.findings import Finding
from hub.findings import told as lines_of
from hub.release_cells import has_test
from hub.release_check import Assignment
from tests.assignments import NAME, assignment, content, handed_out, told
from tests.coursework import cell, notebook, source
from tests.instance import ROOT

EXAMPLES = sorted((ROOT / "config" / "examples").glob("*/assignments/*/*.ipynb"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_have_no_finding(path: Path) -> None:
    document = nbformat.read(path, as_version=4)
    made = content(handed_out(document))
    assert told(Assignment({path.name: path.read_bytes()}, {path.name: made}, (path.stem,))) == []


def with_id(grade_id: str | None) -> Any:
    """The usual assignment with a cell of tests more, of this id."""
    made = handed_out(source())
    more = cell("assert answer() == 42", "more", points=1)
    more["id"] = "cell-more"
    if grade_id is None:
        del more.metadata["nbgrader"]["grade_id"]
    else:
        more.metadata["nbgrader"]["grade_id"] = grade_id
    made.cells.append(more)
    return made


@pytest.mark.parametrize(
    ("grade_id", "said"),
    [
        (None, "cell 4: has no id."),
        ("", "cell 4: has an empty id."),
        ("two words", "cell 4 'two words': has an id that nbgrader does not take."),
        ("tests", "cell 4 'tests': has the id of cell 3."),
    ],
)
def test_id_that_nbgrader_cannot_use_is_said(grade_id: str | None, said: str) -> None:
    assert any(f"ps1.ipynb, {said}" in line for line in told(assignment(source(), with_id(grade_id))))


def test_both_cells_of_one_id_are_named() -> None:
    said = "\n".join(told(assignment(source(), with_id("tests"))))
    assert "cell 3 'tests': has the id of cell 4." in said


def test_output_that_is_left_is_said() -> None:
    made = handed_out(source())
    made.cells[1].outputs = [nbformat.v4.new_output("stream", text="42")]
    assert told(assignment(source(), made))[0].startswith("ps1.ipynb, cell 2 'answer': still shows an output.")


def test_points_without_a_test_are_said() -> None:
    document = notebook("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", tests="# the tests come here\npass")
    assert told(assignment(document)) == [
        "ps1.ipynb, cell 3 'tests': is worth 5 points and tests nothing. Write an assertion into it, then press Generate."
    ]


def test_tests_that_are_all_hidden_are_tests() -> None:
    hidden = "### BEGIN HIDDEN TESTS\nassert x == 1\n### END HIDDEN TESTS"
    assert told(assignment(notebook("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", tests=hidden))) == []


@pytest.mark.parametrize(
    ("text", "tests"),
    [
        ("assert x", True),
        ("check(x)", True),
        ("if x != 1:\n    raise ValueError", True),
        ("score", True),
        ("### AUTOTEST x", True),
        ("%%R\nstopifnot(x)", True),
        ("", False),
        ("# nothing", False),
        ("import numpy as np", False),
        ("5", False),
        ('"""Tests"""\npass', False),
    ],
)
def test_what_counts_as_a_test(text: str, tests: bool) -> None:
    assert has_test(text) is tests


def test_kernel_that_the_image_lacks_is_said_with_those_it_has() -> None:
    document = source()
    document.metadata["kernelspec"]["name"] = "julia-1.9"
    assert told(assignment(document, kernels=("python3", "ir")))[0] == (
        "ps1.ipynb: asks for the kernel 'julia-1.9', which the image has not. "
        "Choose another kernel in 'source' (there is: ir, python3), then press Generate."
    )
    assert told(assignment(document, kernels=("python3", "julia-1.9"))) == []


def test_stray_notebooks_are_said() -> None:
    beside = {"Untitled.ipynb": content(new_notebook()), "old/ps1.ipynb": content(handed_out(source()))}
    said = told(assignment(source(), beside=beside))
    assert [line.partition(" Take")[0] for line in said] == [
        "Untitled.ipynb: is not a notebook of this assignment.",
        "old/ps1.ipynb: is not a notebook of this assignment.",
    ]


def test_notebook_without_anything_to_grade_is_said() -> None:
    document = new_notebook(cells=[new_markdown_cell("Only to read.")])
    assert told(assignment(document))[0].startswith("ps1.ipynb: has no cell that is worth points.")


def test_notebook_that_is_missing_or_broken_is_said() -> None:
    said = told(Assignment({}, {NAME: b"{"}, ("ps1", "ps2")))
    assert [line.partition(". ")[0] for line in said] == [
        "ps2.ipynb: belongs to the assignment and is not there",
        "ps1.ipynb: cannot be read as a notebook",
    ]


def test_findings_without_room_are_counted() -> None:
    many = [Finding(f"{number}.ipynb", "cell 1", "is\nwrong.", "Mend it.") for number in range(10)]
    text = lines_of(many, 100)
    assert text == ("0.ipynb, cell 1: is wrong. Mend it.\n1.ipynb, cell 1: is wrong. Mend it.\nand 8 more")
    assert lines_of(many, 10_000).count("\n") == 9
