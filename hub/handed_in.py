"""What becomes of the files that were handed in: which notebook each one is, what is left out, missing or changed.

Pure. A notebook is known by its nbgrader cell ids, so that another name, a copy or a folder loses nobody's work. Where
the ids leave a doubt the name decides, and where that leaves one too, the person. Reading what arrived is for
`hub.adapters.arrivals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from hub import handed_in_words as words
from hub.exchange import Refused, check_twins
from hub.likeness import SAME, TAIL, agreement, folded, folder_of, likeness
from hub.notebook_cells import Cell, differing, lost_answers

CACHES = frozenset({".ipynb_checkpoints", "__pycache__", "__MACOSX", ".git", ".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class Notebook:
    """A notebook that was handed out, with the cells that nbgrader knows."""

    path: str
    cells: tuple[Cell, ...] = ()

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(cell.name for cell in self.cells)


@dataclass(frozen=True)
class HandedOut:
    """The files of an assignment: its notebooks, and the paths of what lies beside them."""

    notebooks: tuple[Notebook, ...]
    others: frozenset[str] = frozenset()

    @cached_property
    def paths(self) -> frozenset[str]:
        return self.others | {one.path for one in self.notebooks}


@dataclass(frozen=True)
class Arrived:
    """One file as it arrived. A notebook has its cells too, or the `trouble` why it cannot be read as one.

    What was found in a zip has the zip's path as its folder, and as its `archive`.
    """

    path: str
    size: int = 0
    sha256: str = ""
    cells: tuple[Cell, ...] = ()
    trouble: str = ""
    archive: str = ""

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(cell.name for cell in self.cells)


@dataclass(frozen=True)
class Verdict:
    """What is kept under which path, what the person has to agree to, and what else they are told."""

    kept: Mapping[str, str]  # path as it arrived → path as it is stored
    missing: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # notebook → ids of tests and locked cells
    lost: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # notebook → ids of cells for answers
    remarks: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """What is said before it counts."""
        missing = (words.missing(self.missing),) if self.missing else ()
        changed = (words.changed(path, ids) for path, ids in self.changed.items())
        lost = (words.lost(path, ids) for path, ids in self.lost.items())
        return (*missing, *changed, *lost)

    @property
    def told(self) -> tuple[str, ...]:
        """What the receipt says."""
        return (*self.doubts, *self.remarks)


class Unconfirmed(Refused):
    """A submission that waits for its person's yes; nothing of it is kept until then."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(" ".join(verdict.doubts))
        self.verdict = verdict

    def as_data(self) -> dict[str, Any]:
        """Plain values for JSON."""
        told = self.verdict
        return {
            "missing": list(told.missing),
            "changed": {path: list(ids) for path, ids in told.changed.items()},
            "lost": {path: list(ids) for path, ids in told.lost.items()},
            "remarks": list(told.remarks),
        }


def is_notebook(path: str) -> bool:
    return path.lower().endswith(".ipynb")


def is_cache(path: str) -> bool:
    """Whether nobody means to hand this in: checkpoints, caches, what systems write into folders."""
    return bool(CACHES & set(PurePosixPath(path).parts))


def is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(path).parts)


def belongs(found: Arrived, handed_out: HandedOut) -> bool:
    """Whether this is, or may be, a notebook of the assignment."""
    return bool(_meant(found, handed_out.notebooks))


def judge(handed_out: HandedOut, arrived: Iterable[Arrived]) -> Verdict:
    """What becomes of each file; the order in which they arrived says nothing.

    Raises Refused when no notebook of the assignment is there, or several want to be the same one.
    """
    looked = sorted(arrived, key=lambda one: one.path)
    wanted = [one for one in looked if one.path in handed_out.paths or not (is_cache(one.path) or is_hidden(one.path))]
    counted = {one.path for one in wanted}
    hidden = [one.path for one in looked if one.path not in counted and not is_cache(one.path)]
    chosen = _chosen(handed_out.notebooks, [one for one in wanted if is_notebook(one.path)])
    missing = tuple(one.path for one in handed_out.notebooks if one.path not in chosen)
    remarks = tuple(_remarks(handed_out.notebooks, chosen, wanted, hidden))
    if handed_out.notebooks and not chosen:
        raise Refused(" ".join([words.nothing(missing), *remarks]))
    kept = {found.path: path for path, found in chosen.items()} | _others(handed_out, chosen, wanted)
    check_twins(kept.values())
    return Verdict(
        kept=kept,
        missing=missing,
        changed=_each(handed_out.notebooks, chosen, differing),
        lost=_each(handed_out.notebooks, chosen, lost_answers),
        remarks=remarks,
    )


def _each(
    notebooks: Sequence[Notebook],
    chosen: Mapping[str, Arrived],
    look: Callable[[Iterable[Cell], Iterable[Cell]], tuple[str, ...]],
) -> dict[str, tuple[str, ...]]:
    found = {one.path: look(one.cells, chosen[one.path].cells) for one in notebooks if one.path in chosen}
    return {path: ids for path, ids in found.items() if ids}


def _meant(found: Arrived, notebooks: Sequence[Notebook]) -> list[Notebook]:
    """The notebooks that a file can be: none, one, or several that cannot be told apart."""
    if found.trouble:
        return []
    exact = [one for one in notebooks if one.path == found.path]
    if exact and (not exact[0].ids or agreement(found.ids, exact[0].ids)):
        return exact
    marks = {
        one.path: mark
        for one in notebooks
        if (mark := agreement(found.ids, one.ids)) or (not one.ids and likeness(found.path, one.path) >= TAIL)
    }
    best = [one for one in notebooks if one.path in marks and marks[one.path] == max(marks.values())]
    closest = max((likeness(found.path, one.path) for one in best), default=0)
    return [one for one in best if likeness(found.path, one.path) == closest]


def _chosen(notebooks: Sequence[Notebook], arrived: Sequence[Arrived]) -> dict[str, Arrived]:
    """Which file is which notebook, by the notebook's path."""
    meant = {found.path: _meant(found, notebooks) for found in arrived}
    chosen = {}
    for one in notebooks:
        candidates = [found for found in arrived if meant[found.path] == [one]]
        named = [found for found in arrived if found.path == one.path and not meant[found.path]]
        if candidates:
            chosen[one.path] = _one_of(candidates, one.path)
        elif named and named[0].trouble:
            raise Refused(named[0].trouble)
        elif named:
            chosen[one.path] = named[0]
    return chosen


def _one_of(candidates: Sequence[Arrived], path: str) -> Arrived:
    """The one with the name, or the only one but for copies that do not differ."""
    closest = next(level for level in (SAME, TAIL, 0) if any(likeness(one.path, path) >= level for one in candidates))
    close = sorted((len(one.path), one.path, one) for one in candidates if likeness(one.path, path) >= closest)
    if len({one.sha256 for *_, one in close}) > 1:
        raise Refused(words.rivals([one.path for *_, one in close], path, PurePosixPath(path).name))
    return close[0][2]


def _others(handed_out: HandedOut, chosen: Mapping[str, Arrived], wanted: Sequence[Arrived]) -> dict[str, str]:
    """Where files that are no notebooks are kept: as they are, or still beside the notebook that they came with."""
    archives = {found.archive for found in chosen.values()} | {""}
    others = [one.path for one in wanted if not is_notebook(one.path) and one.archive in archives]
    moves, taken = _moves(chosen), {folded(path) for path in (*others, *chosen)}
    kept = {}
    for path in others:
        kept[path] = path
        folder = next((str(above) for above in PurePosixPath(path).parents if str(above) in moves), None)
        if folder is None or path in handed_out.paths:
            continue
        there = str(PurePosixPath(moves[folder]) / PurePosixPath(path).relative_to(folder))
        if not _collides(folded(there), taken):
            kept[path] = there
            taken.add(folded(there))
    return kept


def _moves(chosen: Mapping[str, Arrived]) -> dict[str, str]:
    """Folders whose notebooks all went to one other folder."""
    went: dict[str, set[str]] = {}
    for path, found in chosen.items():
        went.setdefault(folder_of(found.path), set()).add(folder_of(path))
    return {source: min(to) for source, to in went.items() if source and len(to) == 1 and source not in to}


def _collides(path: str, taken: set[str]) -> bool:
    """Whether a path is taken, as a file or as a folder, or needs a folder where a file is."""
    above = {str(folder) for folder in PurePosixPath(path).parents}
    return path in taken or bool(above & taken) or any(one.startswith(f"{path}/") for one in taken)


def _remarks(
    notebooks: Sequence[Notebook], chosen: Mapping[str, Arrived], wanted: Sequence[Arrived], hidden: Sequence[str]
) -> Iterable[str]:
    """What is said about files that are not kept as they are."""
    for path, found in chosen.items():
        ids = next(one.ids for one in notebooks if one.path == path)
        if found.path != path:
            yield words.taken(found.path, path)
        elif ids and not agreement(found.ids, ids):
            yield words.without_cells(path)
    counting = {found.path for found in chosen.values()}
    left = [one for one in wanted if is_notebook(one.path) and one.path not in counting]
    yield from _about_left(notebooks, chosen, left)
    unused = {one.archive for one in wanted} - {found.archive for found in chosen.values()} - {""}
    if unused:
        yield words.unused(sorted(unused))
    if hidden:
        yield words.hidden(hidden)


def _about_left(notebooks: Sequence[Notebook], chosen: Mapping[str, Arrived], left: Sequence[Arrived]) -> Iterable[str]:
    """Why notebooks are left out: another one counts, it cannot be said which one it is, it is none."""
    beaten: dict[str, list[str]] = {}
    strange: list[str] = []
    for found in left:
        meant = [one.path for one in _meant(found, notebooks)] or [
            one.path for one in notebooks if one.path == found.path
        ]
        if len(meant) > 1:
            yield words.unclear(found.path, meant)
        elif meant and meant[0] in chosen:
            beaten.setdefault(chosen[meant[0]].path, []).append(found.path)
        else:
            strange.append(found.path)
    yield from (words.beaten(paths, winner) for winner, paths in beaten.items())
    if strange:
        yield words.strange(strange)
