"""What staff have uploaded for students, unpacked: zips, and zips in them, into a folder of numbered files.

No name of an upload becomes a name on the disk. One that is damaged, too large or odd is told with its reason and loses
none of the others.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from hub.adapters import zips
from hub.exchange import Refused, check_twin, safe_path
from hub.handed_in import is_cache, is_notebook

CHUNK = 1024**2
MOST_FILES = 20_000
MOST_ZIPS = 2_000
DEEPEST = 2  # an archive, and archives in it


@dataclass(frozen=True)
class Spooled:
    """One file of an upload, as it lies on the disk."""

    place: Path
    size: int
    sha256: str


@dataclass
class Unpacked:
    """The files of an upload by their paths, and why others are not among them. `room` is how many bytes it may become."""

    folder: Path
    room: int
    files: dict[str, Spooled] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    zips: int = 0
    count: int = 0

    @classmethod
    def of(cls, uploads: Iterable[tuple[str, IO[bytes]]], folder: Path, *, limit: int) -> Unpacked:
        """Unpack uploads into a new folder; `limit` bytes together."""
        folder.mkdir(mode=0o700)
        made = cls(folder, limit)
        for name, source in uploads:
            made._add(name, source)
        return made

    def _add(self, name: str, source: IO[bytes]) -> None:
        path = self._sound(PurePosixPath(name.replace("\\", "/")).name or "?")
        if path and path.lower().endswith(".zip"):
            self._open(path, source, deep=1)
        elif path:
            self._keep(path, source)

    def _sound(self, path: str) -> str:
        """A path as it can be told, or nothing and the reason kept."""
        try:
            sound = safe_path(path)
            check_twin(sound, self.seen)
        except Refused as refused:
            shown = path[:200].encode(errors="replace").decode()
            self.left[shown if shown not in self.files else f"{shown} (again)"] = str(refused)
            return ""
        return sound

    def _open(self, name: str, source: IO[bytes], *, deep: int) -> None:
        self.zips += 1
        with zips.opened(source) as archive:
            if archive is None:
                self.left[name] = "It cannot be read as a zip: it is damaged, or none."
                return
            members = [member for member in archive.infolist() if not member.is_dir()]
            if why := self._too_much(members):
                self.left[name] = why
                return
            for member in members:
                self._take(archive, member, name, deep=deep)

    def _too_much(self, members: list[zipfile.ZipInfo]) -> str:
        if not members:
            return "There are no files in it."
        if self.zips > MOST_ZIPS or self.count + len(members) > MOST_FILES:
            return "Together these are too many files. Hand them in in several parts."
        if sum(member.file_size for member in members) > self.room:
            return "Unpacked this is larger than what is taken at once. Hand it in in several parts."
        return ""

    def _take(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, *, deep: int) -> None:
        path = self._sound(f"{name}/{member.filename.replace(chr(92), '/')}")
        if not path:
            return
        if is_cache(path):
            self._note(path)
        elif why := zips.why_not(member, name):
            self.left[path] = why
        else:
            try:
                with archive.open(member) as source:
                    kept = self._keep(path, source)
            except zips.BROKEN:
                self.left[path] = "It is damaged in the zip."
                return
            if kept and deep < DEEPEST and _holds_work(path, kept.place):
                del self.files[path]
                with kept.place.open("rb") as inner:
                    self._open(path, inner, deep=deep + 1)
                kept.place.unlink()

    def _note(self, path: str) -> None:
        """A file that nobody means to hand in: its name is enough."""
        self.files[path] = Spooled(self.folder, 0, "")

    def _keep(self, path: str, source: IO[bytes]) -> Spooled | None:
        self.count += 1
        place = self.folder / f"{self.count:05}"
        digest, size = hashlib.sha256(), 0
        with place.open("xb") as file:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if size > self.room:
                    break
                file.write(chunk)
        if size > self.room:
            place.unlink()
            self.left[path] = "It is larger than what is taken at once."
            return None
        self.room -= size
        self.files[path] = Spooled(place, size, digest.hexdigest())
        return self.files[path]

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _holds_work(path: str, place: Path) -> bool:
    """Whether a file is a zip with notebooks or further zips in it, or damaged; data that is packed stays as it is."""
    if not path.lower().endswith(".zip"):
        return False
    with place.open("rb") as source, zips.opened(source) as archive:
        if archive is None:
            return True  # so that it is told
        names = [name for name in archive.namelist() if not is_cache(name)]
    return any(is_notebook(name) or name.lower().endswith(".zip") for name in names)
