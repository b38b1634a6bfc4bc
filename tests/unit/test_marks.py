"""Marks as a table: no cell that a spreadsheet would run, and the sums of what counts."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from campushub_client.course_config import configure
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from hub.marks import ABOUT, Mark, Marks, as_csv
from hub.services import gradebook_marks
from hub.spreadsheets import BEGINS_AFRESH, STARTS_A_FORMULA

TEXT = st.text(alphabet=st.sampled_from("=+-@\t\r\n＝,\"' aé1"), max_size=8)
MARK = st.builds(Mark, st.floats(0, 1000), st.floats(0, 1000), st.booleans())


def student(number: str = "s1", **about: str) -> dict[str, str]:
    return {"student_id": number, "name": "asha", "full_name": "Asha Rao", "email": "", "section": "A", **about}


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix(BEGINS_AFRESH), newline="")))


def test_marks_have_highest_points_in_the_head_and_a_total_after_what_was_lost() -> None:
    marks = Marks({"one": 5, "two": 10}, {"s1": {"one": Mark(4.5), "two": Mark(6, 2, waits=True)}})
    table = rows(as_csv(marks, [student(), student("s2", name="ravi")]))
    assert table[0] == [
        *ABOUT,
        "one (max 5)",
        "two (max 10)",
        "total (max 15)",
        "lost by being late",
        "still to be marked",
    ]
    assert table[1] == ["asha", "Asha Rao", "", "A", "4.5", "6", "10.5", "2", "two"]
    assert table[2][4:] == ["", "", "", "", ""], "no mark is not a zero"


@given(st.dictionaries(TEXT, st.floats(0, 100), max_size=3), st.dictionaries(st.sampled_from(ABOUT), TEXT), st.data())
def test_no_cell_begins_as_a_formula_does(highest: dict[str, float], about: dict[str, str], data: Any) -> None:
    mine = {name: data.draw(MARK) for name in highest}
    marks = Marks.of_data(Marks(highest, {"s1": mine}).as_data())
    assert marks == Marks(highest, {"s1": mine})
    table = rows(as_csv(marks, [student(**about)]))
    assert len(table) == 2
    assert not [cell for row in table for cell in row if cell.startswith(STARTS_A_FORMULA)]
    for column, text in about.items():
        assert table[1][ABOUT.index(column)] in (text, f"'{text}")


# nbgrader 0.9.6 with SQLAlchemy 2.1; the marks are right
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_marks_are_the_gradebooks_without_what_is_lost(tmp_path: Path) -> None:
    config = Config()
    configure(config, "demo", tmp_path)
    coursedir = CourseDirectory(config=config)
    assert gradebook_marks.read(coursedir) == Marks(), "there is no gradebook yet"
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        gradebook.add_assignment("one")
        gradebook.add_notebook("n", "one")
        gradebook.add_grade_cell("tests", "n", "one", max_score=5, cell_type="code")
        gradebook.add_student("s1")
        gradebook.add_submission("one", "s1")
        grade = gradebook.find_grade("tests", "n", "one", "s1")
        grade.auto_score, grade.needs_manual_grade = 4, False
        gradebook.find_submission_notebook("n", "one", "s1").late_submission_penalty = 1.5
        gradebook.db.commit()
    assert gradebook_marks.read(coursedir) == Marks({"one": 5}, {"s1": {"one": Mark(2.5, 1.5)}})
