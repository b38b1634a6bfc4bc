"""The command's words for the mirror: what of the world outside is on this machine, and bringing it up to date now."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from hub import course_downloads, mirror_notes, packages_client
from hub.adapters.engine import Engine
from hub.cli_ground import say, settings_of
from hub.trouble import Trouble
from hub.up import need_root


def add_to(words: Any) -> None:
    """Add them to the command's words (argparse's object for what may follow)."""
    word = words.add_parser("mirror", help="what courses need from outside, kept on this machine").add_subparsers(
        required=True
    )
    sync = word.add_parser("sync", help="bring repositories, data and documentation up to date now")
    sync.set_defaults(run=run_sync)
    status = word.add_parser("status", help="what is here, how large, how old, and what does not arrive")
    status.add_argument("--json", action="store_true", help="as JSON, for programs")
    status.set_defaults(run=run_status)
    check = word.add_parser("check", help="every download of a course's notebooks, and whether the hub has it")
    check.add_argument("course")
    check.add_argument("--json", action="store_true", help="as JSON, for programs")
    check.set_defaults(run=run_check)


def run_sync(options: argparse.Namespace) -> int:
    """Whether something could not be brought; an interruption leaves it going on, and the next one goes on from there."""
    need_root("mirror sync")
    settings = settings_of(options.config)
    command = ["python", "-m", "hub.services.mirror", "sync"]
    code = Engine.connect().follow_in(f"{settings.name}-mirror", command, say)
    if (packages := packages_client.note(settings)) is not None:
        say(mirror_notes.line(packages, datetime.now(UTC)))
    return code


def run_status(options: argparse.Namespace) -> int:
    """Whether something is missing or has to be put right."""
    settings = settings_of(options.config)
    notes = [*mirror_notes.read(settings.folders.mirror_notes).values()]
    if (packages := packages_client.note(settings)) is not None:
        notes.append(packages)
    if options.json:
        print(json.dumps({"things": [asdict(one) for one in notes]}, indent=2))
    else:
        for line in mirror_notes.lines(notes, datetime.now(UTC)):
            say(line)
    return int(any(one.trouble or not one.is_there for one in notes))


def run_check(options: argparse.Namespace) -> int:
    need_root("mirror check")
    settings, course = settings_of(options.config), options.course
    if course not in settings.courses:
        raise Trouble(f"there is no course '{course}' in the settings; there is: {', '.join(settings.courses)}")
    look = course_downloads.look_at_material(settings, course, course_downloads.commit(settings, course))
    look += course_downloads.look_at_sources(settings.folders.courses / course / "source")
    checked = course_downloads.check(course, look, course_downloads.provided(settings, course))
    print(json.dumps(checked.as_data(), indent=2) if options.json else "\n".join(checked.lines()))
    return 1 if checked.missing else 0
