"""How a time is written for people and read from their forms: by the clock of the campus. Everything else counts in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

Write = Callable[[datetime | None], str]


def moment_in(zone: str) -> Write:
    """How a time is written for people: weekday, date and clock of the campus."""

    def write(at: datetime | None) -> str:
        if at is None:
            return "no due date"
        return at.astimezone(_zone(zone)).strftime("%A %-d %B %Y, %H:%M %Z")

    return write


def for_field(at: datetime | None, zone: str) -> str:
    """A time as a browser's field for date and time takes it; its seconds only if it has some."""
    if at is None:
        return ""
    local = at.astimezone(_zone(zone)).replace(tzinfo=None, microsecond=0)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def from_field(text: str, zone: str) -> datetime | None:
    """The time in UTC of what such a field sends, none for an empty one; raises ValueError for anything else.

    Where the clock is put back an hour happens twice: its second time is meant, so that nobody loses an hour.
    """
    if not text.strip():
        return None
    local = datetime.fromisoformat(text.strip())
    if local.tzinfo is not None or not 2000 <= local.year <= 2200:
        raise ValueError(f"'{text[:40]}' is not a date and a time")
    return local.replace(tzinfo=_zone(zone), fold=1).astimezone(UTC)


def _zone(name: str) -> tzinfo | None:
    """The campus' zone; none is the machine's own."""
    return ZoneInfo(name) if name else None
