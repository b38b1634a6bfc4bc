"""What late submissions lose, in the gradebook: by the server's dates and rules, and again whenever one of them moves.

In the place of nbgrader's own step, which knows no extension of ours and would have to run a notebook again. The penalty is a
share of the highest possible points, so that it stays right when somebody marks by hand later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from campushub_client.collected import SUBMISSION_FILE
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory


def bring(coursedir: CourseDirectory, submissions: Iterable[Mapping[str, Any]], only: str | None = None) -> int:
    """Set the penalty of every graded submission of an assignment, or of one student's; how many changed.

    `submissions` are the service's, each with the percentage that it loses.
    """
    percent = {one["submission"]: float(one["percent_lost"]) for one in submissions}
    changed = 0
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        for graded in _graded(gradebook, coursedir.assignment_id):
            if only not in (None, graded.student.id):
                continue
            found = _which(coursedir, graded.student.id)
            if found in percent:
                changed += _set(graded, percent[found])
        gradebook.db.commit()
    return changed


def bring_due(coursedir: CourseDirectory, due: datetime | None) -> None:
    """Set an assignment's due date as the service has it; formgrader shows it, and sends it with the next release."""
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        try:
            assignment = gradebook.find_assignment(coursedir.assignment_id)
        except MissingEntry:
            return
        assignment.duedate = due.astimezone(UTC).replace(tzinfo=None) if due else None  # nbgrader's way to keep UTC
        gradebook.db.commit()


def _graded(gradebook: Gradebook, assignment: str) -> list[Any]:
    try:
        return list(gradebook.assignment_submissions(assignment))
    except MissingEntry:
        return []


def _which(coursedir: CourseDirectory, student: str) -> str:
    """Which submission was graded for a student, by the note that collecting left beside it."""
    folder = coursedir.format_path(coursedir.autograded_directory, student, coursedir.assignment_id)
    note = Path(folder) / SUBMISSION_FILE
    return note.read_text(encoding="utf-8").strip() if note.exists() else ""


def _set(graded: Any, percent: float) -> bool:
    wanted = {notebook.id: notebook.max_score * percent / 100 or None for notebook in graded.notebooks}
    different = [one for one in graded.notebooks if one.late_submission_penalty != wanted[one.id]]
    for notebook in different:
        notebook.late_submission_penalty = wanted[notebook.id]
    return bool(different)
