"""The rules of handing out and handing in: which files a submission may hold, what a receipt says.

Pure: a submission is judged by its members' names, kinds and sizes before anything of it is kept. Storing is the store's.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

MOST_FILES = 1000
DEEPEST = 20
LONGEST_NAME = 200  # bytes of UTF-8; file systems take 255
RESERVED = {".", ".."}
LONGEST_ANNOUNCEMENT = 1000  # characters
NOTEBOOK_LIMIT = 50 * 1024**2  # bytes; a larger one cannot be opened in a browser either


class Refused(Exception):
    """Something that is not taken; its text tells the person what to do."""


@dataclass(frozen=True)
class StoredFile:
    """One file of a release, a submission or feedback."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Receipt:
    """What the service answers for once it has stored a submission. Times are UTC."""

    submission: str
    course: str
    assignment: str
    person: str
    attempt: int
    at: datetime
    due: datetime | None
    late: bool
    files: tuple[StoredFile, ...]
    remarks: tuple[str, ...] = ()  # what became of files that were not kept as they arrived

    def as_data(self) -> dict[str, Any]:
        """Plain values for JSON, times as ISO 8601."""
        return {**asdict(self), "at": self.at.isoformat(), "due": self.due.isoformat() if self.due else None}


def safe_path(name: str) -> str:
    """A member's path as it is kept, relative and clean; raises Refused for one that climbs or cannot be kept."""
    shown = name[:100]
    path = PurePosixPath(name)
    if not name or "\0" in name or "\\" in name or path.is_absolute() or RESERVED & set(name.split("/")):
        if name.startswith("./"):
            return safe_path(name[2:])
        raise Refused(
            f"The file name '{shown}' leads out of the assignment's folder. Rename the file and submit again."
        )
    if any(len(part.encode(errors="surrogatepass")) > LONGEST_NAME for part in path.parts):
        raise Refused(f"The file name '{shown}…' is too long. Shorten it and submit again.")
    if not all(part.isprintable() and part == part.strip() for part in path.parts):
        raise Refused(f"The file name {shown!r} has characters that cannot be kept. Rename the file and submit again.")
    if len(path.parts) > DEEPEST:
        raise Refused(f"'{shown}' lies more than {DEEPEST} folders deep. Move it up and submit again.")
    return str(path)


def check_twins(paths: Iterable[str]) -> None:
    """Raises Refused when two paths would be one file on some computers (case, accents composed or not)."""
    seen: dict[str, str] = {}
    for path in paths:
        check_twin(path, seen)


def check_twin(path: str, seen: dict[str, str]) -> None:
    """The same for one more path, which is then among those seen."""
    folded = unicodedata.normalize("NFC", path).casefold()
    if seen.get(folded) == path:
        raise Refused(f"'{path}' is there twice. Leave one of them out and submit again.")
    if folded in seen:
        raise Refused(f"'{path}' and '{seen[folded]}' differ only in how they are written. Rename one of them.")
    seen[folded] = path


def read_notebook(path: str, content: bytes) -> dict[str, Any]:
    """A notebook as plain values; raises Refused for a file called .ipynb that is not one of format 4."""
    if len(content) > NOTEBOOK_LIMIT:
        megabytes = len(content) // 1024**2
        raise Refused(
            f"'{path}' is {megabytes} MB. Clear its outputs (Edit, Clear All Outputs), save it and submit again."
        )
    try:
        notebook = json.loads(content.decode())  # UTF-8 only, as nbformat will read it: `loads` would guess
    except (ValueError, RecursionError):
        raise Refused(f"'{path}' is not a notebook any more: it cannot be read. Fetch the assignment again.") from None
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4 or not _are_cells(notebook.get("cells")):
        raise Refused(f"'{path}' is not a notebook of format 4. Open it in JupyterLab, save it and submit again.")
    return notebook


def _are_cells(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(cell, dict) and "cell_type" in cell for cell in found)


def announcement(text: str) -> str:
    """A text for a course as it is kept; raises Refused for one that is too long to be read."""
    kept = "\n".join(line.strip() for line in text.strip().splitlines())
    if len(kept) > LONGEST_ANNOUNCEMENT:
        raise Refused(
            f"An announcement has at most {LONGEST_ANNOUNCEMENT} characters; this one has {len(kept)}. Shorten it, or "
            "put the rest into the material."
        )
    return kept
