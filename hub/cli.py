"""The command's words: which there are, what they take, and how an error reaches the reader.

Each word is one function elsewhere; this file only parses, calls and turns errors into one line and an exit code.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hub import bench, images, remote, rosters, terms
from hub.adapters.engine import Engine
from hub.backup import backup
from hub.doctor import examine
from hub.down import down, erase
from hub.restore import restore
from hub.roster import COLUMNS
from hub.settings import CORE_PARTS, Settings
from hub.settings_file import SettingsInvalid, load
from hub.status import Status, look
from hub.trouble import Trouble
from hub.up import need_root, up

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did its work, 1 when it says why not, 2 for words it does not know."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except (SettingsInvalid, Trouble) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="campushub", description="A JupyterHub for a department's courses.")
    top.add_argument("--config", type=Path, default=_default_config(), help="settings file (config/hub.yaml)")
    words = top.add_subparsers(required=True, metavar="COMMAND")

    up = words.add_parser("up", help="make this machine a hub, or bring it up to date with the settings")
    up.add_argument("--inventory", type=Path, help="Ansible inventory (YAML) of servers to install over SSH instead")
    up.set_defaults(run=run_up)

    status = words.add_parser("status", help="what runs, where, and what is wrong")
    status.add_argument("--json", action="store_true", help="as JSON, for programs")
    status.set_defaults(run=run_status)

    logs = words.add_parser("logs", help="the last lines of a part's log")
    logs.add_argument("part", nargs="?", choices=CORE_PARTS, help="only this part")
    logs.add_argument("--lines", type=int, default=50, help="how many lines of each part (50)")
    logs.set_defaults(run=run_logs)

    down = words.add_parser("down", help="stop the hub; all data stays")
    down.add_argument("--erase", action="store_true", help="erase all data too, after a question")
    down.add_argument("--yes", action="store_true", help="no question (for programs)")
    down.set_defaults(run=run_down)

    check = words.add_parser("check", help="read the settings and report every mistake")
    check.add_argument("file", nargs="?", type=Path, help="another settings file")
    check.set_defaults(run=run_check)

    image = words.add_parser("images", help="build the images, or list them").add_subparsers(required=True)
    image.add_parser("build", help="build what is not there yet").set_defaults(run=run_images_build)
    image.add_parser("list", help="which images there are, and which are built").set_defaults(run=run_images_list)

    course = words.add_parser("course", help="add a course, close one, take one up again").add_subparsers(required=True)
    new = course.add_parser("add", help="add a course to the settings and apply them")
    new.add_argument("key")
    new.add_argument("--title", required=True, help="what people read")
    for name in ("material", "branch", "image"):
        new.add_argument(f"--{name}", default="")
    new.set_defaults(run=run_course_add)
    archive = course.add_parser("archive", help="close a course: its staff may look, nobody else comes in")
    archive.add_argument("key")
    archive.set_defaults(run=run_course_archive)
    rollover = course.add_parser("rollover", help="sources and settings into a new term; the old one is archived")
    rollover.add_argument("old")
    rollover.add_argument("new")
    rollover.add_argument("--title", default="", help="another title for the new term")
    rollover.set_defaults(run=run_course_rollover)

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
        add.add_argument(f"--{column}", default="")
    add.set_defaults(run=run_roster_add)
    remove = roster.add_parser("remove", help="take one person off; what they handed in stays")
    remove.add_argument("course")
    remove.add_argument("name")
    remove.set_defaults(run=run_roster_remove)

    announce = words.add_parser("announce", help="tell everybody something, on their pages and in JupyterLab")
    announce.add_argument("text", help="what they read; '' takes it away")
    announce.add_argument("--course", help="only this course")
    announce.set_defaults(run=run_announce)

    doctor = words.add_parser("doctor", help="look at everything: what is wrong, how it was seen, how to mend it")
    doctor.add_argument("--json", action="store_true", help="as JSON, for programs")
    doctor.add_argument("--deep", action="store_true", help="read every stored file, not today's share of them")
    doctor.set_defaults(run=run_doctor)

    keep = words.add_parser("backup", help="copy everything that matters while the hub runs, and verify the copy")
    keep.add_argument("folder", type=Path, metavar="DIR", help="the folder that holds the backups")
    keep.add_argument("--keep", type=_count, metavar="N", help="afterwards keep only the newest N (all)")
    keep.set_defaults(run=run_backup)

    back = words.add_parser("restore", help="put a backup back onto an empty machine and bring the hub up")
    back.add_argument("folder", type=Path, metavar="DIR", help="a backup, or the folder that holds them: the newest")
    back.set_defaults(run=run_restore)

    test = words.add_parser("test", help="run the tests (all that need no special machine)")
    test.add_argument("part", nargs="?", choices=TEST_PARTS, help="only one part")
    test.set_defaults(run=run_test)

    measure = words.add_parser("bench", help="measure CampusHub beside a stock JupyterHub").add_subparsers(
        required=True
    )
    spawn = measure.add_parser("spawn", help="from the click to JupyterLab, and memory of a server: some minutes")
    spawn.add_argument("--n", type=int, default=10, help="how many at once (10)")
    spawn.add_argument("--json", action="store_true", help="as JSON, for programs")
    spawn.set_defaults(run=run_bench_spawn)
    return top


TEST_PARTS = ("quick", "integration", "browser", "attacks", "images", "vm", "gpu")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 backup has to be kept")
    return number


def _default_config() -> Path:
    return Path(os.environ.get("CAMPUSHUB_CONFIG", ROOT / "config" / "hub.yaml"))


def run_check(options: argparse.Namespace) -> int:
    path = options.file or options.config
    count = len(_settings(path).courses)
    print(f"{path.name}: no mistakes; {count} {'course' if count == 1 else 'courses'}")
    return 0


def run_up(options: argparse.Namespace) -> None:
    if options.inventory:
        remote.up(ROOT, options.config, options.inventory, report=_say)
    else:
        up(ROOT, options.config, report=_say)


def run_status(options: argparse.Namespace) -> int:
    try:
        found = look(_settings(options.config))
    except SettingsInvalid as mistakes:
        if not options.json:
            raise
        found = Status(ok=False, url="", problems=tuple(mistakes.lines()), services={}, servers=0, homes=())
    print(json.dumps(found.as_data(), indent=2) if options.json else "\n".join(found.lines()))
    return 0 if found.ok else 1


def run_logs(options: argparse.Namespace) -> None:
    settings, engine = _settings(options.config), Engine.connect()
    for part in [options.part] if options.part else CORE_PARTS:
        for line in engine.log(f"{settings.name}-{part}", options.lines):
            print(f"{part:<8} {line}")


def run_down(options: argparse.Namespace) -> None:
    need_root("down")
    settings = _settings(options.config)
    if options.erase:
        erase(settings, confirmed=options.yes, ask=input, report=_say)
    else:
        down(settings, report=_say)


def run_images_build(options: argparse.Namespace) -> None:
    need_root("images build")
    if not images.build(ROOT, _settings(options.config).folders, report=_say):
        print("every image is there already")


def run_images_list(_: argparse.Namespace) -> None:
    for line in images.listed(ROOT):
        print(line)


def run_roster_import(options: argparse.Namespace) -> int:
    need_root("roster import")
    settings = _settings(options.config)
    good = rosters.bring_in(
        settings,
        options.course,
        options.file,
        dry_run=options.dry_run,
        remove_missing=options.remove_missing,
        report=_say,
    )
    return 0 if good else 1


def run_course_add(options: argparse.Namespace) -> None:
    need_root("course add")
    about = {name: getattr(options, name) for name in ("title", "material", "branch", "image")}
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


def _apply(options: argparse.Namespace, done: str) -> None:
    """Bring the hub up to date with settings that were changed just now."""
    print(f"{options.config}: changed; now `campushub up`", flush=True)
    up(ROOT, options.config, report=_say)
    print(done)


def run_roster_list(options: argparse.Namespace) -> None:
    need_root("roster list")
    for line in rosters.listed(_settings(options.config), options.course):
        print(line)


def run_roster_add(options: argparse.Namespace) -> int:
    need_root("roster add")
    row = {column: getattr(options, column) for column in COLUMNS}
    return 0 if rosters.add(_settings(options.config), options.course, row, report=_say) else 1


def run_roster_remove(options: argparse.Namespace) -> None:
    need_root("roster remove")
    rosters.remove(_settings(options.config), options.course, options.name, report=_say)


def run_announce(options: argparse.Namespace) -> None:
    need_root("announce")
    rosters.announce(_settings(options.config), options.course, options.text, report=_say)


def run_doctor(options: argparse.Namespace) -> int:
    need_root("doctor")
    settings, now = _settings(options.config), datetime.now(UTC)
    found = examine(settings, ROOT, options.config, now=now, deep=options.deep)
    print(json.dumps(found.as_data(), indent=2) if options.json else "\n".join(found.lines()))
    return 0 if found.ok else 1


def run_backup(options: argparse.Namespace) -> int:
    need_root("backup")
    settings, now = _settings(options.config), datetime.now(UTC)
    return 0 if backup(settings, options.folder.absolute(), keep=options.keep, now=now, report=_say) else 1


def run_restore(options: argparse.Namespace) -> None:
    restore(ROOT, options.config, options.folder.absolute(), report=_say)


def _settings(path: Path) -> Settings:
    return load(path, images=images.course_images(ROOT))


def _say(line: str) -> None:
    print(line, flush=True)


def run_test(options: argparse.Namespace) -> int:
    from hub.testing import run  # the test tools are looked for only when tests are asked for

    return run(ROOT, options.part)


def run_bench_spawn(options: argparse.Namespace) -> None:
    need_root("bench spawn")
    bench.become(ROOT, "spawn", [f"--n={options.n}", *(["--json"] if options.json else [])])
