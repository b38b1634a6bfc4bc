"""What becomes of each file when material changed upstream: decided from four lists, without git and without touching a file.

A file that both sides changed keeps the person's whole version: a notebook merged line by line can be broken JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import count
from pathlib import PurePosixPath

Files = Mapping[str, tuple[str, str]]  # a path's mode and the name of its content, as git's trees have them


class Fate(Enum):
    """What is done with a file."""

    WRITE = "write"  # upstream's version is put in its place
    BESIDE = "beside"  # the person's version stays, upstream's is put beside it
    REMOVE = "remove"
    KEEP = "keep"  # the person's version stays, though upstream has removed the file
    SAME = "same"  # it is there already


@dataclass(frozen=True)
class Decision:
    """One file that is new, changed or removed upstream (`what`), or that the person has deleted (`what` is empty)."""

    path: str
    fate: Fate
    what: str


def decide(
    before: Files, new: Files, mine: Files, there: Collection[str], uncertain: Collection[str]
) -> list[Decision]:
    """What to do. `before` and `new` are upstream's lists, `mine` what lies in the folder as far as git could read it.

    `there` are the paths at which anything lies at all; `uncertain` those of which git cannot say whether they were edited.
    """
    found = [_one(path, before, new, mine, there, uncertain) for path in sorted({*before, *new})]
    return [one for one in found if one is not None]


def _one(
    path: str, before: Files, new: Files, mine: Files, there: Collection[str], uncertain: Collection[str]
) -> Decision | None:
    known, wanted, own = before.get(path), new.get(path), mine.get(path)
    unedited = own is not None and known is not None and own[1] == known[1] and path not in uncertain
    if wanted is None:
        if path not in there:
            return None
        return Decision(path, Fate.REMOVE if unedited else Fate.KEEP, "removed")
    if known is not None and known == wanted:  # deleted by the person: brought again, as nbgitpuller does
        return None if path in there else Decision(path, Fate.WRITE, "")
    what = "new" if known is None else "changed" if known[1] != wanted[1] else ""
    if path not in there or unedited:
        return Decision(path, Fate.WRITE, what)
    if own is not None and own[1] == wanted[1] and path not in uncertain:
        return Decision(path, Fate.SAME, what)
    return Decision(path, Fate.BESIDE, what) if what else None


def names_beside(path: str) -> Iterator[str]:
    """Names for upstream's version beside the person's, the plainest first: `lesson-new.ipynb`, `lesson-new-2.ipynb`."""
    whole = PurePosixPath(path)
    yield str(whole.with_name(f"{whole.stem}-new{whole.suffix}"))
    for number in count(2):
        yield str(whole.with_name(f"{whole.stem}-new-{number}{whole.suffix}"))
