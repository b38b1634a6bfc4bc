"""Feedback as a zip, made while it is sent: never more than a piece of it in memory, nothing of it on the disk."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from hub.adapters.blobs import CHUNK, Blobs
from hub.adapters.work import Feedback
from hub.exchange import Receipt

NOT_KEPT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')  # what some computer does not take in a file's name
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names of devices on Windows


@dataclass(frozen=True)
class Given:
    """Feedback, and the receipt of what it is for."""

    receipt: Receipt
    back: Feedback

    @property
    def folder(self) -> str:
        return f"{self.receipt.person}/{self.receipt.assignment}/attempt-{self.receipt.attempt}"


class _Piecewise(io.RawIOBase):
    """What is written, to be taken away piece by piece."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # takes bytes alone
        self.written += data
        return len(data)

    def taken(self) -> bytes:
        piece, self.written = bytes(self.written), bytearray()
        return piece


def zipped(blobs: Blobs, course: str, given: list[Given]) -> Iterator[bytes]:
    """The pieces of a zip: a folder a person, in it one an assignment and attempt."""
    target, taken = _Piecewise(), set[str]()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in given:
            for file in one.back.files:
                name = _free(plain(f"{course}-feedback/{one.folder}/{file.path}"), taken)
                at = one.back.released_at.timetuple()[:6]
                with (
                    blobs.file("feedback", one.back.folder, file.path).open("rb") as source,
                    archive.open(_member(name, at), "w", force_zip64=file.size > CHUNK) as member,
                ):
                    while chunk := source.read(CHUNK):
                        member.write(chunk)
                        yield target.taken()
                yield target.taken()
    yield target.taken()


def _member(name: str, at: tuple[int, ...]) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, at)  # type: ignore[arg-type]  # six numbers
    member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return member


def plain(path: str) -> str:
    """A path that every computer takes, and that leads nowhere else."""
    return "/".join(_plain(part) for part in PurePosixPath(path).parts if part not in ("/", "..", "."))


def _plain(part: str) -> str:
    kept = NOT_KEPT.sub("_", part).strip(" ")[:150].rstrip(". ") or "_"
    return f"_{kept}" if DEVICES.fullmatch(kept) else kept


def _free(path: str, taken: set[str]) -> str:
    """The path, with a number when another one has the same name on some computers."""
    found, number = path, 1
    while found.casefold() in taken:
        number += 1
        found = str(PurePosixPath(path).with_stem(f"{PurePosixPath(path).stem} ({number})"))
    taken.add(found.casefold())
    return found
