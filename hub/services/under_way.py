"""Which submissions are being graded, noted in the course's folder for as long as it lasts.

nbgrader takes a submission for graded from the moment it has begun with it. Of one that was under way when the grader was
killed only this note tells that its marks are not there yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = ".grading"  # in the course's folder


@dataclass(frozen=True)
class UnderWay:
    """The notes of one assignment, an empty file a student."""

    folder: Path

    @classmethod
    def of(cls, course: Path, assignment: str) -> UnderWay:
        return cls(course / FOLDER / assignment)

    def begin(self, student: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / student).touch()

    def end(self, student: str) -> None:
        (self.folder / student).unlink(missing_ok=True)

    def students(self) -> set[str]:
        """Those whose grading has begun and not ended."""
        return {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()
