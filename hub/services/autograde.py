"""nbgrader's autograding of one submission with its scores kept in one step, and stopped by what stops all grading."""

from __future__ import annotations

from typing import Any

from campushub_client.service import ServiceError
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor

from hub.services.sandbox_execute import WorkerSilent

NO_ANSWER = "No response."  # nbgrader's words, which its pages show


class SaveScores(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader's class has no types
    """nbgrader's `SaveAutoGrades` by the same rules and in one commit, so that the log of marks is told once.

    Marks by hand stay as they are; a question that has one is shown to be looked at again.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook, gradebook.db.no_autoflush:
            which = (about["notebook"], about["assignment"], about["student"])
            for cell in nb.cells:
                if utils.is_grade(cell):
                    self._score(gradebook.find_grade(cell.metadata.nbgrader["grade_id"], *which), cell)
                if utils.is_solution(cell) or utils.is_task(cell):
                    _comment(gradebook.find_comment(cell.metadata.nbgrader["grade_id"], *which), cell)
            gradebook.db.commit()
        return nb, resources

    def _score(self, grade: Any, cell: Any) -> None:
        grade.auto_score, _ = utils.determine_grade(cell, self.log)
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None


def _comment(comment: Any, cell: Any) -> None:
    untouched = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
    comment.auto_comment = NO_ANSWER if untouched and not utils.is_task(cell) else None


class Autograding(Autograde):  # type: ignore[misc]  # nbgrader's class has no types
    """One submission. Raises WorkerSilent and ServiceError, which nbgrader would take for faults of the submission."""

    stopped_by: Exception | None = None

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        self._stoppable(super().init_assignment, assignment_id, student_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        self._stoppable(super().convert_single_notebook, notebook_filename)

    def convert_notebooks(self) -> None:
        try:
            super().convert_notebooks()
        except NbGraderException:
            if self.stopped_by is not None:
                raise self.stopped_by from None
            raise

    def _stoppable(self, step: Any, *given: str) -> None:
        try:
            step(*given)
        except (WorkerSilent, ServiceError) as stopped:
            self.stopped_by = stopped
            raise
