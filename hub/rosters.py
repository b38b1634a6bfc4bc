"""Bringing rosters in from the command line, and where first passwords are written: once, for root alone."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub import front_client
from hub.durable import write_durably
from hub.settings import Settings
from hub.trouble import Trouble

Report = Callable[[str], None]


def bring_in(settings: Settings, course: str, path: Path, *, dry_run: bool, report: Report) -> bool:
    """Import one file and say what was done; whether every row was good. Raises Trouble."""
    told = front_client.post(settings, f"roster/{course}", {"csv": _read(path), "dry_run": dry_run})
    for mistake in told["mistakes"]:
        report(f"{path.name}:{mistake['line']}  {mistake['message']}")
    for word in ("added", "changed"):
        if told[word]:
            report(f"{word}: {', '.join(told[word])}")
    if told["passwords"]:
        report(f"first passwords: {_hand_out(settings, course, told['passwords'])}")
    counts = f"{len(told['added'])} added, {len(told['changed'])} changed, {told['unchanged']} unchanged"
    wrong = len(told["mistakes"])
    tail = f", {wrong} {'row' if wrong == 1 else 'rows'} not used" if wrong else ""
    report(f"{course}: {counts}{tail}{'; nothing was changed (dry run)' if dry_run else ''}")
    return not wrong


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Trouble(f"there is no file {path}") from None
    except (IsADirectoryError, PermissionError) as error:
        raise Trouble(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Trouble(f"{path} is not UTF-8 text; save it again as CSV (UTF-8)") from None


def _hand_out(settings: Settings, course: str, passwords: list[dict[str, str]]) -> Path:
    """Write first passwords down, then have them set: cut off between the two, the next import writes new ones."""
    path = _write(settings, course, passwords)
    front_client.post(settings, "passwords", {"passwords": {one["name"]: one["password"] for one in passwords}})
    return path


def _write(settings: Settings, course: str, passwords: list[dict[str, str]]) -> Path:
    """Write first passwords to a new file that only root reads; where it is."""
    text = io.StringIO()
    table = csv.DictWriter(text, ("name", "full_name", "password"), lineterminator="\n")
    table.writeheader()
    table.writerows(passwords)
    path = settings.folders.first_passwords / f"{course}-{time.strftime('%Y%m%d-%H%M%S')}.csv"
    number = 1
    while path.exists():
        number += 1
        path = path.with_stem(f"{path.stem.split('~')[0]}~{number}")
    write_durably(path, text.getvalue().encode(), mode=0o600)
    return path


def admit_admins(settings: Settings, *, report: Report) -> int:
    """See that every administrator can sign in; how many are new."""
    passwords: list[dict[str, Any]] = front_client.post(settings, "admins", {})["passwords"]
    if passwords:
        report(f"administrators: first passwords in {_hand_out(settings, 'admins', passwords)}")
    return len(passwords)
