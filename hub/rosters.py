"""Bringing rosters in from the command line, and where first passwords are written: once, for root alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub import front_client
from hub.durable import write_durably
from hub.roster import as_csv
from hub.settings import Settings
from hub.trouble import Trouble

Report = Callable[[str], None]


def bring_in(
    settings: Settings, course: str, path: Path, *, dry_run: bool, remove_missing: bool = False, report: Report
) -> bool:
    """Import one file and say what was done; whether every row was good. Raises Trouble."""
    return _bring_in(settings, course, path.name, _read(path), dry_run, remove_missing, report)


def add(settings: Settings, course: str, row: dict[str, str], *, report: Report) -> bool:
    """Add one person to a roster, or change one: the same as a file of one row. Raises Trouble."""
    return _bring_in(settings, course, "the row", as_csv([row]), False, False, report)


def remove(settings: Settings, course: str, name: str, *, report: Report) -> None:
    """Take somebody off a roster; what they have open of the course ends. Raises Trouble."""
    front_client.post(settings, f"roster/{course}/remove", {"name": name})
    report(f"{course}: {name} is removed; what they handed in stays")


def listed(settings: Settings, course: str) -> list[str]:
    """One line a person: name, role, section, full name, e-mail."""
    people = front_client.get(settings, f"roster/{course}")["people"]
    columns = ("name", "role", "section", "full_name", "email")
    widths = {column: max((len(one[column]) for one in people), default=0) for column in columns}
    return ["  ".join(f"{one[column]:<{widths[column]}}" for column in columns).rstrip() for one in people]


def announce(settings: Settings, course: str | None, text: str, *, report: Report) -> None:
    """Tell one course or every one something; an empty text takes what was told away. Raises Trouble."""
    front_client.post(settings, "announcement", {"text": text, **({"course": course} if course else {})})
    where = course or "every course"
    report(f"announced to {where}" if text.strip() else f"nothing is announced to {where} any more")


def _bring_in(
    settings: Settings, course: str, name: str, text: str, dry_run: bool, remove_missing: bool, report: Report
) -> bool:
    asked = {"csv": text, "dry_run": dry_run, "remove_missing": remove_missing}
    told = front_client.post(settings, f"roster/{course}", asked)
    for mistake in told["mistakes"]:
        report(f"{name}:{mistake['line']}  {mistake['message']}")
    for word in ("added", "changed", "removed"):
        if told[word]:
            report(f"{word}: {', '.join(told[word])}")
    if told["missing"]:
        report(f"students who are not in it (--remove-missing removes them): {', '.join(told['missing'])}")
    if told["passwords"]:
        report(f"first passwords: {_hand_out(settings, course, told['passwords'])}")
    report(f"{course}: {_counts(told)}{'; nothing was changed (dry run)' if dry_run else ''}")
    return not told["mistakes"]


def _counts(told: dict[str, Any]) -> str:
    counts = [f"{len(told['added'])} added", f"{len(told['changed'])} changed", f"{told['unchanged']} unchanged"]
    if told["removed"]:
        counts.append(f"{len(told['removed'])} removed")
    if wrong := len(told["mistakes"]):
        counts.append(f"{wrong} {'row' if wrong == 1 else 'rows'} not used")
    return ", ".join(counts)


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
    path = settings.folders.first_passwords / f"{course}-{time.strftime('%Y%m%d-%H%M%S')}.csv"
    number = 1
    while path.exists():
        number += 1
        path = path.with_stem(f"{path.stem.split('~')[0]}~{number}")
    write_durably(path, as_csv(passwords).encode(), mode=0o600)
    return path


def admit_admins(settings: Settings, *, report: Report) -> int:
    """See that every administrator can sign in; how many are new."""
    passwords: list[dict[str, Any]] = front_client.post(settings, "admins", {})["passwords"]
    if passwords:
        report(f"administrators: first passwords in {_hand_out(settings, 'admins', passwords)}")
    return len(passwords)
