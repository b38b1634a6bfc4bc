"""The command's words for what is brought onto the campus machine once, for everybody: mirror check."""

from __future__ import annotations

import argparse
import json
from typing import Any

from hub import course_downloads
from hub.cli_ground import settings_of
from hub.trouble import Trouble
from hub.up import need_root


def add_to(words: Any) -> None:
    """Add them to the command's words (argparse's object for what may follow)."""
    mirror = words.add_parser("mirror", help="what courses need from outside").add_subparsers(required=True)
    check = mirror.add_parser("check", help="every download of a course's notebooks, and whether the hub has it")
    check.add_argument("course")
    check.add_argument("--json", action="store_true", help="as JSON, for programs")
    check.set_defaults(run=run_check)


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
