"""What a graded submission was given, question by question, as gradebook and graded notebooks have it.

Messages are those of visible tests; hidden ones stay hidden, by the rule that feedback has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from campushub_client.collected import SUBMISSION_FILE
from campushub_client.feedback import HideTests
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory


def submission_of(coursedir: CourseDirectory) -> str | None:
    """Which submission a collected folder is; none for one that was put there by hand."""
    folder = coursedir.format_path(coursedir.submitted_directory, coursedir.student_id, coursedir.assignment_id)
    path = Path(folder, SUBMISSION_FILE)
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def questions(coursedir: CourseDirectory) -> list[dict[str, Any]]:
    """The questions of the submission that was graded last, in the notebooks' order."""
    student, assignment = coursedir.student_id, coursedir.assignment_id
    folder = Path(coursedir.format_path(coursedir.autograded_directory, student, assignment))
    found = []
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        for notebook in gradebook.find_submission(assignment, student).notebooks:
            messages = _messages(folder / f"{notebook.name}.ipynb")
            order = {name: place for place, name in enumerate(messages)}
            for grade in sorted(notebook.grades, key=lambda one: order.get(one.name, len(order))):
                told = {"name": grade.name, "score": grade.auto_score, "max_score": grade.max_score}
                found.append({**told, "message": messages.get(grade.name, "")})
    return found


def _messages(path: Path) -> dict[str, str]:
    """What the first error of each graded cell says to its student, by the cell's name, in the notebook's order."""
    if not path.is_file():
        return {}
    hide, found = HideTests(), {}
    for cell in nbformat.read(path, as_version=4).cells:
        marks = cell.metadata.get("nbgrader", {})
        if not marks.get("grade"):
            continue
        shown, _ = hide.preprocess_cell(cell, {}, 0)
        errors = [output for output in shown.get("outputs", ()) if output.output_type == "error"]
        found[str(marks["grade_id"])] = _sentence(errors[0]) if errors else ""
    return found


def _sentence(error: Any) -> str:
    return (
        str(error.evalue) if error.ename in ("HiddenTest", "NotRun", "NotCounted") else f"{error.ename}: {error.evalue}"
    )
