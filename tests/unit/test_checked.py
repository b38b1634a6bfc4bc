"""Which cells of tests are checked, and which sandbox sees what of a notebook."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.checked import TURN, is_checked, joined, parts
from tests.assignments import handed_out
from tests.coursework import CHECKED, MARKER, RIGHT, notebook, source


def plain(document: Any) -> Any:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize(
    ("tests", "checked"),
    [
        ("### CHECKED\nassert 1", True),
        ("# About this\n###  checked \nassert 1", True),
        ("assert 1  ### CHECKED", False),
        ("# CHECKED\nassert 1", False),
        ("assert 1", False),
    ],
)
def test_a_line_makes_a_cell_of_tests_checked(tests: str, *, checked: bool) -> None:
    assert is_checked(notebook(RIGHT, tests=tests).cells[2]) is checked


def test_no_solution_and_no_cell_without_marks_is_checked() -> None:
    document = notebook("### CHECKED\nanswer = 1", tests="assert 1")
    document.cells[0] |= {"cell_type": "code", "source": "### CHECKED"}
    assert not any(map(is_checked, document.cells))
    assert len(parts(document)) == 1


def test_the_line_is_still_there_when_the_assignment_is_handed_out() -> None:
    assert is_checked(handed_out(source(CHECKED)).cells[2])


def test_the_students_sandbox_sees_nothing_of_a_checked_test() -> None:
    student, checker = parts(plain(notebook(RIGHT, tests=CHECKED)))
    assert MARKER not in json.dumps(student)
    assert "answer() ==" not in json.dumps(student)
    assert RIGHT not in [cell["source"] for cell in checker["cells"]]
    assert checker["cells"][2]["source"] == CHECKED


def test_the_turn_changes_at_checked_tests_and_nowhere_else() -> None:
    document = plain(notebook(RIGHT, tests=CHECKED))
    document["cells"][1]["metadata"][TURN] = True  # as a student would write it
    for part in parts(document):
        assert [bool(cell["metadata"].get(TURN)) for cell in part["cells"]] == [False, False, True]


def test_what_checked_tests_show_is_what_the_checker_showed() -> None:
    document = plain(notebook(RIGHT, tests=CHECKED))
    ran = parts(document)
    for part, text in zip(ran, ("student", "checker"), strict=True):
        for cell in part["cells"][1:]:
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
            cell["execution_count"] = 1
    found = joined(document, ran)
    assert [cell["outputs"][0]["text"] for cell in found["cells"][1:]] == ["student", "checker"]
    assert [cell["source"] for cell in found["cells"]] == [cell["source"] for cell in document["cells"]]
    assert [cell["execution_count"] for cell in found["cells"][1:]] == [1, 2]
