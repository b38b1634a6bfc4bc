"""How alike two notebooks are: by the names of their cells, and by their paths. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from pathlib import PurePosixPath

SAME, TAIL, MARKED, WITHIN = 4, 3, 2, 1  # how close a path is to another
COPY = re.compile(r"[-_ ]*(?:\(\d{1,4}\)|copy[-_ ]?\d{0,4})$")  # "x-Copy1", "x (1)", "x copy 2", "x - Copy"


def agreement(found: Set[str], wanted: Set[str]) -> float:
    """How well ids agree, from 0 to 1: nothing unless at least half of the wanted ones are there."""
    shared = len(found & wanted)
    return shared / len(found | wanted) if wanted and 2 * shared >= len(wanted) else 0


def likeness(found: str, wanted: str) -> int:
    """How close a path is to a wanted one.

    The same; the same some folders deeper; that with a mark of a copy; a name within which the wanted name stands as
    whole words; or nothing of this.
    """
    if found == wanted:
        return SAME
    mine, theirs = PurePosixPath(found), PurePosixPath(wanted)
    tail = mine.parts[-len(theirs.parts) :]
    if tail == theirs.parts:
        return TAIL
    words, wanted_words = _words(mine.stem), _words(theirs.stem)
    if tail[:-1] == theirs.parts[:-1] and words == wanted_words:
        return MARKED
    places = range(len(words) - len(wanted_words) + 1)
    within = wanted_words and any(words[start : start + len(wanted_words)] == wanted_words for start in places)
    return WITHIN if within else 0


def folder_of(path: str) -> str:
    """The folder of a path, empty at the top."""
    return str(PurePosixPath(path).parent).removeprefix(".") if "/" in path else ""


def folded(path: str) -> str:
    """A path so that two which are one file on some computers are equal."""
    return unicodedata.normalize("NFC", path).casefold()


def _words(stem: str) -> list[str]:
    """The words of a name without the marks that systems give to copies."""
    plain = folded(stem).removeprefix("copy of ")
    while plain != (shorter := COPY.sub("", plain)) and shorter:
        plain = shorter
    return re.findall(r"[^\W_]+", plain)
