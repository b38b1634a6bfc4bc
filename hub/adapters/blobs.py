"""Folders of files that are written once and never changed: releases, submissions, feedback.

A folder is written beside its place, made durable and renamed into it; only then does the store write its row. What a
crash leaves behind starts with a dot and is removed at the next start.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.durable import sync_folder
from hub.exchange import MOST_FILES, Refused, StoredFile, check_twin, read_notebook, safe_path
from hub.trouble import Trouble

CHUNK = 1024**2


class DiskNearlyFull(Trouble):
    """Less room is free than the reserve."""


@dataclass(frozen=True)
class Blobs:
    """The folders below one top folder; `reserve` bytes of its disk stay free."""

    top: Path
    reserve: int

    def clean(self) -> None:
        """Remove what an interrupted write left."""
        for kind in ("releases", "submissions", "feedback", "incoming"):
            (self.top / kind).mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in (self.top / kind).glob(".*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()

    def check_room(self) -> None:
        if shutil.disk_usage(self.top).free < self.reserve:
            raise DiskNearlyFull(
                "The server's disk is nearly full, so nothing can be stored now. Your files are still in your home. "
                "Tell your instructor, and try again later."
            )

    def store(self, kind: str, name: str, packed: IO[bytes], *, limit: int) -> tuple[StoredFile, ...]:
        """Keep the files of an uploaded tar as one folder; raises Refused for a tar with anything odd in it."""
        return self.write(kind, name, _sound(members(packed, limit)))

    def write(self, kind: str, name: str, files: Iterable[tuple[str, IO[bytes]]]) -> tuple[StoredFile, ...]:
        """Keep files, by safe paths, as one folder; raises Refused when they cannot lie in one."""
        self.check_room()
        target = self.top / kind / name
        beside = target.with_name(f".{name}")
        beside.mkdir(mode=0o700)
        try:
            kept = tuple(_keep_all(files, beside))
            _sync_tree(beside)
            beside.rename(target)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(target.parent)
        return kept

    def remove(self, kind: str, name: str) -> None:
        """Remove a folder that no row names."""
        shutil.rmtree(self.top / kind / name, ignore_errors=True)

    def packed(self, kind: str, name: str) -> IO[bytes]:
        """A folder's files as an open tar without owner or time."""
        return self._packed({"": self.top / kind / name})

    def packed_together(self, kind: str, names: Iterable[str]) -> IO[bytes]:
        """Several folders' files in one such tar, each below its name."""
        return self._packed({f"{name}/": self.top / kind / name for name in names})

    def _packed(self, folders: Mapping[str, Path]) -> IO[bytes]:
        stream = (self.top / "incoming" / f".out-{os.urandom(8).hex()}").open("w+b")
        Path(stream.name).unlink()  # it lives as long as it is open
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for before, folder in folders.items():
                for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                    member = tarfile.TarInfo(before + str(path.relative_to(folder)))
                    member.size, member.mode = path.stat().st_size, 0o644
                    with path.open("rb") as file:
                        archive.addfile(member, file)
        stream.seek(0)
        return stream

    def file(self, kind: str, name: str, path: str) -> Path:
        """One file's place; raises Refused for a path that is not in the folder."""
        return self.top / kind / name / safe_path(path)


def members(packed: IO[bytes], limit: int) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a tar by safe paths; raises Refused for one with anything odd in it."""
    paths: dict[str, str] = {}
    room = limit
    end = packed.seek(0, os.SEEK_END)
    packed.seek(0)
    try:
        with tarfile.open(fileobj=packed, mode="r:") as archive:
            for member in archive:
                if member.isdir():
                    safe_path(member.name.rstrip("/"))
                    continue
                path = _checked(member, paths)
                room -= member.size
                if room < 0:
                    raise Refused(too_large(limit))
                if member.offset_data + member.size > end:
                    raise tarfile.ReadError("cut off")
                source = archive.extractfile(member)
                if source is None:
                    raise Refused(f"'{path}' is not an ordinary file.")
                yield path, source
    except tarfile.TarError:
        raise Refused("What arrived is not whole. Try again.") from None


def too_large(limit: int) -> str:
    return f"Together the files are larger than {limit // 1024**2} MB. Remove large files and try again."


def _sound(files: Iterable[tuple[str, IO[bytes]]]) -> Iterator[tuple[str, IO[bytes]]]:
    for path, source in files:
        if path.endswith(".ipynb"):
            content = source.read()
            read_notebook(path, content)
            yield path, io.BytesIO(content)
        else:
            yield path, source


def _keep_all(files: Iterable[tuple[str, IO[bytes]]], folder: Path) -> Iterator[StoredFile]:
    none = True
    try:
        for path, source in files:
            yield _keep(source, folder, path)
            none = False
    except (FileExistsError, NotADirectoryError):
        raise Refused("A file and a folder have the same name. Rename one of them and submit again.") from None
    if none:
        raise Refused("There are no files in it.")


def _checked(member: tarfile.TarInfo, paths: dict[str, str]) -> str:
    if not member.isreg():
        raise Refused(f"'{member.name[:100]}' is a link or a device. Put the file itself in its place and try again.")
    path = safe_path(member.name)
    check_twin(path, paths)
    if len(paths) > MOST_FILES:
        raise Refused(f"There are more than {MOST_FILES} files. Remove what does not belong to the assignment.")
    return path


def _keep(source: IO[bytes], folder: Path, path: str) -> StoredFile:
    target = folder / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fchmod(file.fileno(), 0o400)
        os.fsync(file.fileno())
    return StoredFile(path, size, digest.hexdigest())


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
    sync_folder(folder)


Failpoint = Callable[[str], None]


def no_failpoint(name: str) -> None:
    """Where a test stops the process; does nothing."""
