"""Which images are on this machine, for those who start containers: the command writes it down, hub and worker read it.

DATA/config/images.json has every image by its name, and those of courses with packages of their own as `courses/KEY`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.durable import write_durably

DOCUMENTS = "docs-"  # begins the name of an image's documentation
Record = dict[str, dict[str, Any]]


def read(path: Path) -> Record:
    """Tag, Docker's id and size in bytes by name; empty before anything was built."""
    found: Record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def write(path: Path, record: Record) -> bool:
    """Whether anything changed."""
    if read(path) == record:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, (json.dumps(record, indent=2) + "\n").encode(), mode=0o644)
    return True


def not_taken(path: Path) -> dict[str, dict[str, Any]]:
    """Packages that courses asked for and have not got, and why, by course."""
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def documentation(path: Path, image: str) -> str | None:
    """Where the front has an image's documentation, as an address of this hub; `path` is DATA/config/docs.json."""
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return f"/docs/{found[image]}/" if image in found else None


def for_courses(record: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The images of a record that notebooks may run in, by their names: not courses' own, and no documentation."""
    return [name for name in record if "/" not in name and not name.startswith(DOCUMENTS)]


def own(course: str) -> str:
    """Under which name the image of a course with packages of its own stands."""
    return f"courses/{course}"


def tag_for(record: Mapping[str, Mapping[str, Any]], course: str, image: str) -> str | None:
    """The image that a course's servers and sandboxes run: its own upon the one of the settings, or that one itself."""
    mine = record.get(own(course), {})
    found = mine if mine.get("upon") == image else record.get(image, {})
    return found.get("tag")


def packages(record: Mapping[str, Mapping[str, Any]], course: str, image: str) -> dict[str, str]:
    """The Python packages that a course's servers have, by name with their versions; an empty one is not known."""
    mine = record.get(own(course), {})
    asked = mine.get("packages", []) if mine.get("upon") == image else []
    added = (re.split(r"[^A-Za-z0-9._-]+", one, maxsplit=1) for one in asked)
    return {**record.get(image, {}).get("has", {}), **{name[0]: "" for name in added}}


def tags(record: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Every image that is in use, or that a course may go back to."""
    return {one["tag"] for about in record.values() for one in (about, about.get("before")) if one}
