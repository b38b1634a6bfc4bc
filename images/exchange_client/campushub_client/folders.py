"""Assignments as folders of a home: where they lie, how they are packed to be handed in, how a tar becomes one.

A folder is filled beside its place and renamed into it, so that a fetch that fails leaves nothing half done.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

LEFT_OUT = {".ipynb_checkpoints", "__pycache__", ".git", "feedback", ".DS_Store", "Thumbs.db"}
BEING_SAVED = ".~"  # before the name of the copy that jupyter_server keeps while it writes a file (its atomic_writing)
# A save takes milliseconds; a log that is written all the time must not hold a hand-in up.
LOOKS, PAUSE_SECONDS = 5, 0.3

Seen = dict[Path, tuple[int, int, int]]  # a file: its inode, time of change in nanoseconds, bytes


def home_of_assignments(course: str) -> Path:
    """Where a person's assignments of a course lie."""
    return Path.home() / "assignments" / course


@contextmanager
def packed(folder: Path, *, left_out: frozenset[str] | set[str] = frozenset(LEFT_OUT)) -> Iterator[IO[bytes]]:
    """An uncompressed tar of a folder's files. Links stay links: the service refuses them in words.

    A notebook that JupyterLab is saving is waited for, and what changes meanwhile is packed again. Raises OSError.
    """
    with TemporaryFile() as file:
        for left in reversed(range(LOOKS)):
            before = _seen(folder, left_out)
            try:
                _pack(file, folder, before)
                moving = None
            except OSError as shrank:
                moving = shrank
            if not _moved(before, _seen(folder, left_out)) or not left:
                break
            time.sleep(PAUSE_SECONDS)
        if moving:
            raise moving
        file.seek(0)
        yield file


def digest(packed: IO[bytes]) -> str:
    """What a tar holds, by names and content alone: a file that was only saved again is the same."""
    packed.seek(0)
    found = hashlib.sha256()
    with tarfile.open(fileobj=packed, mode="r:") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            content = hashlib.file_digest(file, "sha256").hexdigest() if file else member.linkname
            found.update(json.dumps([member.name, member.type.decode("ascii"), content]).encode())
    packed.seek(0)
    return found.hexdigest()


def _seen(folder: Path, left_out: frozenset[str] | set[str]) -> Seen:
    found: Seen = {}
    for path in folder.rglob("*"):
        if not left_out & set(path.relative_to(folder).parts):
            with suppress(FileNotFoundError):
                state = path.lstat()
                if not stat.S_ISDIR(state.st_mode):
                    found[path] = (state.st_ino, state.st_mtime_ns, state.st_size)
    return found


def _moved(before: Seen, after: Seen) -> bool:
    return before != after or any(path.name.startswith(BEING_SAVED) for path in after)


def _pack(file: IO[bytes], folder: Path, paths: Iterable[Path]) -> None:
    file.seek(0)
    file.truncate()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(paths):
            if not path.name.startswith(BEING_SAVED):
                with suppress(FileNotFoundError):
                    archive.add(path, arcname=str(path.relative_to(folder)), recursive=False)


def unpack(stream: IO[bytes], target: Path, *, keep: bool = False) -> list[str]:
    """Write a tar's files into a folder; the paths that were written.

    With `keep`, files that are there already stay as they are. Raises OSError and tarfile.TarError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".incoming-") as scratch:
        _extract(stream, Path(scratch))
        if not target.exists():
            shutil.move(_beside(Path(scratch)), target)
            return _files(target)
        new = [name for name in _files(Path(scratch)) if not (keep and (target / name).exists())]
        for name in new:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(scratch) / name, target / name)  # noqa: PTH105
        return new


def replace(stream: IO[bytes], target: Path) -> None:
    """Put a tar's files in the place of a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with unpacked(stream, target.parent) as scratch:
        put(_beside(scratch), target)


@contextmanager
def unpacked(stream: IO[bytes], beside: Path) -> Iterator[Path]:
    """A tar's files in a folder for a while, on the same disk as what is beside. Raises OSError and tarfile.TarError."""
    with TemporaryDirectory(dir=beside, prefix=".incoming-") as scratch:
        _extract(stream, Path(scratch))
        yield Path(scratch)


def write_beside(folder: Path, texts: dict[str, str]) -> None:
    """Add small text files to what somebody handed in, in the place of anything that has their names."""
    for name, text in texts.items():
        _remove(folder / name)
        (folder / name).write_text(text, encoding="utf-8")


def put(folder: Path, target: Path) -> None:
    """Move a folder into another's place, on the same disk."""
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(target)


def _extract(stream: IO[bytes], folder: Path) -> None:
    """Write a tar's plain files below a folder; raises OSError for a path that leads out of it.

    Debian 12's Python has no extraction filters yet, and the service stores plain files only.
    """
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            inside = PurePosixPath(member.name)
            if inside.is_absolute() or ".." in inside.parts:
                raise OSError(f"{member.name} leads out of its folder")
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None:
                target = folder / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("xb") as file:
                    shutil.copyfileobj(content, file)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _beside(scratch: Path) -> Path:
    """The files in a folder of their own that may be moved away while the scratch folder is tidied up."""
    inner = scratch.with_name(f"{scratch.name}-done")
    scratch.rename(inner)
    scratch.mkdir()
    inner.chmod(0o755)
    return inner


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
