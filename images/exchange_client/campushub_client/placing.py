"""Upstream's versions of files, put into a folder of the person's: in their place, or beside what is the person's own.

Nothing that the person has written is overwritten, also when they write it just now.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

from campushub_client.changes import Changes
from campushub_client.differences import Decision, Fate, names_beside

Look = tuple[int, int, int, int] | None  # of a file at one time; none when nothing is there


def look(path: Path) -> Look:
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)


def obstacle(folder: Path, path: str) -> str:
    """The first folder of a path in whose place something else lies; empty when there is none."""
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        here = folder / parent
        if os.path.lexists(here) and (here.is_symlink() or not here.is_dir()):
            return str(parent)
    return ""


def fingerprint(path: Path) -> str:
    """Tells one content from another; empty for what is no file or cannot be read."""
    try:
        if path.is_symlink():
            return f"link {path.readlink()}"
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""


class Placing:
    """Carries out what was decided, from files that are staged; says what became of them in `changes` and `placed`."""

    def __init__(self, folder: Path, staged: Path, upstream: set[str], beside: dict[str, tuple[str, str]]) -> None:
        self.folder, self.staged, self.upstream, self.beside = folder, staged, upstream, beside
        self.changes = Changes()
        self.placed: list[str] = []  # paths at which the folder now has what upstream has

    def carry_out(self, decision: Decision, seen: Look) -> None:
        """Do it, unless the file is no longer as it was seen: then it is the person's."""
        path = decision.path
        if self._done(decision.fate, path, seen):
            self.beside.pop(path, None)
            if decision.fate is not Fate.SAME:
                self.placed.append(path)
            if decision.what:
                getattr(self.changes, decision.what).append(path)
        elif decision.fate in (Fate.REMOVE, Fate.KEEP):
            self.changes.kept.append((path, ""))
        elif decision.what:
            self._put_beside(path)

    def _done(self, fate: Fate, path: str, seen: Look) -> bool:
        """Whether the folder now has what upstream has."""
        match fate:
            case Fate.WRITE:
                return self._write(path, seen)
            case Fate.BESIDE:  # what lay there may have been a folder, which by now is removed or has nothing in it
                with suppress(OSError):
                    (self.folder / path).rmdir()
                return look(self.folder / path) is None and self._write(path, None)
            case Fate.REMOVE:
                return self._remove(path, seen)
        return fate is Fate.SAME

    def _write(self, path: str, seen: Look) -> bool:
        target = self.folder / path
        if obstacle(self.folder, path) or look(target) != seen:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.staged / path).replace(target)
        return True

    def _remove(self, path: str, seen: Look) -> bool:
        target = self.folder / path
        if look(target) != seen:
            return False
        target.unlink()
        with suppress(OSError):  # the first that is not empty
            for parent in PurePosixPath(path).parents[:-1]:
                (self.folder / parent).rmdir()
        return True

    def _put_beside(self, path: str) -> None:
        staged = self.staged / path
        stamp = fingerprint(staged)
        name = self._name_beside(path, stamp)
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(target)
        self.beside[path] = (name, stamp)
        self.changes.kept.append((path, name))

    def _name_beside(self, path: str, stamp: str) -> str:
        """The name of before while nobody has touched that file, otherwise one that is free."""
        known, untouched = self.beside.get(path, ("", ""))
        if known and self._is_free(known, untouched):
            return known
        across = obstacle(self.folder, path)
        rest = path.removeprefix(across) if across else ""
        return next(name for first in names_beside(across or path) if self._is_free(name := first + rest, stamp))

    def _is_free(self, name: str, stamp: str) -> bool:
        """Whether a name is neither upstream's nor the person's: nothing is there, or this very content."""
        if name in self.upstream or obstacle(self.folder, name):
            return False
        target = self.folder / name
        return not os.path.lexists(target) or (bool(stamp) and fingerprint(target) == stamp)
