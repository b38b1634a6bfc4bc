"""What pulls of material have changed in a home, kept beside the repository of each folder until the person was told and after.

Every folder keeps its own list inside its `.git`, so that it goes with the folder wherever that goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

STATE, TOLD = "campushub-material.json", "campushub-told"
REPORTS, LISTED = 20, 500  # how many pulls are remembered, and how many files of each


@dataclass
class Changes:
    """One pull: paths that upstream added, changed, removed; what stayed the person's; submodules that could not be had.

    `kept` has the person's path and that of upstream's version beside it, which is empty when upstream removed the file.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.removed or self.kept)

    def add(self, other: Changes, folder: str) -> None:
        """Take over what changed in a folder below."""
        for name in ("new", "changed", "removed", "missing"):
            getattr(self, name).extend(f"{folder}/{path}" for path in getattr(other, name))
        self.kept.extend((f"{folder}/{path}", beside and f"{folder}/{beside}") for path, beside in other.kept)


@dataclass
class State:
    """What is remembered of a folder's pulls: `beside` are upstream's versions that lie beside a person's own.

    For each such path the name of the other file, and a fingerprint by which it is known that nobody touched it.
    """

    beside: dict[str, tuple[str, str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, git_dir: Path) -> State:
        try:
            told = json.loads((git_dir / STATE).read_text(encoding="utf-8"))
            beside = {path: (name, stamp) for path, (name, stamp) in told["beside"].items()}
            return cls(beside, list(told["missing"]), list(told["reports"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def report(self, changes: Changes, number: str, when: str) -> None:
        """Remember a pull by its number, newest first; one that only says what was said before is none."""
        news = bool(changes) or bool(set(changes.missing) - set(self.missing))
        self.missing = sorted(changes.missing)
        if not news:
            return
        others = [one for one in self.reports if one["id"] != number]
        lists = {name: list(paths)[:LISTED] for name, paths in asdict(changes).items()}
        counts = {name: len(paths) for name, paths in asdict(changes).items()}
        self.reports = [{"id": number, "when": when, **lists, "counts": counts}, *others][:REPORTS]

    def save(self, git_dir: Path) -> None:
        _write(git_dir / STATE, json.dumps(asdict(self)))


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.writing")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def folders(home: Path) -> Iterator[Path]:
    """Folders of a home that material was pulled into, and those in them."""
    for pattern in (f"*/.git/{STATE}", f"*/*/.git/{STATE}"):
        yield from (path.parent.parent for path in sorted(home.glob(pattern)))


def told(home: Path) -> list[dict[str, Any]]:
    """Every pull that changed something, newest first, and whether the person was told of it."""
    found = []
    for folder in folders(home):
        reports = State.of(folder / ".git").reports
        last = _last_told(folder)
        ids = [one["id"] for one in reports]
        fresh = ids[: ids.index(last)] if last in ids else ids
        name = str(folder.relative_to(home))
        found += [{"folder": name, "told": one["id"] not in fresh, **one} for one in reports]
    return sorted(found, key=lambda one: str(one["when"]), reverse=True)


def _last_told(folder: Path) -> str:
    try:
        return (folder / ".git" / TOLD).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def mark(home: Path, number: str) -> None:
    """The person was told of this pull, and so of the earlier ones in its folder."""
    for folder in folders(home):
        ids = [one["id"] for one in State.of(folder / ".git").reports]
        if number in ids and _last_told(folder) not in ids[: ids.index(number)]:
            _write(folder / ".git" / TOLD, number)
