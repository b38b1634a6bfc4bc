"""Zips that somebody else made: their files by safe paths, within bounds, or a sentence why they are not looked into.

Nothing of a zip is believed before it was counted: how many files, how large, how much larger than packed.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO

from hub.exchange import MOST_FILES, Refused, check_twins, safe_path
from hub.handed_in import is_cache

LARGEST_READ = 1024**2  # bytes at once; a zip's list of files is read whole, before anything can be counted
MOST_RATIO = 200  # of a file to itself packed; deflate reaches 1,000 with nothing but zeros
SMALL = 1024**2  # bytes of a file whose ratio does not matter
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
ASIDE = "Unpack it yourself, or move it out of the folder, and submit again."


class _Bounded(io.RawIOBase):
    """A file from which not too much can be read at once."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.source.seek(offset, whence)

    def tell(self) -> int:
        return self.source.tell()

    def read(self, size: int = -1) -> bytes:
        found = self.source.read(LARGEST_READ + 1 if size < 0 else min(size, LARGEST_READ + 1))
        if len(found) > LARGEST_READ:
            raise zipfile.BadZipFile("more than is read at once")
        return found


@contextmanager
def opened(source: IO[bytes]) -> Iterator[zipfile.ZipFile | None]:
    """A zip, or nothing for what cannot be read as one."""
    try:
        archive = zipfile.ZipFile(_Bounded(source))
    except BROKEN:
        yield None
        return
    with archive:
        yield archive


def files(archive: zipfile.ZipFile, name: str, limit: int) -> dict[str, zipfile.ZipInfo]:
    """A zip's files but for caches; raises Refused for a zip that is not unpacked."""
    listed = [member for member in archive.infolist() if not member.is_dir() and not is_cache(member.filename)]
    if len(listed) > MOST_FILES:
        raise Refused(f"'{name}' holds more than {MOST_FILES} files. {ASIDE}")
    if sum(member.file_size for member in listed) > limit:
        raise Refused(f"'{name}' is larger than {limit // 1024**2} MB when it is unpacked. {ASIDE}")
    for member in listed:
        if why := why_not(member, name):
            raise Refused(f"{why} {ASIDE}")
    paths = [safe_path(f"{name}/{member.filename}") for member in listed]
    check_twins(paths)
    return dict(zip(paths, listed, strict=True))


def why_not(member: zipfile.ZipInfo, name: str) -> str:
    """Why a file of the zip of this name is not unpacked; empty when it is."""
    if member.flag_bits & 1:
        return f"'{name}' has a password."
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind and not stat.S_ISREG(kind):
        return f"'{PurePosixPath(member.filename).name[:100]}' in '{name}' is a link or a device."
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"'{name}' is packed in a way that cannot be read here."
    if member.file_size > max(SMALL, MOST_RATIO * member.compress_size):
        return f"'{name}' would become far larger than it is."
    return ""


def check_whole(archive: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo], name: str) -> None:
    """Raises Refused unless files of a zip can be read to their ends; only for files whose sizes were looked at."""
    try:
        for member in members:
            with archive.open(member) as content:
                while content.read(LARGEST_READ):
                    pass
    except BROKEN:
        raise Refused(f"'{name}' is damaged. {ASIDE}") from None
