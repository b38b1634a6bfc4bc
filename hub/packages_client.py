"""How the command asks the package mirror whether it is well: from this machine, at its address on the core network."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from hub.mirror_notes import Note
from hub.package_settings import PACKAGES_PORT
from hub.settings import Settings

KEY = "packages"  # of its note


def state(settings: Settings) -> dict[str, Any]:
    """What the mirror tells about itself; empty when it does not answer."""
    address = f"http://{settings.core_address('packages')}:{PACKAGES_PORT}/state"
    try:
        with requests.Session() as http:
            http.trust_env = False  # no proxy of this machine leads there
            told: dict[str, Any] = http.get(address, timeout=5).json()
    except (requests.RequestException, ValueError):
        return {}
    return told


def note(settings: Settings) -> Note | None:
    """The mirror as a thing among those that are kept on this machine; none where there is no mirror."""
    if not (upstream := settings.package_mirror.upstream):
        return None
    told = state(settings)
    if not told:
        return Note(KEY, upstream, trouble="it does not answer; `sudo ./campushub doctor` says what to do")
    why, used = told["why_away"], told["used"] or told["looked"]
    away = {"trouble": why, "since": _time(told["since"]), "away": True} if why else {}
    return Note(KEY, upstream, size=told["bytes"], at=_time(used) if used else "", looked=_time(told["looked"]), **away)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def cut_off(settings: Settings) -> str:
    """What is to be known of a mirror that does not reach its upstream; nothing when it does."""
    if not (why := state(settings).get("why_away")):
        return ""
    host = urlsplit(settings.package_mirror.upstream).hostname
    return (
        f"The package mirror cannot reach {host} ({why}). `pip install` goes on with what has been kept; what nobody "
        "installed before has to wait. Look at this machine's way to the internet."
    )
