"""Marks in a real gradebook and their log in a real store: what is changed is told first, and what is not told is not changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from campushub_client.mark_log import NotLogged, watch
from campushub_client.service import Service
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from hub.adapters.mark_log import MarkLog
from hub.services.autograde import Autograding, SaveScores
from tests.coursework import cell
from tests.service_of_marks import running

# nbgrader 0.9.6 with SQLAlchemy 2.1; the marks are right
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

WHICH = ("tests", "ps1", "ps1", "s1")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook in which one student has handed one notebook in; nbgrader takes seconds to make one."""
    path = tmp_path_factory.mktemp("made") / "gradebook.db"
    found = f"sqlite:///{path}"
    with Gradebook(found, "demo") as gradebook:
        gradebook.add_assignment("ps1")
        gradebook.add_notebook("ps1", "ps1")
        gradebook.add_grade_cell("tests", "ps1", "ps1", max_score=5, cell_type="code")
        gradebook.add_grade_cell("more", "ps1", "ps1", max_score=2, cell_type="code")
        gradebook.add_solution_cell("answer", "ps1", "ps1")
        gradebook.add_student("s1")
        gradebook.add_submission("ps1", "s1")
    return path


@pytest.fixture
def url(made: Path, tmp_path: Path) -> str:
    course = tmp_path / "demo"
    course.mkdir()
    return f"sqlite:///{shutil.copy(made, course)}"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[Service, MarkLog]]:
    with running(tmp_path) as found:
        yield found


@contextmanager
def watched(service: Service) -> Iterator[None]:
    stop = watch(service)
    try:
        yield
    finally:
        stop()


def graded(url: str) -> None:
    """Autograde: the first question passes and the second does not."""
    good, bad = cell("assert True", "tests", points=5), cell("assert False", "more", points=2)
    bad.outputs = [nbformat.v4.new_output("error", ename="AssertionError", evalue="", traceback=[])]
    notebook = nbformat.v4.new_notebook(cells=[cell("x = 1", "answer", solution=True), good, bad])
    about = {"notebook": "ps1", "assignment": "ps1", "student": "s1", "db_url": url}
    SaveScores().preprocess(notebook, {"nbgrader": about})


def mark(url: str, **values: Any) -> None:
    with Gradebook(url, "demo") as gradebook:
        grade = gradebook.find_grade(*WHICH)
        for word, value in values.items():
            setattr(grade, word, value)
        gradebook.db.commit()


def scores(url: str) -> tuple[float | None, float | None, bool]:
    with Gradebook(url, "demo") as gradebook:
        grade = gradebook.find_grade(*WHICH)
        return grade.auto_score, grade.manual_score, grade.needs_manual_grade


def lines(log: MarkLog) -> list[tuple[Any, ...]]:
    """The log, oldest first."""
    told = [one.change for one in reversed(log.entries("demo"))]
    return [(change.cell, str(change.kind), change.before, change.after) for change in told]


def test_scores_of_a_submission_are_told_at_once_and_only_what_changes(url: str, service: Any) -> None:
    with watched(service[0]):
        graded(url)
        assert sorted(lines(service[1])) == [("more", "automatic", None, "0"), ("tests", "automatic", None, "5")]
        graded(url)
    assert len(lines(service[1])) == 2, "the second time nothing has changed"
    entry = service[1].entries("demo")[0]
    assert (entry.who, entry.student_name) == ("", "s1")
    assert abs(datetime.now(UTC) - entry.at) < timedelta(minutes=5)


def test_mark_by_hand_survives_grading_again_and_is_shown_to_be_looked_at(url: str, service: Any) -> None:
    with watched(service[0]):
        mark(url, manual_score=3, needs_manual_grade=False)
        graded(url)
    assert scores(url) == (5, 3, True)
    assert ("tests", "manual", None, "3") in lines(service[1])


def test_numbers_that_arrive_as_texts_are_numbers_and_the_same_mark_is_no_change(url: str, service: Any) -> None:
    with watched(service[0]):
        mark(url, manual_score="3", extra_credit="0.5")
        mark(url, manual_score="3.0", extra_credit=None)
    assert lines(service[1]) == [
        ("tests", "manual", None, "3"),
        ("tests", "extra", None, "0.5"),
        ("tests", "extra", "0.5", None),
    ]


def test_penalty_and_comment_are_told(url: str, service: Any) -> None:
    with watched(service[0]), Gradebook(url, "demo") as gradebook:
        gradebook.find_submission_notebook("ps1", "ps1", "s1").late_submission_penalty = 1.5
        gradebook.find_comment("answer", "ps1", "ps1", "s1").manual_comment = "5"
        gradebook.db.commit()
    assert sorted(lines(service[1])) == [("", "penalty", None, "1.5"), ("answer", "comment", None, "5")]


def test_what_a_colleague_wrote_meanwhile_is_what_it_was_before(url: str, service: Any) -> None:
    with watched(service[0]), Gradebook(url, "demo") as mine:
        grade = mine.find_grade(*WHICH)
        assert grade.manual_score is None
        mark(url, manual_score=2)
        grade.manual_score = 4
        mine.db.commit()
    assert [one[2:] for one in lines(service[1])] == [(None, "2"), ("2", "4")]


@pytest.mark.parametrize("change", [lambda url: mark(url, manual_score=3), graded])
def test_change_that_cannot_be_logged_is_not_made(url: str, change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with watched(Service("http://127.0.0.1:1", "x")), pytest.raises(NotLogged, match="stays as it was"):
        change(url)
    assert scores(url)[:2] == (None, None)
    mark(url, manual_score=1)
    assert scores(url)[1] == 1, "and nothing is left locked"


def test_what_arrives_when_nobody_waits_any_more_is_not_logged(url: str, tmp_path: Path) -> None:
    with running(tmp_path, ahead=timedelta(minutes=1)) as (late, log), watched(late):
        with pytest.raises(NotLogged, match="too late"):
            mark(url, manual_score=3)
        assert lines(log) == []
    assert scores(url)[1] is None


def test_submission_that_is_removed_takes_its_marks_away_in_the_log_too(url: str, service: Any) -> None:
    with watched(service[0]):
        mark(url, manual_score=3)
        with Gradebook(url, "demo") as gradebook:
            gradebook.db.delete(gradebook.find_grade(*WHICH))
            gradebook.db.commit()
    assert lines(service[1])[-1] == ("tests", "manual", "3", None)


def autograding(url: str, folder: Path) -> Autograding:
    """nbgrader's autograding of the student's notebook, without running it."""
    submitted = folder / "submitted" / "s1" / "ps1"
    submitted.mkdir(parents=True)
    (folder / "source" / "ps1").mkdir(parents=True)
    cells = [cell("x = 1", "answer", solution=True), cell("assert True", "tests", points=5)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), submitted / "ps1.ipynb")
    config = Config()
    config.CourseDirectory.root, config.CourseDirectory.db_url = str(folder), url
    config.CourseDirectory.assignment_id, config.CourseDirectory.student_id = "ps1", "s1"
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = ["hub.services.autograde.SaveScores"]
    return Autograding(coursedir=CourseDirectory(config=config), config=config)


def test_log_that_does_not_answer_stops_grading_and_blames_no_submission(
    url: str, service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    steps = autograding(url, tmp_path)
    with watched(Service("http://127.0.0.1:1", "x")), pytest.raises(NotLogged):
        steps.start()
    assert scores(url)[0] is None
    with watched(service[0]):
        steps.start()
    assert scores(url)[0] == 5
    assert lines(service[1]) == [("tests", "automatic", None, "5")]
