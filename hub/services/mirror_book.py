"""The mirror's notes while it works: one thing is done at a time, and how it went is written down at once."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub import mirror_notes
from hub.adapters.fetching import Away
from hub.folders import Folders
from hub.mirror_notes import Note
from hub.trouble import Trouble

log = logging.getLogger("campushub.mirror")

Report = Callable[[str], None]


@dataclass(frozen=True)
class Book:
    """The notes of one hub. `report` hears what goes on, in a line each."""

    folders: Folders
    report: Report
    clock: Callable[[], datetime]

    def note(self, key: str, source: str) -> Note:
        """What is noted of a thing; of one that comes from somewhere else by now, what is here of it."""
        note = mirror_notes.read(self.folders.mirror_notes).get(key, Note(key, source))
        return note if note.source == source else Note(key, source, note.version, note.size, at=note.at)

    def keep(self, note: Note) -> None:
        self._change(lambda notes: {**notes, note.key: note})

    def keep_only(self, wanted: Set[str]) -> None:
        """Leave out the notes of what is not asked for any more."""
        self._change(lambda notes: {key: note for key, note in notes.items() if key in wanted})

    def _change(self, change: Callable[[dict[str, Note]], dict[str, Note]]) -> None:
        with self.alone("notes"):
            before = mirror_notes.read(self.folders.mirror_notes)
            after = change(before)
            if after != before:
                mirror_notes.write(self.folders.mirror_notes, after.values())

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Wait until nobody else does this: the part goes on while the command syncs."""
        descriptor = os.open(self.folders.data_sets / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if name != "notes":
                    self.report(f"{name}: being brought up to date already; waiting")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def attempt(self, key: str, source: str, work: Callable[[], int], *, version: str = "") -> None:
        """Do one thing, which says how many bytes it has then, and note how it went; `version` is what is here after it."""
        note = self.note(key, source)
        try:
            size = work()
        except (Trouble, OSError) as trouble:
            if note.trouble != str(trouble):
                self.report(f"{key}: {trouble}")
            self.keep(self.note(key, source).failed(self.clock(), str(trouble), away=isinstance(trouble, Away)))
            return
        if note.trouble or not note.is_there or note.version != version:
            self.report(f"{key}: is here")
        self.keep(self.note(key, source).good(self.clock(), size, version))


def size_of(folder: Path) -> int:
    """How many bytes the files below a folder have."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
