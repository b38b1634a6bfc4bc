"""Trees of files that other people write while they are copied: read without following anybody's links.

Own code and not rsync: a backup needs the hash of what was read beside the copy (rsync keeps none, so that a copy could
only be compared with itself), must not hand an earlier copy that has rotted on to the next one, and must end although
somebody keeps writing. Folders are opened relative to their parents, so a name swapped for a link leads nowhere.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from hub.adapters.files import (
    FILE,
    FOLDER,
    Gone,
    Unreadable,
    copy_attributes,
    dress,
    entry_of,
    hash_of,
    make_link,
    opened,
    reading,
    write_copy,
)
from hub.manifest import Entry, Manifest

TRIES = 2  # for a file that changes while it is read
DEEPEST = 150  # folders in folders; each is open while what is below it is copied
LONGEST = 3000  # bytes of a path; Linux takes 4096
MOST_HOLES = 64 * 1024**3  # bytes of a file that are not there: reading them would take as long as real ones


@dataclass(frozen=True)
class Earlier:
    """An earlier backup, of which unchanged files are shared."""

    top: Path
    manifest: Manifest

    def unchanged(self, path: str, found: os.stat_result) -> Entry | None:
        """The entry of a file that is as it was then; one that was changed while that backup was made is not."""
        entry = self.manifest.by_path.get(path)
        if entry is None or replace(entry, sha256="", same_as="") != entry_of(path, "file", found):
            return None
        if entry.changed >= self.manifest.made_at.timestamp() * 1e9:
            return None
        return replace(entry, same_as="")


@dataclass
class Copying:
    """Copies trees below `top`. `faults` are what could not be read, `notes` what was left out or caught in motion.

    `shared` are the paths whose content is an earlier backup's, read and compared before.
    """

    top: Path
    earlier: Earlier | None = None
    entries: list[Entry] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    inodes: dict[tuple[int, int], str] = field(default_factory=dict)

    def copy(self, source: Path, path: str, *, skip: frozenset[str]) -> None:
        """Copy a folder with everything below it, but for the paths to skip; sockets, pipes and devices are no data."""
        with opened(os.fspath(source), FOLDER) as descriptor:
            self._folder(descriptor, path, skip)

    def _folder(self, descriptor: int, path: str, skip: frozenset[str]) -> None:
        target = self.top / path
        if path.count("/") > DEEPEST or len(os.fsencode(target)) > LONGEST:
            self.notes.append(f"{path[:200]}… is left out: folders lie in folders too deep there")
            return
        with reading():
            entry, names = entry_of(path, "folder", os.fstat(descriptor)), sorted(os.listdir(descriptor))
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            if f"{path}/{name}" not in skip:
                self._try(descriptor, name, f"{path}/{name}", skip)
        copy_attributes(descriptor, target)
        dress(target, entry)
        self.entries.append(entry)

    def _try(self, parent: int, name: str, path: str, skip: frozenset[str]) -> None:
        try:
            self._one(parent, name, path, skip)
        except Gone:
            return
        except Unreadable as reason:
            with suppress(OSError):
                (self.top / path).unlink()
            self.faults.append(f"{path} cannot be read: {reason}")

    def _one(self, parent: int, name: str, path: str, skip: frozenset[str]) -> None:
        with reading():
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            with opened(name, FOLDER, parent) as descriptor:
                self._folder(descriptor, path, skip)
        elif stat.S_ISLNK(found.st_mode):
            with reading():
                leads = os.readlink(name, dir_fd=parent)
            entry = replace(entry_of(path, "link", found), target=leads)
            make_link(self.top / path, entry)
            self.entries.append(entry)
        elif stat.S_ISREG(found.st_mode) and not self._share(path, found):
            with opened(name, FILE, parent) as descriptor:
                self._file(descriptor, path)

    def _share(self, path: str, found: os.stat_result) -> bool:
        """Give a file another name where its content is in this backup or in the earlier one already."""
        if (first := self.inodes.get((found.st_dev, found.st_ino))) is not None:
            (self.top / path).hardlink_to(self.top / first)
            self.entries.append(replace(entry_of(path, "file", found), same_as=first))
            return True
        entry = self.earlier.unchanged(path, found) if self.earlier else None
        if entry is None or self.earlier is None:
            return False
        if _mistake(self.earlier.top, entry):
            self.notes.append(f"{self.earlier.top / path} has gone bad in the earlier backup; it is copied anew")
            return False
        with suppress(OSError):  # there may be too many names of one inode
            (self.top / path).hardlink_to(self.earlier.top / path)
            self._add(entry, found)
            self.shared.add(path)
            return True
        return False

    def _file(self, descriptor: int, path: str) -> None:
        target = self.top / path
        for left in reversed(range(TRIES)):
            found = os.fstat(descriptor)
            if found.st_size - found.st_blocks * 512 > MOST_HOLES:
                self.notes.append(
                    f"{path} is left out: it calls itself {found.st_size} bytes large and has no such content"
                )
                return
            size, sha256 = write_copy(descriptor, target, found.st_size)
            if entry_of(path, "file", found) == entry_of(path, "file", os.fstat(descriptor)):
                break
            if not left:
                self.notes.append(f"{path} changed while it was copied; it is kept as it was read")
        entry = replace(entry_of(path, "file", found), size=size, sha256=sha256)
        copy_attributes(descriptor, target)
        dress(target, entry)
        self._add(entry, found)

    def _add(self, entry: Entry, found: os.stat_result) -> None:
        self.entries.append(entry)
        if found.st_nlink > 1:
            self.inodes[found.st_dev, found.st_ino] = entry.path


def needed(source: Path, path: str, *, skip: frozenset[str], earlier: Earlier | None) -> int:
    """Bytes on disk that a copy of a folder will take, as far as one can know before."""
    total = 0
    for top, folders, names in os.walk(source):
        inside = f"{path}/{os.path.relpath(top, source)}".removesuffix("/.")
        folders[:] = [name for name in folders if f"{inside}/{name}" not in skip]
        for name in names:
            with suppress(OSError):
                found = os.lstat(os.path.join(top, name))  # noqa: PTH118 (homes have many files)
                if earlier is None or earlier.unchanged(f"{inside}/{name}", found) is None:
                    total += found.st_blocks * 512
    return total


def put_back(top: Path, entries: Iterable[Entry], place: Path, inside: str) -> None:
    """Make anew below `place` what lies in a backup below `inside`; folders get their dress last, deepest first."""
    wanted = [entry for entry in entries if f"{entry.path}/".startswith(f"{inside}/")]
    folders = sorted((entry for entry in wanted if entry.kind == "folder"), key=lambda entry: entry.path)

    def where(path: str) -> Path:
        return place / path.removeprefix(inside).lstrip("/")

    for entry in folders:
        where(entry.path).mkdir(mode=0o700, parents=True, exist_ok=True)
    for entry in sorted(wanted, key=lambda entry: (entry.same_as != "", entry.kind, entry.path)):
        if entry.kind == "link":
            make_link(where(entry.path), entry)
        elif entry.same_as:
            where(entry.path).hardlink_to(where(entry.same_as))
        elif entry.kind == "file":
            _put_file(top / entry.path, where(entry.path), entry)
    for entry in reversed(folders):
        copy_attributes(top / entry.path, where(entry.path))
        dress(where(entry.path), entry)


def _put_file(source: Path, target: Path, entry: Entry) -> None:
    with opened(os.fspath(source), FILE) as descriptor:
        _, sha256 = write_copy(descriptor, target, entry.size)
    if sha256 != entry.sha256:
        raise Unreadable(f"{source} changed since it was verified")
    copy_attributes(source, target)
    dress(target, entry)


def mistakes(top: Path, entries: Iterable[Entry]) -> list[str]:
    """What is not on the disk as a manifest says, each with its path; every file is read to its end."""
    return [f"{entry.path} {said}" for entry in entries if (said := _mistake(top, entry))]


def _mistake(top: Path, entry: Entry) -> str:
    path = top / entry.path
    try:
        found = path.lstat()
        kind = {stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}.get(stat.S_IFMT(found.st_mode), "file")
        if kind != entry.kind:
            return f"is a {kind}, not a {entry.kind}"
        if kind == "link" and str(path.readlink()) != entry.target:
            return "leads elsewhere"
        if kind == "file" and found.st_size != entry.size:
            return f"has {found.st_size} bytes, not {entry.size}"
        if kind == "file" and not entry.same_as and hash_of(path) != entry.sha256:
            return "has another content"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""
