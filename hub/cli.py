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
from typing import Any

from hub import bench, cli_courses, cli_gpus, cli_images, cli_mirror, remote
from hub.adapters.engine import Engine
from hub.backup import backup
from hub.cli_ground import ROOT, say, settings_of
from hub.doctor import examine
from hub.down import down, erase
from hub.restore import restore
from hub.settings import CORE_PARTS, parts
from hub.settings_file import SettingsInvalid
from hub.status import Status, look
from hub.trouble import Trouble
from hub.up import need_root, tell_docker_for_gpus, up


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
    _add_daily(words)
    cli_courses.add_to(words)
    cli_images.add_to(words)
    cli_gpus.add_to(words)
    cli_mirror.add_to(words)
    _add_care(words)
    _add_development(words)
    return top


def _add_daily(words: Any) -> None:
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


def _add_care(words: Any) -> None:
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


def _add_development(words: Any) -> None:
    test = words.add_parser("test", help="run the tests (all that need no special machine)")
    test.add_argument("part", nargs="?", choices=TEST_PARTS, help="only one part")
    test.set_defaults(run=run_test)

    measure = words.add_parser("bench", help="measure CampusHub beside a stock JupyterHub").add_subparsers(
        required=True
    )
    for name, count, about, meaning in (
        ("spawn", 10, "from the click to JupyterLab, and memory of a server: some minutes", "how many at once (10)"),
        (
            "start",
            9,
            "from docker run to the first answer, and memory of a server: three minutes",
            "how many times (9)",
        ),
        ("grade", 100, "submissions graded in a minute: ten minutes", "how many submissions (100)"),
        ("submit", 150, "a class hands in within ten seconds: two minutes", "how many students (150)"),
        ("collect", 1000, "listing and collecting beside nbgrader's own: ten minutes", "how many students (1000)"),
        ("material", 30, "a class opens its material at once: two minutes", "how many students (30)"),
        ("docs", 150, "a class opens the documentation within a minute: five minutes", "how many readers (150)"),
        ("gpus", 3, "a simulated week of lending GPUs, and the ledger's speed: half an hour", "how many weeks (3)"),
    ):
        one = measure.add_parser(name, help=about)
        one.add_argument("--n", type=int, default=count, help=meaning)
        one.add_argument("--json", action="store_true", help="as JSON, for programs")
        one.set_defaults(run=run_bench, name=name)


TEST_PARTS = ("quick", "integration", "operation", "browser", "attacks", "images", "vm", "gpu")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 backup has to be kept")
    return number


def _default_config() -> Path:
    return Path(os.environ.get("CAMPUSHUB_CONFIG", ROOT / "config" / "hub.yaml"))


def run_check(options: argparse.Namespace) -> int:
    path = options.file or options.config
    settings = settings_of(path)
    count = len(settings.courses)
    print(f"{path.name}: no mistakes; {count} {'course' if count == 1 else 'courses'}")
    tell_docker_for_gpus(settings, say)
    return 0


def run_up(options: argparse.Namespace) -> None:
    if options.inventory:
        remote.up(ROOT, options.config, options.inventory, report=say)
    else:
        up(ROOT, options.config, report=say)


def run_status(options: argparse.Namespace) -> int:
    try:
        found = look(settings_of(options.config))
    except SettingsInvalid as mistakes:
        if not options.json:
            raise
        found = Status(ok=False, url="", problems=tuple(mistakes.lines()), notes=(), services={}, servers=0, homes=())
    print(json.dumps(found.as_data(), indent=2) if options.json else "\n".join(found.lines()))
    return 0 if found.ok else 1


def run_logs(options: argparse.Namespace) -> None:
    settings, engine = settings_of(options.config), Engine.connect()
    for part in [options.part] if options.part else parts(settings):
        for line in engine.log(f"{settings.name}-{part}", options.lines):
            print(f"{part:<8} {line}")


def run_down(options: argparse.Namespace) -> None:
    need_root("down")
    settings = settings_of(options.config)
    if options.erase:
        erase(settings, confirmed=options.yes, ask=input, report=say)
    else:
        down(settings, report=say)


def run_doctor(options: argparse.Namespace) -> int:
    need_root("doctor")
    settings, now = settings_of(options.config), datetime.now(UTC)
    found = examine(settings, ROOT, options.config, now=now, deep=options.deep)
    print(json.dumps(found.as_data(), indent=2) if options.json else "\n".join(found.lines()))
    return 0 if found.ok else 1


def run_backup(options: argparse.Namespace) -> int:
    need_root("backup")
    settings, now = settings_of(options.config), datetime.now(UTC)
    return 0 if backup(settings, options.folder.absolute(), keep=options.keep, now=now, report=say) else 1


def run_restore(options: argparse.Namespace) -> None:
    restore(ROOT, options.config, options.folder.absolute(), report=say)


def run_test(options: argparse.Namespace) -> int:
    from hub.testing import run  # the test tools are looked for only when tests are asked for

    return run(ROOT, options.part)


def run_bench(options: argparse.Namespace) -> None:
    need_root(f"bench {options.name}")
    bench.become(ROOT, options.name, [f"--n={options.n}", *(["--json"] if options.json else [])])
