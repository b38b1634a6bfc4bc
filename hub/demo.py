"""The demo course: material in a git repository, three people, one assignment that is handed out.

Its content lies in config/examples/demo. Made once, step by step; what is there already stays as it is.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub import rosters
from hub.adapters.engine import Engine
from hub.settings import Settings
from hub.trouble import Trouble

Report = Callable[[str], None]

COURSE = "demo"
ASSIGNMENT = "first-steps"
DUE_AFTER = timedelta(days=14)
STUDENTS_UID = 1000


def wanted(settings: Settings) -> bool:
    """Whether the settings have the demo course with its own material."""
    course = settings.courses.get(COURSE)
    return course is not None and course.material == str(_source(settings))


def make_material(settings: Settings, root: Path) -> int:
    """Make the repository of the material, before the service looks for it; how many things were made."""
    source = _source(settings)
    if not wanted(settings) or source.exists():
        return 0
    making = source.with_name(f".{COURSE}-in-the-making")
    shutil.rmtree(making, ignore_errors=True)
    _make_material(root / "config" / "examples" / "demo" / "material", making)
    making.rename(source)
    return 1


def make(settings: Settings, root: Path, *, report: Report) -> int:
    """Make what is missing of the demo course; how many things were made. Raises Trouble."""
    made = settings.folders.courses / COURSE / ".demo-made"
    if not wanted(settings) or made.exists():
        return 0
    content = root / "config" / "examples" / "demo"
    rosters.bring_in(settings, COURSE, content / "roster.csv", dry_run=False, report=report)
    _hand_out(settings, content / "assignment")
    _own(made.parent)
    made.touch()
    report(f"{COURSE}: the assignment '{ASSIGNMENT}' is handed out")
    return 1


def accounts(settings: Settings, root: Path) -> list[str]:
    """What a person is told about the accounts of the demo course."""
    if not wanted(settings):
        return []
    with (root / "config" / "examples" / "demo" / "roster.csv").open(encoding="utf-8", newline="") as file:
        names = [f"{row['name']} ({row['role']})" for row in csv.DictReader(file)]
    files = list(settings.folders.first_passwords.glob(f"{COURSE}-*.csv"))
    told = [f"Demo accounts  {', '.join(names)}"]
    if files:
        path = files[0] if len(files) == 1 else files[0].with_name(f"{COURSE}-*.csv")  # later ones count
        told.append(f"Passwords      sudo cat {path}")
    return told


def _source(settings: Settings) -> Path:
    return settings.data / "material-sources" / COURSE


def _make_material(content: Path, source: Path) -> None:
    """A git repository with the material as its first commit."""
    shutil.copytree(content, source)
    who = ["-c", "user.name=CampusHub", "-c", "user.email=campushub@localhost"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        [*who, "commit", "--quiet", "--message=The demo course"],
    ):
        done = subprocess.run(["git", "-C", str(source), *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Trouble(f"the demo course's repository could not be made: {done.stderr.strip()}")


def _hand_out(settings: Settings, content: Path) -> None:
    """Put the assignment's source into the course folder, generate it and release it, as an instructor would."""
    folder = settings.folders.courses / COURSE
    source = folder / "source" / ASSIGNMENT
    shutil.copytree(content, source, dirs_exist_ok=True)
    _own(folder)
    due = (datetime.now(UTC) + DUE_AFTER).replace(hour=18, minute=0, second=0)
    grader, engine = f"{settings.name}-grader", Engine.connect()
    for words in (
        ["db", "assignment", "add", ASSIGNMENT, f"--duedate={due:%Y-%m-%d %H:%M:%S} UTC"],
        ["generate_assignment", ASSIGNMENT, "--force"],
        ["release_assignment", ASSIGNMENT],
    ):
        engine.run_in(grader, ["env", f"CAMPUSHUB_COURSE={COURSE}", "nbgrader", *words])


def _own(folder: Path) -> None:
    """Give a course's folder to the uid of servers and grader."""
    folder.chmod(0o700)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, STUDENTS_UID, STUDENTS_UID, follow_symlinks=False)
