"""What the mirror notes of each thing it keeps: whether it is there, how much of it, since when its source is away.

The part `mirror` writes them, `mirror status` and `status` read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from hub.durable import write_durably

QUIET_AFTER = timedelta(minutes=10)  # an outage that is shorter is nobody's business


@dataclass(frozen=True)
class Note:
    """One thing that is mirrored. Sizes are bytes, times ISO 8601; `at` is when it was last brought up to date, `looked` when that
    was last tried, `since` when it began to fail."""

    key: str
    source: str
    version: str = ""  # the SHA-256 of what is here, which may be older than what is asked for; empty for a repository
    size: int = 0  # on this machine, once it is there
    have: int = 0  # so far, while it is fetched
    total: int | None = None
    at: str = ""
    looked: str = ""
    trouble: str = ""
    since: str = ""
    away: bool = False  # whether the source does not answer, and not something that somebody here has to change

    @property
    def is_there(self) -> bool:
        return bool(self.at)

    def good(self, now: datetime, size: int, version: str) -> Note:
        """It was brought up to date."""
        at = now.isoformat(timespec="seconds")
        return Note(self.key, self.source, version, size, at=at, looked=at)

    def failed(self, now: datetime, why: str, *, away: bool) -> Note:
        """It was not; what is there stays."""
        at = now.isoformat(timespec="seconds")
        return replace(self, looked=at, trouble=why, since=self.since or at, away=away)


def read(path: Path) -> dict[str, Note]:
    """The notes by key; none before anything was tried."""
    if not path.exists():
        return {}
    return {one["key"]: Note(**one) for one in json.loads(path.read_text(encoding="utf-8"))["things"]}


def write(path: Path, notes: Iterable[Note]) -> None:
    text = json.dumps({"things": [asdict(one) for one in notes]}, indent=1) + "\n"
    write_durably(path, text.encode(), mode=0o644)


def lines(notes: Iterable[Note], now: datetime) -> list[str]:
    """What `mirror status` says: a line a thing, then the sum."""
    notes = sorted(notes, key=lambda one: one.key)
    if not notes:
        return ["No course asks for anything from outside."]
    told = [line(one, now) for one in notes]
    missing = sum(bool(one.trouble) or not one.is_there for one in notes)
    size = sum(one.size for one in notes) / 1e6
    return [
        *told,
        f"{len(notes)} things, {size:.1f} MB; {f'{missing} of them need a look' if missing else 'all as it should be'}",
    ]


def line(note: Note, now: datetime) -> str:
    """What is said of one thing."""
    return f"{note.key:<40} {_state(note):<22} {_age(note, now):<16} {note.trouble or note.source}"


def _state(note: Note) -> str:
    if note.is_there:
        return f"{note.size / 1e6:.1f} MB"
    if note.have:
        return (
            f"{note.have / 1e6:.1f} of {note.total / 1e6:.1f} MB" if note.total else f"{note.have / 1e6:.1f} MB so far"
        )
    return "not yet there"


def _age(note: Note, now: datetime) -> str:
    if not note.is_there:
        return ""
    minutes = int((now - datetime.fromisoformat(note.at)).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"


def lasting(notes: Iterable[Note], now: datetime) -> list[Note]:
    """What somebody has to put right, and what has been away for more than a moment."""
    return [
        one
        for one in notes
        if one.trouble and not (one.away and now - datetime.fromisoformat(one.since) <= QUIET_AFTER)
    ]


def outage(notes: Iterable[Note], now: datetime) -> str:
    """A sentence for `status` about sources that do not answer; empty while all do, or for the first minutes."""
    away = [one for one in lasting(notes, now) if one.away]
    if not away:
        return ""
    since = min(datetime.fromisoformat(one.since) for one in away)
    return (
        f"Since {since:%d %B %H:%M} sources outside do not answer ({', '.join(one.key for one in away[:5])}"
        f"{' and more' if len(away) > 5 else ''}). What is here stays in use; nobody notices. `campushub mirror status` says more."
    )


def mistakes(notes: Iterable[Note]) -> list[Note]:
    """What somebody here has to put right."""
    return [one for one in notes if one.trouble and not one.away]
