"""What arrives to be handed in: a tar with files, and zips among them, looked through before anything of it is kept.

It is read twice: to know what it holds, and to keep what `hub.handed_in` says. A zip counts as a folder when a notebook
of the assignment is in it, and as a file otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from hub.adapters import zips
from hub.adapters.blobs import Blobs, members, too_large
from hub.exchange import MOST_FILES, Refused, read_notebook
from hub.handed_in import Arrived, HandedOut, Notebook, Unconfirmed, Verdict, belongs, is_cache, is_notebook, judge
from hub.notebook_cells import cells_of

MOST_ZIPS = 20  # that are looked into


def handed_out(blobs: Blobs, folder: str, paths: Iterable[str]) -> HandedOut:
    """An assignment's released files, as a submission is compared with them."""
    notebooks, others = [], set()
    for path in sorted(paths):
        if path.endswith(".ipynb"):
            content = blobs.file("releases", folder, path).read_bytes()
            notebooks.append(Notebook(path, cells_of(read_notebook(path, content))))
        else:
            others.add(path)
    return HandedOut(tuple(notebooks), frozenset(others))


@dataclass
class Arrival:
    """One upload. `limit` is how many bytes of it may be kept; `troubles` say which zips were not looked into."""

    packed: IO[bytes]
    assignment: HandedOut
    limit: int
    files: list[Arrived] = field(default_factory=list)
    unpacked: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)

    def judged(self, *, confirmed: bool) -> Verdict:
        """What becomes of its files; raises Refused, and Unconfirmed unless its person has said yes."""
        self._look()
        try:
            verdict = judge(self.assignment, self.files)
        except Refused as refused:
            raise Refused(" ".join([*self.troubles, str(refused)])) from None
        if verdict.missing and self.troubles:
            raise Refused(" ".join([*verdict.doubts, *self.troubles]))
        if verdict.doubts and not confirmed:
            raise Unconfirmed(verdict)
        kept = [one.size for one in self.files if one.path in verdict.kept]
        if sum(kept) > self.limit:
            raise Refused(too_large(self.limit))
        if len(kept) > MOST_FILES:
            raise Refused(f"There are more than {MOST_FILES} files. Remove what does not belong to the assignment.")
        return verdict

    def kept(self, verdict: Verdict) -> Iterator[tuple[str, IO[bytes]]]:
        """The files to be kept, under the paths that they get."""
        for path, source in members(self.packed, self.limit):
            if path in self.unpacked:
                yield from self._kept_of(path, source, verdict)
            elif path in verdict.kept:
                yield verdict.kept[path], source

    def _kept_of(self, name: str, source: IO[bytes], verdict: Verdict) -> Iterator[tuple[str, IO[bytes]]]:
        with zips.opened(source) as archive:
            for path, member in zips.files(archive, name, self.limit).items() if archive else ():
                if archive and path in verdict.kept:
                    with archive.open(member) as content:
                        yield verdict.kept[path], content

    def _look(self) -> None:
        looked_into = 0
        for path, source in members(self.packed, self.limit):
            if path.lower().endswith(".zip") and path not in self.assignment.paths and looked_into < MOST_ZIPS:
                looked_into += 1
                inside = self._inside(path, source)
                if inside:
                    self.unpacked.add(path)
                    self.files += inside
                    continue
            self.files.append(_arrived(path, source))

    def _inside(self, name: str, source: IO[bytes]) -> list[Arrived]:
        """The files of a zip that holds a notebook of the assignment."""
        with zips.opened(source) as archive:
            if archive is None:
                return []
            names = [inner for inner in archive.namelist() if not is_cache(inner)]
            if not any(map(is_notebook, names)):
                if any(inner.lower().endswith(".zip") for inner in names):
                    self.troubles.append(f"'{name}' holds a zip in a zip. {zips.ASIDE}")
                return []
            try:
                found = zips.files(archive, name, self.limit)
                zips.check_whole(archive, found.values(), name)
            except Refused as refused:
                self.troubles.append(str(refused))
                return []
            arrived = []
            for path, member in found.items():
                with archive.open(member) as content:
                    arrived.append(_arrived(path, content, size=member.file_size, archive=name))
            return arrived if any(belongs(one, self.assignment) for one in arrived) else []


def _arrived(path: str, source: IO[bytes], *, size: int | None = None, archive: str = "") -> Arrived:
    if not is_notebook(path) or is_cache(path):
        return Arrived(path, size if size is not None else source.seek(0, 2), archive=archive)
    content = source.read()
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        cells = cells_of(read_notebook(path, content))
    except Refused as trouble:
        return Arrived(path, len(content), sha256, trouble=str(trouble), archive=archive)
    return Arrived(path, len(content), sha256, cells, archive=archive)
