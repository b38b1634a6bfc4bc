"""Courses to begin with: material in a git repository, people to try it, assignments that are handed out.

The content of each lies in a folder of config/examples. Made once, step by step; what is there already stays as it is.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub import front_client, rosters
from hub.adapters.engine import Engine
from hub.rules import Shows
from hub.settings import Settings
from hub.trouble import Trouble

Report = Callable[[str], None]

DEMO = "demo"
DUE_AFTER = timedelta(days=14)
STUDENTS_UID = 1000


def known(root: Path) -> list[str]:
    """The names that a course's `example` may have."""
    return sorted(path.name for path in (root / "config" / "examples").iterdir() if path.is_dir())


def material_of(settings: Settings, course: str) -> Path:
    """The repository that is made for a course with an example."""
    return settings.data / "material-sources" / course


def make_material(settings: Settings, root: Path) -> int:
    """Make the repositories of the material, before the service looks for them; how many were made."""
    made = 0
    for course, content in _wanted(settings, root):
        source = material_of(settings, course)
        if not source.exists():
            making = source.with_name(f".{course}-in-the-making")
            shutil.rmtree(making, ignore_errors=True)
            _make_repository(content / "material", making)
            making.rename(source)
            made += 1
    return made


def make(settings: Settings, root: Path, *, report: Report) -> int:
    """Make what is missing of the examples; how many were made. Raises Trouble."""
    count = 0
    for course, content in _wanted(settings, root):
        made = settings.folders.courses / course / ".demo-made"
        if made.exists():
            continue
        if (content / "roster.csv").exists():
            rosters.bring_in(settings, course, content / "roster.csv", dry_run=False, report=report)
        names = sorted(path.name for path in (content / "assignments").iterdir())
        for name in names:
            _hand_out(settings, course, content / "assignments" / name)
        _own(made.parent)
        made.touch()
        report(f"{course}: handed out: {', '.join(names)}")
        count += 1
    return count


def _wanted(settings: Settings, root: Path) -> Iterator[tuple[str, Path]]:
    """The courses that have an example's content, and where that lies."""
    for key, course in settings.courses.items():
        content = root / "config" / "examples" / (course.example or key)
        named = course.example is not None or key == DEMO  # the settings of earlier versions name the material alone
        if named and course.material == str(material_of(settings, key)) and not course.archived:
            if not content.is_dir():
                raise Trouble(f"there is no example '{course.example}'; there is: {', '.join(known(root))}")
            yield key, content


def accounts(settings: Settings, root: Path) -> list[str]:
    """What a person is told about the accounts of the demo course."""
    found = dict(_wanted(settings, root)).get(DEMO)
    if found is None:
        return []
    with (found / "roster.csv").open(encoding="utf-8", newline="") as file:
        names = [f"{row['name']} ({row['role']})" for row in csv.DictReader(file)]
    files = list(settings.folders.first_passwords.glob(f"{DEMO}-*.csv"))
    told = [f"Demo accounts  {', '.join(names)}"]
    if files:
        path = files[0] if len(files) == 1 else files[0].with_name(f"{DEMO}-*.csv")  # later ones count
        told.append(f"Passwords      sudo cat {path}")
    return told


def _make_repository(content: Path, source: Path) -> None:
    """A git repository with the material as its first commit."""
    shutil.copytree(content, source)
    who = ["-c", "user.name=CampusHub", "-c", "user.email=campushub@localhost"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        [*who, "commit", "--quiet", "--message=The course's material"],
    ):
        done = subprocess.run(["git", "-C", str(source), *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Trouble(f"the repository {source} could not be made: {done.stderr.strip()}")


def _hand_out(settings: Settings, course: str, content: Path) -> None:
    """Put an assignment's source into the course folder, generate it and release it, as an instructor would.

    Whoever hands it in sees their points at once.
    """
    folder, name = settings.folders.courses / course, content.name
    shutil.copytree(content, folder / "source" / name, dirs_exist_ok=True)
    _own(folder)
    due = (datetime.now(UTC) + DUE_AFTER).replace(hour=18, minute=0, second=0)
    grader, engine = f"{settings.name}-grader", Engine.connect()
    for words in (
        ["db", "assignment", "add", name, f"--duedate={due:%Y-%m-%d %H:%M:%S} UTC"],
        ["generate_assignment", name, "--force"],
        ["release_assignment", name, "--ReleaseAssignment.check=False"],  # the tests of the examples do the same
    ):
        engine.run_in(grader, ["env", f"CAMPUSHUB_COURSE={course}", "nbgrader", *words])
    front_client.post(settings, f"assignments/{course}/{name}/rules", {"shows": Shows.MESSAGES})


def _own(folder: Path) -> None:
    """Give a course's folder to the uid of servers and grader."""
    folder.chmod(0o700)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, STUDENTS_UID, STUDENTS_UID, follow_symlinks=False)
