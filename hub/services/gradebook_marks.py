"""The marks in a course's gradebook, read by the grader for the service: only it and formgrader may open a gradebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from campushub_client.course_config import configure
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from hub.marks import Mark, Marks


def told(folder: Path, course: str) -> str:
    """A course's marks as JSON; those of a course without a gradebook are none."""
    config = Config()
    configure(config, course, folder)
    return json.dumps(read(CourseDirectory(config=config)).as_data())


def read(coursedir: CourseDirectory) -> Marks:
    """Every assignment of the gradebook with every submission that was graded."""
    if not Path(coursedir.root, "gradebook.db").exists():
        return Marks()
    highest: dict[str, float] = {}
    of: dict[str, dict[str, Mark]] = {}
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        for assignment in sorted(gradebook.assignments, key=lambda one: one.name):
            highest[assignment.name] = float(assignment.max_score)
            for submission in gradebook.assignment_submissions(assignment.name):
                of.setdefault(submission.student.id, {})[assignment.name] = _mark(submission)
    return Marks(highest, of)


def _mark(submission: Any) -> Mark:
    score = float(submission.score)
    lost = max(0.0, min(score, float(submission.late_submission_penalty)))
    return Mark(score - lost, lost, bool(submission.needs_manual_grade))
