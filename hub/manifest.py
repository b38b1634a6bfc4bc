"""What a backup holds: each folder, file and link with owner, mode and SHA-256, as one file of JSON lines.

The last line counts and hashes the lines above it, so that a manifest that was cut off or touched is not taken for one.
Knows nothing of how files are copied.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from hub.durable import write_durably
from hub.trouble import Trouble

NAME = "MANIFEST"
FORMAT = 1


class ManifestInvalid(Trouble):
    """A manifest that cannot be relied on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a backup. `path` begins at the backup's folder; times are nanoseconds since 1970.

    `changed` is the inode's time of change, which nobody can set back; `same_as` is another path of the same inode.
    """

    path: str
    kind: Literal["folder", "file", "link"]
    mode: int
    uid: int
    gid: int
    modified: int
    changed: int
    size: int = 0
    sha256: str = ""
    target: str = ""  # of a link
    same_as: str = ""

    def as_line(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value != ""})


@dataclass(frozen=True)
class Manifest:
    """One backup: of which hub, from when, what it holds. `faults` are what the hub's own data had wrong with it."""

    hub: str
    data: str
    made_at: datetime
    entries: tuple[Entry, ...]
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def by_path(self) -> dict[str, Entry]:
        return {entry.path: entry for entry in self.entries}

    @property
    def files(self) -> int:
        return sum(entry.kind == "file" for entry in self.entries)

    @property
    def size(self) -> int:
        """Bytes of all files, those with several names counted once."""
        return sum(entry.size for entry in self.entries if not entry.same_as)

    def write(self, folder: Path) -> None:
        """Write it into the backup's folder, durably."""
        head = {"format": FORMAT, "hub": self.hub, "data": self.data, "made_at": self.made_at.isoformat()}
        first = json.dumps({**head, "faults": self.faults, "notes": self.notes})
        lines = [first, *(entry.as_line() for entry in self.entries)]
        lines.append(json.dumps(_end(lines)))
        write_durably(folder / NAME, ("\n".join(lines) + "\n").encode("ascii"))


def read(folder: Path) -> Manifest:
    """The manifest of a backup; raises ManifestInvalid when it is not whole."""
    path = folder / NAME
    try:
        *lines, last = path.read_text(encoding="ascii").splitlines()
        if json.loads(last) != _end(lines):
            raise ManifestInvalid(f"{path} is not whole or was changed; take another backup")
        head, *rows = (json.loads(line) for line in lines)
    except FileNotFoundError:
        raise ManifestInvalid(f"{folder} is not a whole backup: it has no {NAME}") from None
    except (OSError, ValueError):
        raise ManifestInvalid(f"{path} cannot be read as a manifest; take another backup") from None
    if head.get("format") != FORMAT:
        raise ManifestInvalid(f"{path} was written by another version of CampusHub; use that version")
    return Manifest(
        hub=head["hub"],
        data=head["data"],
        made_at=datetime.fromisoformat(head["made_at"]),
        entries=tuple(_entry(row) for row in rows),
        faults=tuple(head["faults"]),
        notes=tuple(head["notes"]),
    )


def _entry(row: dict[str, Any]) -> Entry:
    known = {field.name for field in fields(Entry)}
    entry = Entry(**{key: value for key, value in row.items() if key in known})
    for path in (entry.path, entry.same_as):
        if path.startswith("/") or ".." in path.split("/"):
            raise ManifestInvalid(f"a manifest names '{path}', which lies outside the backup")
    return entry


def _end(lines: Sequence[str]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode() + b"\n")
    return {"entries": len(lines) - 1, "sha256": digest.hexdigest()}


def newest(folder: Path, hub: str | None = None) -> Iterator[tuple[Path, Manifest]]:
    """The whole backups in a folder of backups, newest first; only of one hub, if one is named."""
    for path in sorted((one for one in folder.iterdir() if not one.name.startswith(".")), reverse=True):
        if (path / NAME).is_file():
            try:
                found = read(path)
            except ManifestInvalid:
                continue
            if hub in (None, found.hub):
                yield path, found
