"""Lays out what courses provide: each file once on the disk, whatever the number of courses, and links to it where people look.

A course's folder is changed while servers have it mounted: every file and the index are replaced as a whole.
"""

from __future__ import annotations

import bz2
import gzip
import json
import logging
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import Any

from hub.durable import write_durably
from hub.mirror import ARCHIVES, INDEX
from hub.trouble import Trouble

log = logging.getLogger("campushub.mirror")

FIRST_PAGE = "index.html"
CHUNK = 1024**2  # bytes
ENDS = {".gz", ".bz2", ".xz"}
ALONE = ".campushub-alone"  # what came out of a packed file that is no archive, until a course's folder gives it a name
# What Python's readers raise: a RuntimeError for one with a password, or packed in a way that they do not know.
BAD_ARCHIVE = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
)


def lay_out(folder: Path, entries: Iterable[Mapping[str, Any]], blobs: Path, unpacked: Path) -> None:
    """Make a course's folder what these entries of its index say; `blobs` and `unpacked` hold files and trees by SHA-256."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    entries = list(entries)
    before = {one["name"]: _content(one) for one in index(folder)}
    for one in entries:
        changed = before.get(one["name"]) != _content(one)
        if one["unpacked"]:
            _link_tree(unpacked / one["sha256"], folder / one["path"], PurePosixPath(one["archive"]), changed=changed)
        _link(blobs / one["sha256"], folder / one.get("archive", one["path"]))
    text = json.dumps({"entries": entries}, indent=2, sort_keys=True) + "\n"
    if _text(folder / INDEX) != text:
        write_durably(folder / INDEX, text.encode(), mode=0o644)
    keep_only(folder, {INDEX, ARCHIVES, *(one["name"] for one in entries)})
    archives = {PurePosixPath(one["archive"]).parts[1] for one in entries if one["unpacked"]}
    keep_only(folder / ARCHIVES, archives)
    for one in entries:
        if not one["unpacked"]:
            keep_only(folder / one["name"], {PurePosixPath(one["path"]).name})


def index(folder: Path) -> list[dict[str, Any]]:
    """What a course's folder has, by its own word."""
    text = _text(folder / INDEX)
    found: list[dict[str, Any]] = json.loads(text)["entries"] if text else []
    return found


def _content(one: Mapping[str, Any]) -> tuple[str, str]:
    return one["sha256"], one.get("archive", "")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _link(blob: Path, place: Path) -> None:
    """A second name of a file that takes no room."""
    if place.exists() and place.samefile(blob):
        return
    if place.parent.is_file():
        place.parent.unlink()
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if place.is_dir():
        shutil.rmtree(place)
    beside = place.with_name(f".{place.name}.new")
    beside.unlink(missing_ok=True)
    os.link(blob, beside)
    beside.replace(place)


def _link_tree(tree: Path, place: Path, archive: PurePosixPath, *, changed: bool) -> None:
    if place.exists() and not changed:
        return
    beside, old = place.with_name(f".{place.name}.new"), place.with_name(f".{place.name}.old")
    for left in (beside, old):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(tree, beside, copy_function=os.link)
    if (alone := beside / ALONE).exists():
        alone.rename(beside / (archive.stem if archive.suffix in ENDS else archive.name))
    if place.exists():
        place.rename(old)
    beside.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def keep_only(folder: Path, names: set[str]) -> None:
    """Take everything out of a folder but what has these names; what somebody else put there and cannot go is left."""
    for one in folder.iterdir() if folder.is_dir() else ():
        if one.name in names:
            continue
        try:
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            else:
                one.unlink()
        except OSError as error:
            log.warning("%s is of no use and could not be removed: %s", one, error)


def unpack(archive: Path, place: Path, *, room: int, pages: bool = False) -> None:
    """Unpack a zip or tar archive, or a packed file, to a folder that is readable to all; raises Trouble when it is none, or would not fit.

    `pages`: its first page of HTML is brought to the top of the folder.
    """
    beside = place.with_name(f".{place.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o755, parents=True)
    try:
        if tarfile.is_tarfile(archive):  # first, for a zip may be the last file in one
            _untar(archive, beside, room)
        elif zipfile.is_zipfile(archive):
            _unzip(archive, beside, room)
        elif (packed := _opened(archive)) is not None:
            _unpack_alone(packed, beside, room)
        else:
            raise Trouble("it is neither an archive (zip, tar) nor a packed file (gz, bz2, xz); leave `unpack` out")
        for path in beside.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o444)
        (_first_page(beside).parent if pages else beside).rename(place)
    except BAD_ARCHIVE as error:
        raise Trouble(f"it could not be unpacked: {error}") from None
    finally:
        with suppress(OSError):
            shutil.rmtree(beside)


def _unzip(archive: Path, place: Path, room: int) -> None:
    with zipfile.ZipFile(archive) as opened:
        _need_room(place, sum(one.file_size for one in opened.infolist()) + room)
        opened.extractall(place)  # leaves out "..", roots and links by itself


def _untar(archive: Path, place: Path, room: int) -> None:
    """Plain files and folders, and nothing outside the place: what else an archive may hold has no use here."""
    with tarfile.open(archive) as opened:
        members = [one for one in opened if (one.isfile() or one.isdir()) and _stays_inside(one.name)]
        _need_room(place, sum(one.size for one in members) + room)
        for one in members:
            target = place.joinpath(*_steps(one.name))
            if one.isdir():
                target.mkdir(mode=0o755, parents=True, exist_ok=True)
                continue
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            if (content := opened.extractfile(one)) is not None:
                with content, target.open("wb") as file:
                    shutil.copyfileobj(content, file)


def _opened(file: Path) -> BufferedIOBase | None:
    with file.open("rb") as content:
        start = content.read(8)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(file)
    if start.startswith(b"BZh"):
        return bz2.open(file)
    return lzma.open(file) if start.startswith(b"\xfd7zXZ\0") else None


def _unpack_alone(packed: BufferedIOBase, place: Path, room: int) -> None:
    with packed, (place / ALONE).open("wb") as file:
        while part := packed.read(CHUNK):
            _need_room(place, len(part) + room)
            file.write(part)


def _steps(name: str) -> list[str]:
    return [part for part in PurePosixPath(name).parts if part not in (".", "/")]


def _stays_inside(name: str) -> bool:
    return ".." not in PurePosixPath(name).parts and bool(_steps(name) or name in (".", "./"))


def _need_room(place: Path, wanted: int) -> None:
    if (free := shutil.disk_usage(place).free) < wanted:
        raise Trouble(
            f"unpacked it needs more than the disk has: {free // 1024**2} MB are free, {wanted // 1024**2} MB needed"
        )


def _first_page(folder: Path) -> Path:
    pages = sorted(folder.rglob(FIRST_PAGE), key=lambda path: len(path.parts))
    if not pages:
        raise Trouble(f"it has no {FIRST_PAGE}, so it is no documentation of HTML pages")
    return pages[0]
