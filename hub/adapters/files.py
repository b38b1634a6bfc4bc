"""One file at a time: read without following anybody's links, copied with its hash, holes, owner, mode and time.

What happens to the source is told from what happens to the copy: reading raises Gone or Unreadable, writing an OSError.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from hub.manifest import Entry

CHUNK = 1024**2
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # not blocking: a name may have become a pipe
FOLDER = FILE | os.O_DIRECTORY
GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}  # the last three: it is another kind of thing by now


class Gone(Exception):
    """What was listed is not there any more."""


class Unreadable(Exception):
    """What is there cannot be read; its text is the system's reason."""


def entry_of(path: str, kind: Literal["folder", "file", "link"], found: os.stat_result) -> Entry:
    return Entry(
        path=path,
        kind=kind,
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        modified=found.st_mtime_ns,
        changed=found.st_ctime_ns,
        size=found.st_size if kind == "file" else 0,
    )


@contextmanager
def opened(name: str, flags: int, parent: int | None = None) -> Iterator[int]:
    with reading():
        descriptor = os.open(name, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def reading() -> Iterator[None]:
    """Raises Gone or Unreadable, so that what happens to the source is told from what happens to the copy."""
    try:
        yield
    except OSError as error:
        raise (Gone if error.errno in GONE else Unreadable)(error.strerror or "unknown") from None


def write_copy(descriptor: int, target: Path, size: int) -> tuple[int, str]:
    """Copy at most so many bytes of an open file, holes as holes; how many there were, and their SHA-256."""
    digest, reached = hashlib.sha256(), 0
    with target.open("wb") as file:
        for place, chunk in _pieces(descriptor, size):
            _hash_nothing(digest, place - reached)
            digest.update(chunk)
            file.seek(place)
            file.write(chunk)
            reached = place + len(chunk)
        file.truncate(reached)
    target.chmod(0o600)
    return reached, digest.hexdigest()


def _pieces(descriptor: int, size: int) -> Iterator[tuple[int, bytes]]:
    """What is in a file, with its places; a last empty piece stands at its end."""
    place = 0
    with reading():
        while place < size:
            try:
                place = os.lseek(descriptor, place, os.SEEK_DATA)
                end = min(size, os.lseek(descriptor, place, os.SEEK_HOLE))
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                break  # nothing but a hole up to the end
            while place < end and (chunk := os.pread(descriptor, min(CHUNK, end - place), place)):
                yield place, chunk
                place += len(chunk)
            if place < end:
                return  # it has become shorter
        yield min(size, os.fstat(descriptor).st_size), b""


def _hash_nothing(digest: hashlib._Hash, count: int) -> None:
    zeros = memoryview(bytes(min(CHUNK, max(count, 0))))
    for start in range(0, count, CHUNK):
        digest.update(zeros[: count - start])


def make_link(target: Path, entry: Entry) -> None:
    target.symlink_to(entry.target)
    os.chown(target, entry.uid, entry.gid, follow_symlinks=False)
    os.utime(target, ns=(entry.modified, entry.modified), follow_symlinks=False)


def dress(target: Path, entry: Entry) -> None:
    """Give a file or a folder its owner, mode and time; by numbers, since names are another machine's."""
    os.chown(target, entry.uid, entry.gid)
    target.chmod(entry.mode)
    os.utime(target, ns=(entry.modified, entry.modified))


def copy_attributes(source: int | Path, target: Path) -> None:
    """Extended attributes, with them access lists, where the file system takes them."""
    with suppress(OSError):
        for name in os.listxattr(source):
            with suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name))


def hash_of(path: Path) -> str:
    """SHA-256 of a file as it lies on the disk: what memory still holds of it is let go first."""
    digest = hashlib.sha256()
    with opened(os.fspath(path), FILE) as descriptor:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        reached = 0
        for place, chunk in _pieces(descriptor, os.fstat(descriptor).st_size):
            _hash_nothing(digest, place - reached)
            digest.update(chunk)
            reached = place + len(chunk)
    return digest.hexdigest()
