"""What must not be lost: the databases, the files that the store names, and the age of the last backup."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from hub.adapters import databases
from hub.adapters.databases import Named
from hub.adapters.files import Gone, Unreadable, hash_of
from hub.checks import Examined, Finding
from hub.settings import Settings

SLICES = 16  # every stored file is read within so many days of a daily look
MOST = 10  # sentences of one kind


def store(examined: Examined) -> Iterator[Finding]:
    settings = examined.settings
    for path in databases.all_of(settings.folders):
        if problems := databases.problems(path):
            yield Finding(
                f"The database {path} is damaged.",
                f"pragma integrity_check, foreign_key_check: {'; '.join(problems)[:300]}",
                _put_back(settings, path, stop=True),
            )
    place = settings.folders.service / "store.sqlite"
    try:
        rows = list(databases.named(place)) if place.exists() else []
    except sqlite3.Error:
        return  # told above
    wrong = [(named, said) for named in rows if (said := _lost(examined, named))]
    for named, said in wrong[:MOST]:
        folder = settings.folders.service / named.kind / named.folder
        yield Finding(f"{named.what[0].upper()}{named.what[1:]} has lost files.", said, _put_back(settings, folder))
    if len(wrong) > MOST:
        yield Finding(
            f"{len(wrong) - MOST} more rows of the store have lost files.", str(place), "as above, one by one"
        )


def _lost(examined: Examined, named: Named) -> str:
    """What is wrong with the files of a row; their content is read for all, or for today's share of them."""
    folder = examined.settings.folders.service / named.kind / named.folder
    today = int(named.folder[0], 16) == examined.now.toordinal() % SLICES
    for file in named.files:
        path = folder / file.path
        try:
            if path.stat().st_size != file.size:
                return f"{path} has {path.stat().st_size} bytes, not {file.size}"
            if (examined.deep or today) and hash_of(path) != file.sha256:
                return f"{path} has another content than was acknowledged (SHA-256)"
        except (Gone, FileNotFoundError):
            return f"{path} is missing"
        except (Unreadable, OSError) as error:
            return f"{path} cannot be read: {error}"
    return ""


def _put_back(settings: Settings, path: Path, *, stop: bool = False) -> str:
    """The commands by which a file or a folder comes back from the last backup."""
    last = last_backup(settings)
    kept = Path(last["place"]) / "data" / path.relative_to(settings.data) if last else None
    if kept is None or not kept.exists():
        return f"It is in no backup that is known here. Stop the hub, keep a copy of {path}, and ask for help."
    words = [f"sudo rm -rf {path}" + "".join(f" {path}{end}" for end in databases.BESIDE if stop)]
    words.append(f"sudo cp -a {kept} {path}")
    if stop:
        words = ["sudo ./campushub down", *words, "sudo ./campushub up"]
    return f"`{' && '.join(words)}` puts back what it was at {last['at'][:16]}" if last else ""


def last_backup(settings: Settings) -> dict[str, str] | None:
    """Time and place of the last good backup, as `hub.backup` wrote them down."""
    path = settings.folders.last_backup
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def backup_age(examined: Examined) -> Iterator[Finding]:
    settings, last = examined.settings, last_backup(examined.settings)
    if last is None:
        seen = f"{settings.folders.last_backup} is not there"
        yield Finding(
            "There has been no good backup yet.", seen, "`sudo ./campushub backup DIR`, DIR being another disk"
        )
        return
    age = examined.now - datetime.fromisoformat(last["at"])
    if age > timedelta(days=settings.backup_days):
        yield Finding(
            f"The last good backup is {age.days} days old; `backup_days` is {settings.backup_days}.",
            f"{settings.folders.last_backup}: {last['place']}",
            f"`sudo ./campushub backup {Path(last['place']).parent}`, and see why it is not made by itself any more",
        )
