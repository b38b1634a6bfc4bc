"""Courses over the terms: one is added, one ends, one is taken up again with its sources and an empty roster.

Changes the settings file as a person would, with its comments kept, and checks it before it takes the old one's place.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from hub.durable import write_durably
from hub.settings import Settings
from hub.settings_file import load
from hub.trouble import Trouble

# Of a course's folder, what belongs to one term only (nbgrader's folders and its gradebook) or can be made again.
OF_ONE_TERM = ("release", "submitted", "autograded", "feedback", "gradebook.db*", ".*", "*.log")
STUDENTS_UID = 1000

Change = Callable[[dict[str, Any]], None]


def add(config: Path, images: frozenset[str], key: str, about: Mapping[str, str]) -> None:
    """Add a course to the settings; raises Trouble or SettingsInvalid, and then nothing was changed."""

    def change(courses: dict[str, Any]) -> None:
        _need_new(courses, key)
        courses[key] = {name: value for name, value in about.items() if value}

    _rewrite(config, images, change)


def archive(config: Path, images: frozenset[str], key: str) -> None:
    """Close a course; raises Trouble or SettingsInvalid, and then nothing was changed."""

    def change(courses: dict[str, Any]) -> None:
        _need_open(courses, key)
        courses[key]["archived"] = True

    _rewrite(config, images, change)


def rollover(config: Path, images: frozenset[str], old: str, new: str, title: str) -> None:
    """Take a course up again under a new key and close the old one: sources and settings are copied, nothing else is.

    Raises Trouble or SettingsInvalid; then the settings are as they were.
    """
    settings = load(config, images=images)

    def change(courses: dict[str, Any]) -> None:
        _need_open(courses, old)
        _need_new(courses, new)
        plain = json.loads(json.dumps(courses[old]))  # without the comments, and nothing shared with the old course
        plain.pop("example", None)  # its assignments are among the sources
        courses[new] = {**plain, **({"title": title} if title else {})}
        courses[old]["archived"] = True

    _rewrite(config, images, change, before=lambda: _copy_sources(settings, old, new))


def _need_new(courses: Mapping[str, Any], key: str) -> None:
    if key in courses:
        raise Trouble(f"there is a course '{key}' already; nothing was changed")


def _need_open(courses: Mapping[str, Any], key: str) -> None:
    if key not in courses:
        raise Trouble(f"there is no course '{key}' in the settings; there is: {', '.join(courses) or 'none'}")
    if courses[key].get("archived"):
        raise Trouble(f"the course '{key}' is archived already; nothing was changed")


def _rewrite(config: Path, images: frozenset[str], change: Change, before: Callable[[], None] = lambda: None) -> None:
    """Change the courses in a settings file. `before` runs once the new file is known to be good."""
    load(config, images=images)
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 120
    document = yaml.load(config.read_text(encoding="utf-8")) or {}
    if not document.get("courses"):
        document["courses"] = {}
    change(document["courses"])
    text = io.StringIO()
    yaml.dump(document, text)
    with TemporaryDirectory(prefix="campushub-settings-") as scratch:
        tried = Path(scratch) / config.name
        tried.write_text(text.getvalue(), encoding="utf-8")
        load(tried, images=images)
    before()
    write_durably(config, text.getvalue().encode(), mode=config.stat().st_mode & 0o777)


def _copy_sources(settings: Settings, old: str, new: str) -> None:
    """Copy a course's folder without what belongs to one term; an interrupted copy is begun again."""
    source, target = settings.folders.courses / old, settings.folders.courses / new
    if target.exists() and any(target.iterdir()):
        raise Trouble(
            f"{target} is there already and not empty; move it away, or take another key. Nothing was changed."
        )
    if not source.exists():
        return
    beside = target.with_name(f".{new}-in-the-making")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside, symlinks=True, ignore=shutil.ignore_patterns(*OF_ONE_TERM))
    for path in (beside, *beside.rglob("*")):
        os.chown(path, STUDENTS_UID, STUDENTS_UID, follow_symlinks=False)
    if target.exists():
        target.rmdir()
    beside.rename(target)
