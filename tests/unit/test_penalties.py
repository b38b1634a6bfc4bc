"""Late penalties in a real gradebook: they follow the dates, and nothing is run for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from campushub_client.exchange import SUBMISSION_FILE
from campushub_client.feedback import NotBelowZero
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from hub.services import penalties

# nbgrader 0.9.6 with SQLAlchemy 2.1; the marks are right
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture
def coursedir(tmp_path: Path) -> Any:
    """A course with one assignment of eight points in two notebooks, handed in and graded once."""
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.course_id = "demo"
    config.CourseDirectory.assignment_id = "ps1"
    found = CourseDirectory(config=config)
    with Gradebook(found.db_url, "demo") as gradebook:
        gradebook.add_assignment("ps1")
        for name, points in (("one", 5), ("two", 3)):
            gradebook.add_notebook(name, "ps1")
            gradebook.add_grade_cell("tests", name, "ps1", max_score=points, cell_type="code")
        gradebook.add_student("s1")
        gradebook.add_submission("ps1", "s1")
    folder = tmp_path / "autograded" / "s1" / "ps1"
    folder.mkdir(parents=True)
    (folder / SUBMISSION_FILE).write_text("abc", encoding="utf-8")
    return found


def told(coursedir: Any) -> tuple[float, datetime | None]:
    with Gradebook(coursedir.db_url, "demo") as gradebook:
        found = gradebook.find_submission("ps1", "s1")
        return float(found.late_submission_penalty), gradebook.find_assignment("ps1").duedate


def test_penalty_follows_the_percentage_of_the_submission_that_was_graded(coursedir: Any) -> None:
    other = {"submission": "later", "percent_lost": 90}
    assert penalties.bring(coursedir, [{"submission": "abc", "percent_lost": 25}, other]) == 1
    assert told(coursedir)[0] == 2
    assert penalties.bring(coursedir, [{"submission": "abc", "percent_lost": 25}]) == 0, "it is there already"
    assert penalties.bring(coursedir, [{"submission": "abc", "percent_lost": 0}]) == 1
    assert told(coursedir)[0] == 0


def test_submission_that_the_service_does_not_know_keeps_what_it_has(coursedir: Any) -> None:
    penalties.bring(coursedir, [{"submission": "abc", "percent_lost": 25}])
    assert penalties.bring(coursedir, []) == 0
    assert told(coursedir)[0] == 2


def test_due_date_is_kept_as_nbgrader_keeps_it(coursedir: Any) -> None:
    penalties.bring_due(coursedir, datetime.fromisoformat("2026-12-01T18:00:00+05:30"))
    assert told(coursedir)[1] == datetime(2026, 12, 1, 12, 30, tzinfo=UTC).replace(tzinfo=None)
    penalties.bring_due(coursedir, None)
    assert told(coursedir)[1] is None


def test_assignment_that_is_not_in_the_gradebook_is_left_alone(coursedir: Any) -> None:
    coursedir.assignment_id = "ps2"
    penalties.bring_due(coursedir, datetime.now(UTC))
    assert penalties.bring(coursedir, []) == 0


@pytest.mark.parametrize(("score", "late_penalty", "shown"), [(3, 1, (3, 1)), (-1, 4, (0, 3)), (0, 5, (0, 5))])
def test_feedback_shows_no_score_below_zero(score: float, late_penalty: float, shown: tuple[float, float]) -> None:
    resources = {"nbgrader": {"score": score, "late_penalty": late_penalty}}
    NotBelowZero().preprocess(SimpleNamespace(), resources)
    assert (resources["nbgrader"]["score"], resources["nbgrader"]["late_penalty"]) == shown
