"""What students may not see is found wherever it hides, and what they see anyway is no leak."""

import base64
import gzip
import io
import json
import textwrap
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from hub.release_check import Assignment
from hub.release_leaks import telling
from hub.release_marks import MARKS, between, of_course
from tests.assignments import NAME, assignment, content, handed_out, told
from tests.coursework import MARKER, cell, notebook, source

HIDDEN = f'assert answer(1) == 43, "{MARKER}"'
SOLUTION = "return 42 + more"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/inside.txt", text)
    return packed.getvalue()


def test_what_nbgrader_makes_of_a_sound_source_has_no_leak() -> None:
    assert told(assignment(source())) == []


def test_source_that_is_handed_out_as_it_is_leaks_everything() -> None:
    said = "\n".join(told(assignment(source(), source())))
    assert "ps1.ipynb, cell 2 'answer': has the mark of solution (BEGIN SOLUTION)." in said
    assert "ps1.ipynb, cell 2 'answer': has the solution of cell 2 'answer'" in said
    assert "ps1.ipynb, cell 3 'tests': has the mark of hidden tests (BEGIN HIDDEN TESTS)." in said
    assert "ps1.ipynb, cell 3 'tests': has the hidden tests of cell 3 'tests'" in said


def in_source(made: Any) -> None:
    made.cells[2].source += f"\n{HIDDEN}"


def indented_otherwise(made: Any) -> None:
    made.cells[2].source += f"\nif True:\n        {HIDDEN.replace(' == ', '==')}"


def in_output(made: Any) -> None:
    made.cells[2].outputs = [new_output("error", ename="AssertionError", evalue="", traceback=[f"----> 3 {HIDDEN}"])]


def in_html_output(made: Any) -> None:
    page = "<pre>" + HIDDEN.replace('"', "&quot;") + "</pre>"
    made.cells[1].outputs = [new_output("display_data", {"text/html": page})]


def in_metadata_of_a_cell(made: Any) -> None:
    made.cells[0].metadata["note"] = {"draft": [HIDDEN]}


def in_metadata_of_the_notebook(made: Any) -> None:
    made.metadata["backup"] = json.dumps({"cells": [HIDDEN]})


def in_attachment(made: Any) -> None:
    made.cells[0]["attachments"] = {"notes.txt": {"text/plain": encoded(f"notes\n{HIDDEN}\n")}}


def in_base64_of_a_cell(made: Any) -> None:
    made.cells[0].source += f"\n<!-- {encoded(HIDDEN)} -->"


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (in_source, "cell 3 'tests'"),
        (indented_otherwise, "cell 3 'tests'"),
        (in_output, "cell 3 'tests'"),
        (in_html_output, "cell 2 'answer'"),
        (in_metadata_of_a_cell, "cell 1"),
        (in_metadata_of_the_notebook, ""),
        (in_attachment, "cell 1"),
        (in_base64_of_a_cell, "cell 1"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_hidden_test_is_found_in_every_part_of_a_notebook(spoil: Callable[[Any], None], place: str) -> None:
    made = handed_out(source())
    spoil(made)
    leaks = [line for line in told(assignment(source(), made)) if "has the hidden tests of cell 3 'tests'" in line]
    assert len(leaks) == 1
    assert leaks[0].startswith(f"{NAME}, {place}: " if place else f"{NAME}: ")


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        (".ipynb_checkpoints/ps1-checkpoint.ipynb", content(source())),
        ("helper.py", f"def check(answer):\n    {HIDDEN}\n".encode()),
        ("notes.md", f"Remember: `{HIDDEN}`".encode()),
        ("page.html", HIDDEN.replace('"', "&quot;").encode()),
        ("data.json", json.dumps({"rows": [1, HIDDEN]}).encode()),
        ("log.txt", repr(f"x\n{HIDDEN}\n").encode()),
        ("coded.txt", "\n".join(textwrap.wrap(encoded(f"tests\n{HIDDEN}\n"), 60)).encode()),
        ("packed.txt.gz", gzip.compress(HIDDEN.encode())),
        ("packed.zip", zipped(HIDDEN)),
        ("packed-twice.zip", zipped(encoded(HIDDEN))),
        ("windows.txt", HIDDEN.encode("utf-16")),
    ],
)
def test_hidden_test_is_found_in_every_kind_of_file_beside(path: str, inside: bytes) -> None:
    leaks = told(assignment(source(), beside={path: inside}))
    assert any(line.startswith(path) and "has the hidden tests of cell 3 'tests'" in line for line in leaks)


def test_solution_in_a_file_beside_is_found() -> None:
    leaks = told(assignment(source(), beside={"solution.py": f"def answer(more=0):\n    {SOLUTION}\n".encode()}))
    assert leaks == [
        "solution.py: has the solution of cell 2 'answer' (def answer(more=0):). "
        "Take the file out of the folder 'source', then press Generate."
    ]


def test_picture_that_the_solution_draws_is_found_beside() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
    drawn = source()
    shown = base64.encodebytes(picture).decode()
    drawn.cells[1].outputs = [new_output("display_data", {"image/png": shown, "text/plain": "<Figure>"})]
    leaks = told(assignment(drawn, beside={"figure.png": picture}))
    assert leaks[0].startswith("figure.png: has an output of cell 2 'answer'")


def test_solution_cell_without_marks_is_secret_as_a_whole() -> None:
    whole = notebook("slope = (y2 - y1) / (x2 - x1)", tests="assert slope == 2")
    made = handed_out(whole)
    made.cells[0].source += "\nHint: slope = (y2-y1) / (x2-x1)"
    assert "cell 1: has the solution of cell 2 'answer'" in told(assignment(whole, made))[0]


def test_what_is_told_outside_of_the_marks_is_no_secret() -> None:
    open_hint = source()
    open_hint.cells[0].source += f"\n\n    {SOLUTION}\n\n    {HIDDEN}"
    assert told(assignment(open_hint)) == []


def test_phrases_that_any_program_has_are_no_leak() -> None:
    loop = "### BEGIN SOLUTION\nimport numpy as np\nfor x in data:\n    total = total + weigh(x, scale)\n    pass\n### END SOLUTION"
    helper = b"import numpy as np\n\nfor y in rows:\n    pass\n"
    document = notebook(loop, tests="assert total")
    assert told(assignment(document, beside={"helper.py": helper})) == []


def test_data_of_any_bytes_are_no_leak() -> None:
    beside = {
        "weights.bin": bytes(range(256)) * 40,
        "broken.zip": b"PK\x03\x04" + b"x" * 50,
        "broken.gz": b"\x1f\x8bxx",
    }
    assert told(assignment(source(), beside=beside)) == []


def test_marks_of_a_course_are_read_from_its_settings_and_these_are_not_run() -> None:
    config = """
c = get_config()
raise SystemExit("this must not be run")
c.ClearSolutions.begin_solution_delimeter = "LÖSUNG"
c.ClearSolutions.end_solution_delimeter = "SCHLUSS"
c.ClearHiddenTests.begin_test_delimeter = 7
"""
    marks = of_course(config)
    assert [(mark.begin, mark.end) for mark in marks][:2] == [
        ("LÖSUNG", "SCHLUSS"),
        ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"),
    ]
    document = notebook("# LÖSUNG\nx = secret_number(4711)\n# SCHLUSS", tests="assert x")
    leaks = told(Assignment({NAME: content(document)}, {NAME: content(document)}, ("ps1",), marks=marks))
    assert any("cell 2 'answer': has the solution of cell 2 'answer'" in line for line in leaks)


def test_settings_that_cannot_be_read_leave_the_usual_marks() -> None:
    assert of_course("c.ClearSolutions.begin = (") == MARKS


LINES = st.lists(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=30), max_size=5)


@given(before=LINES, secret=st.integers(10**9, 10**10), after=LINES)
def test_a_line_between_marks_is_found_wherever_it_is_put_back(
    before: list[str], secret: int, after: list[str]
) -> None:
    line = f"assert code == {secret}"
    document = new_notebook(
        cells=[
            new_markdown_cell("\n".join(before)),
            cell(f"x = 1\n### BEGIN HIDDEN TESTS\n{line}\n### END HIDDEN TESTS", "tests", points=1),
        ]
    )
    made = handed_out(document)
    made.cells.append(new_code_cell("\n".join([*before, line, *after])))
    found = [said for said in told(assignment(document, made)) if "hidden tests of cell 2" in said]
    assert len(found) == 1
    assert found[0].startswith("ps1.ipynb, cell 3:")


@given(st.lists(st.sampled_from(["a", "### BEGIN SOLUTION", "### END SOLUTION", "### BEGIN HIDDEN TESTS", "b = 1"])))
def test_no_line_is_lost_between_marks(lines: list[str]) -> None:
    regions, outside = between("\n".join(lines), MARKS)
    kept = [line for _, inside in regions for line in inside] + outside
    assert sorted(kept) == sorted(line for line in lines if not line.startswith("###")) or not lines


@given(st.text())
def test_lines_that_tell_have_no_space(text: str) -> None:
    assert all(line == "".join(line.split()) for line in telling(text.split("\n")))
