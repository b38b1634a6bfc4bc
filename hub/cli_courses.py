"""The command's words for courses and their people: course, roster, announce."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hub import course_images, examples, front_client, images, rosters, terms
from hub.cli_ground import ROOT, say, settings_of
from hub.roster import COLUMNS
from hub.trouble import Trouble
from hub.up import need_root, up


def add_to(words: Any) -> None:
    """Add them to the command's words (argparse's object for what may follow)."""
    _add_course(words)
    _add_roster(words)
    marks = words.add_parser("marks", help="what students have got").add_subparsers(required=True)
    export = marks.add_parser("export", help="a course's marks as CSV, to standard output")
    export.add_argument("course")
    export.set_defaults(run=run_marks_export)
    announce = words.add_parser("announce", help="tell everybody something, on their pages and in JupyterLab")
    announce.add_argument("text", help="what they read; '' takes it away")
    announce.add_argument("--course", help="only this course")
    announce.set_defaults(run=run_announce)


def _add_course(words: Any) -> None:
    course = words.add_parser("course", help="add a course, close one, take one up again").add_subparsers(required=True)
    new = course.add_parser("add", help="add a course to the settings and apply them")
    new.add_argument("key")
    new.add_argument("--title", required=True, help="what people read")
    for name in ("material", "branch", "image"):
        new.add_argument(f"--{name}", default="")
    new.add_argument("--example", default="", help=f"content to begin with: {', '.join(examples.known(ROOT))}")
    new.set_defaults(run=run_course_add)
    archive = course.add_parser("archive", help="close a course: its staff may look, nobody else comes in")
    archive.add_argument("key")
    archive.set_defaults(run=run_course_archive)
    image = course.add_parser(
        "image", help="build the image with the packages that a course asks for, and take it if good"
    )
    image.add_argument("key")
    image.add_argument("--back", action="store_true", help="take it back: new servers have the one before")
    image.set_defaults(run=run_course_image)
    rollover = course.add_parser("rollover", help="sources and settings into a new term; the old one is archived")
    rollover.add_argument("old")
    rollover.add_argument("new")
    rollover.add_argument("--title", default="", help="another title for the new term")
    rollover.set_defaults(run=run_course_rollover)


def _add_roster(words: Any) -> None:
    roster = words.add_parser("roster", help="who is in a course").add_subparsers(required=True)
    bring = roster.add_parser("import", help="bring a CSV file in: name,full_name,email,role,section")
    bring.add_argument("course")
    bring.add_argument("file", type=Path)
    bring.add_argument("--dry-run", action="store_true", help="only say what would be done")
    bring.add_argument("--remove-missing", action="store_true", help="remove students who are not in the file")
    bring.set_defaults(run=run_roster_import)
    listing = roster.add_parser("list", help="everybody in a course")
    listing.add_argument("course")
    listing.set_defaults(run=run_roster_list)
    add = roster.add_parser("add", help="add one person, or change one")
    add.add_argument("course")
    add.add_argument("name")
    for column in ("full-name", "email", "role", "section"):
        add.add_argument(f"--{column}")
    add.set_defaults(run=run_roster_add)
    remove = roster.add_parser("remove", help="take one person off; what they handed in stays")
    remove.add_argument("course")
    remove.add_argument("name")
    remove.set_defaults(run=run_roster_remove)


def run_roster_import(options: argparse.Namespace) -> int:
    need_root("roster import")
    settings = settings_of(options.config)
    good = rosters.bring_in(
        settings,
        options.course,
        options.file,
        dry_run=options.dry_run,
        remove_missing=options.remove_missing,
        report=say,
    )
    return 0 if good else 1


def run_course_add(options: argparse.Namespace) -> None:
    need_root("course add")
    about = {name: getattr(options, name) for name in ("title", "material", "branch", "image", "example")}
    if options.example:
        if options.example not in examples.known(ROOT):
            raise Trouble(f"there is no example '{options.example}'; there is: {', '.join(examples.known(ROOT))}")
        about["material"] = str(examples.material_of(settings_of(options.config), options.key))
        about["image"] = about["image"] or (options.example if options.example in images.course_images(ROOT) else "")
    terms.add(options.config, images.course_images(ROOT), options.key, about)
    _apply(options, f"{options.key}: added. Its people: sudo ./campushub roster import {options.key} FILE")


def run_course_archive(options: argparse.Namespace) -> None:
    need_root("course archive")
    terms.archive(options.config, images.course_images(ROOT), options.key)
    _apply(options, f"{options.key}: archived")


def run_course_rollover(options: argparse.Namespace) -> None:
    need_root("course rollover")
    terms.rollover(options.config, images.course_images(ROOT), options.old, options.new, options.title)
    _apply(options, f"{options.new}: taken over from {options.old}, with an empty roster; {options.old} is archived")


def run_course_image(options: argparse.Namespace) -> None:
    need_root("course image")
    settings = settings_of(options.config)
    if options.key not in settings.courses:
        raise Trouble(f"there is no course '{options.key}' in the settings; there is: {', '.join(settings.courses)}")
    if options.back:
        course_images.take_back(settings, options.key, report=say)
    elif not course_images.bring_up(ROOT, settings, options.key, again=True, report=say):
        print(f"course {options.key}: it has what it asks for")


def _apply(options: argparse.Namespace, done: str) -> None:
    """Bring the hub up to date with settings that were changed just now."""
    print(f"{options.config}: changed; now `campushub up`", flush=True)
    up(ROOT, options.config, report=say)
    print(done)


def run_roster_list(options: argparse.Namespace) -> None:
    need_root("roster list")
    for line in rosters.listed(settings_of(options.config), options.course):
        print(line)


def run_roster_add(options: argparse.Namespace) -> int:
    need_root("roster add")
    row = {column: value for column in COLUMNS if (value := getattr(options, column)) is not None}
    return 0 if rosters.add(settings_of(options.config), options.course, row, report=say) else 1


def run_roster_remove(options: argparse.Namespace) -> None:
    need_root("roster remove")
    rosters.remove(settings_of(options.config), options.course, options.name, report=say)


def run_marks_export(options: argparse.Namespace) -> None:
    need_root("marks export")
    told = front_client.get(settings_of(options.config), f"marks/{options.course}")
    print(told["csv"], end="")


def run_announce(options: argparse.Namespace) -> None:
    need_root("announce")
    rosters.announce(settings_of(options.config), options.course, options.text, report=say)
