"""What was collected of an assignment, noted in the course's folder, so that collecting again asks only whether anything is new.

The note is believed only while every file that it names is the one that was laid there: somebody may have moved a
submission away, and two may collect at the same time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campushub_client import folders

FOLDER = ".collected"  # in the course's folder
SUBMISSION_FILE = "submission_id.txt"  # which submission a collected folder is
TIMESTAMP_FILE = "timestamp.txt"  # nbgrader's own
BOOKKEEPING = {SUBMISSION_FILE, TIMESTAMP_FILE}


@dataclass(frozen=True)
class Note:
    """One assignment's note: the service's word for how its submissions stood, and the files that say what lies where."""

    path: Path

    @classmethod
    def of(cls, course: Path, assignment: str) -> Note:
        return cls(course / FOLDER / f"{assignment}.json")

    def word(self) -> str:
        """The service's word; empty when there is none, or when something is not as it was laid there."""
        try:
            told: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            return str(told["word"]) if self._as_laid(told["files"]) else ""
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return ""

    def _as_laid(self, files: Mapping[str, int]) -> bool:
        """A thousand looks each time: from the course's folder, so that its own path is walked once."""
        course = os.open(self.path.parent.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return all(os.stat(file, dir_fd=course).st_mtime_ns == laid for file, laid in files.items())
        finally:
            os.close(course)

    def keep(self, word: str, files: Mapping[Path, int]) -> None:
        """Keep the word, and when each of these files was written."""
        inside = {os.path.relpath(file, self.path.parent.parent): laid for file, laid in files.items()}
        self.path.parent.mkdir(exist_ok=True)
        beside = self.path.with_name(f".{os.getpid()}-{self.path.name}")
        beside.write_text(json.dumps({"word": word, "files": inside}), encoding="utf-8")
        beside.replace(self.path)


def there(folder: Path) -> tuple[str, int]:
    """Which submission lies in a folder and when that was noted; an empty one for a folder without a note."""
    try:
        with (folder / SUBMISSION_FILE).open(encoding="utf-8") as file:
            return file.read().strip(), os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        return "", 0


def lay(scratch: Path, folder: Path, *, submission: str, at: str) -> int:
    """Put a submission that was unpacked into its folder, with the notes that go with it; when they were written."""
    folders.write_beside(scratch, {TIMESTAMP_FILE: at, SUBMISSION_FILE: submission})
    written = (scratch / SUBMISSION_FILE).stat().st_mtime_ns
    folders.put(scratch, folder)
    return written
