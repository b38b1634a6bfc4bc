"""One round of the mirror over files: fetch what is not here, unpack it, lay it out where people look, clear away the rest."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hub import mirror
from hub.adapters import fetching, shelves
from hub.mirror import File
from hub.services.mirror_book import Book
from hub.settings import Settings

AGAIN_AFTER = timedelta(minutes=15)  # a source that failed
TELL_SECONDS = 2  # between two words about one file's progress


@dataclass(frozen=True)
class Round:
    """One round; `again`: also over what failed a moment ago, and through the bytes of what is here."""

    settings: Settings
    book: Book
    again: bool = False

    @property
    def store(self) -> Path:
        return self.settings.folders.data_sets

    def run(self) -> None:
        wanted = mirror.files(self.settings)
        with self.book.alone("files"):
            for folder in (self.store / "blobs", self.store / "unpacked", self.archives):
                folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            for one in wanted:
                if self._is_due(one):
                    self.book.attempt(one.key, one.source, partial(self._bring, one), version=one.sha256)
                    self._lay_out(one.course)
            for course in self.settings.courses:
                self._lay_out(course)
            self._clear(wanted)

    @property
    def archives(self) -> Path:
        return self.settings.folders.docs / mirror.ARCHIVED

    def _is_due(self, one: File) -> bool:
        note = self.book.note(one.key, one.source)
        there = note.version == one.sha256 and not note.trouble and self._place(one).exists()
        waits = note.trouble and self.book.clock() - datetime.fromisoformat(note.looked) < AGAIN_AFTER
        return self.again or not (there or waits)

    def _blob(self, one: File) -> Path:
        return self.store / "blobs" / one.sha256

    def _place(self, one: File) -> Path:
        """Where that stands what people are to find."""
        if one.kind == "docs":
            return self.archives / one.sha256[:12]
        return self.store / "unpacked" / one.sha256 if one.unpack else self._blob(one)

    def _bring(self, one: File) -> int:
        """Have one file here, unpacked where that is asked for; its size. Raises Trouble."""
        blob, place = self._blob(one), self._place(one)
        if self.again and blob.exists() and fetching.digest(blob) != one.sha256:
            self.book.report(f"{one.key}: damaged on this disk; it is fetched again")
            blob.unlink()
        if not blob.exists():
            fetching.fetch(one.source, one.sha256, blob, room=self.settings.reserve, progress=self._progress(one))
        if one.unpack and not place.exists():
            self.book.report(f"{one.key}: unpacking")
            shelves.unpack(blob, place, room=self.settings.reserve, pages=one.kind == "docs")
        return blob.stat().st_size

    def _progress(self, one: File) -> fetching.Progress:
        told = 0.0

        def tell(have: int, total: int | None) -> None:
            nonlocal told
            if time.monotonic() - told < TELL_SECONDS and have != total:
                return
            told = time.monotonic()
            self.book.keep(replace(self.book.note(one.key, one.source), have=have, total=total))
            self.book.report(f"{one.key}: {have / 1e6:.1f}{f' of {total / 1e6:.1f}' if total else ''} MB")

        return tell

    def _lay_out(self, course: str) -> None:
        folder = self.settings.folders.course_data(course)
        before = {one["name"]: one for one in shelves.index(folder)}
        wanted = [one for one in mirror.files(self.settings) if one.course == course and one.kind == "data"]
        found = (self._entry(one, before.get(one.name)) for one in wanted)
        shelves.lay_out(folder, filter(None, found), self.store / "blobs", self.store / "unpacked")

    def _entry(self, one: File, before: dict[str, Any] | None) -> dict[str, Any] | None:
        """What the index says of a file; the version of before stays until the one that is asked for is here."""
        if self._blob(one).exists() and self._place(one).exists():
            about = self.settings.courses[one.course].data[one.name]
            return mirror.entry(one.name, about, self._blob(one).stat().st_size)
        return before if before and (self.store / "blobs" / before["sha256"]).exists() else None

    def _clear(self, wanted: list[File]) -> None:
        """Take away what no course asks for any more; not what is in use until something newer has come."""
        used = {one.sha256 for one in wanted}
        for course in self.settings.courses:
            used |= {one["sha256"] for one in shelves.index(self.settings.folders.course_data(course))}
        pages = {self.book.note(one.key, one.source).version for one in wanted if one.kind == "docs"} | used
        for folder, names in (("blobs", used), ("unpacked", used), ("courses", set(self.settings.courses))):
            shelves.keep_only(self.store / folder, names | {f"{name}.part" for name in names})
        shelves.keep_only(self.archives, {version[:12] for version in pages})
