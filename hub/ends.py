"""Why a server ended, decided from what Docker says and from who asked; what a person reads and can do about it.

Plain rules. `hub.end_notes` gathers what they need, the service keeps the outcome, the pages show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

IDLE_CODE = 91  # as in campushub_client.ending: the server ended itself because nobody answered
KILLED, TERMINATED, LOST = 137, 143, 255  # by signal 9; by signal 15; by a machine that went down
LINES, LINE_LENGTH = 40, 500
LOOKED_THROUGH = 1000  # lines of a log among which the telling ones are


class Asked(StrEnum):
    """Who asked the hub to stop a server."""

    PERSON = "person"
    CULLER = "culler"
    ADMINISTRATOR = "administrator"
    LEASE = "lease"  # nobody: the time with a GPU was over


REASONS: Mapping[str, tuple[str, str]] = {
    "idle": (
        "It was ended because nobody had used it for a while.",
        "Nothing is lost: your files are saved. Open it again and run the cells you need.",
    ),
    "memory": (
        "It was ended because it ran out of memory.",
        "Your files are there. Load less data at once, close notebooks that you do not need, then open it again.",
    ),
    "lease": (
        "The lease of its GPU ended: you handed it back, or the course's GPU page says why.",
        "Your files are there. That page lets you ask for a GPU again.",
    ),
    "administrator": (
        "It was ended from outside: by the administrator, or because the machine was restarted.",
        "Your files are there. Open it again; if that does not work, the work on the machine may go on: try later.",
    ),
    "fault": (
        "It ended by a fault.",
        "Your files are there. Open it again, and tell your instructor if it happens again.",
    ),
    "start": (
        "It ended by a fault while it was being opened.",
        "Your files are there. The next time it is opened in rescue mode, which leaves your own settings and packages "
        "aside and says what is in the way.",
    ),
    "stopped": ("", ""),  # by the person: there is nothing to explain
}


def reason(state: Mapping[str, Any], *, asked: Asked | None, came_up: bool) -> str:
    """Why a server ended, from Docker's state of its container.

    `asked` is who had the hub stop it while it ran; `came_up` is whether it had ever answered. A container that is gone
    has an empty state: somebody removed it on the machine itself.
    """
    if asked is not None:
        return {Asked.PERSON: "stopped", Asked.CULLER: "idle"}.get(asked, str(asked))
    code = state.get("ExitCode")
    # Docker says OOMKilled of a container in which any process ever ran out of memory, a notebook's kernel too.
    if state.get("OOMKilled") and code == KILLED:
        return "memory"
    if not state or code in (TERMINATED, LOST):
        return "administrator"
    if code == IDLE_CODE:
        return "idle"
    if not came_up:
        return "start"
    return "stopped" if code == 0 else "fault"


def ended_at(state: Mapping[str, Any], now: datetime) -> datetime:
    """When a container ended, by Docker's clock; now when it does not say."""
    try:
        found = datetime.fromisoformat(state.get("FinishedAt", "")[:19] + "+00:00")
    except ValueError:
        return now
    return found if found.year > 1 else now  # Docker's word for never is the year 1


_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SECRET = re.compile(
    r"(?i)((?:api[_-]?token|access[_-]?token|token|password|passwd|secret|cookie|authorization|_xsrf|[?&](?:code|state))"
    r"[\"']?\s*[=:]\s*[\"']?(?:(?:token|bearer|basic)\s+)?|\b(?:token|bearer|basic)\s+)[^\s\"'&,;]{6,}"
)


_LONG_HEX = re.compile(r"[0-9a-fA-F]{32,}")  # tokens of JupyterHub and what it makes of them


_ROUTINE = re.compile(r"\] (?:200|204|304) (?:GET|HEAD|POST) \S*/(?:api|campushub)/")


def readable(lines: Iterable[str], secrets: Iterable[str] = ()) -> list[str]:
    """The last lines of a log as a person may see them: no colours, no secrets, none too long.

    What an open page asks for again and again is left out, since nothing else would be left.
    """
    hidden = [one for one in secrets if one]
    shown = []
    for line in [one for one in lines if not _ROUTINE.search(one)][-LINES:]:
        text = _COLOUR.sub("", line)
        for one in hidden:
            text = text.replace(one, "…")
        shown.append(_SECRET.sub(r"\1…", _LONG_HEX.sub("…", text))[:LINE_LENGTH])
    return shown
