"""What keeps a home from being worked in: no room, nothing can be written, folders of Jupyter's and Python's that are broken.

Looks in milliseconds, before a server is started. What is broken is set aside by a new name; nothing is ever deleted here.
"""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile

ROOM = 4 * 1024**2  # bytes below which a home counts as full: a notebook with pictures could not be saved
FULL = {errno.ENOSPC, errno.EDQUOT}
FOLDERS = (
    ".jupyter",
    ".jupyter/lab",
    ".jupyter/lab/user-settings",
    ".jupyter/lab/workspaces",
    ".ipython",
    ".ipython/profile_default",
    ".ipython/profile_default/startup",
    ".ipython/profile_default/security",
    ".ipython/profile_default/log",
    ".ipython/profile_default/pid",
    ".local",
    ".local/lib",
    ".local/share",
    ".local/share/jupyter",
    ".config",
    ".environments",
    ".cache",
)
LAB_FILES = ("user-settings/**/*.jupyterlab-settings", "workspaces/*.jupyterlab-workspace")  # below .jupyter/lab
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
GIT_SECONDS = 5


@dataclass(frozen=True)
class Broken:
    """A file or folder that cannot be used, and why, as the end of a sentence."""

    path: Path
    why: str


@dataclass(frozen=True)
class Found:
    """What was found and done: `full` and `closed` are of the whole home; the sentences are for its person."""

    full: bool = False
    closed: bool = False
    sentences: tuple[str, ...] = ()


def look(home: Path, today: date, python: Callable[[Path], list[Broken]]) -> Found:
    """Look through a home, set aside what is broken; `python` tells what keeps notebooks' Python from starting."""
    opened = _opened(home)
    full, closed = _room(home)
    if closed:
        return Found(closed=True, sentences=(*opened, CLOSED))
    aside: tuple[str, ...] = ()
    for check in (_folders, _lab_files, _git, python):  # each sees a home without what the one before has found
        aside += tuple(_set_aside(one, home, today) for one in _looked(check, home))
    return Found(full=full, sentences=(*((FULL_HOME,) if full else ()), *opened, *aside))


def _looked(check: Callable[[Path], Iterable[Broken]], home: Path) -> list[Broken]:
    """What a check finds; nothing where it cannot look, since no home may keep its server from starting."""
    try:
        return list(check(home))
    except (OSError, ValueError, RecursionError) as trouble:
        sys.stderr.write(f"campushub: the home could not be looked through: {trouble}\n")
        return []


FULL_HOME = (
    "Your home is full: nothing can be saved. Delete what you do not need; download it first if you want to keep it."
)
CLOSED = "Nothing can be written to your home. Tell your instructor; the administrator can see why."


def _opened(home: Path) -> tuple[str, ...]:
    """Give a person their own home back that they have closed to themselves."""
    if os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return ()
    try:
        home.chmod(0o700)
    except OSError:
        return ()
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return ()
    return ("Your home was closed to yourself (chmod) and was opened again.",)


def _room(home: Path) -> tuple[bool, bool]:
    """Whether a home is full, and whether nothing can be written to it at all."""
    try:
        with TemporaryFile(dir=home) as file:
            try:
                os.posix_fallocate(file.fileno(), 0, ROOM)
            except OSError as error:
                if error.errno in FULL:
                    raise
                file.write(bytes(ROOM))  # a file system without this call
                file.flush()
    except OSError as error:
        return error.errno in FULL, error.errno not in FULL
    return False, False


def is_full(home: Path) -> bool:
    return _room(home)[0]


def _folders(home: Path) -> Iterator[Broken]:
    seen: set[Path] = set()
    for name in FOLDERS:
        path = home / name
        if seen & set(path.parents):
            continue
        why = _why_no_folder(path)
        if why:
            seen.add(path)
            yield Broken(path, why)


def _why_no_folder(path: Path) -> str:
    if not os.path.lexists(path):
        return ""
    if not path.is_dir():
        return "it is a link that leads nowhere" if path.is_symlink() else "it is not a folder"
    return "" if os.access(path, os.R_OK | os.W_OK | os.X_OK) else "it cannot be read or written (chmod)"


def _lab_files(home: Path) -> Iterator[Broken]:
    """JupyterLab does not come up on settings or workspaces that it cannot read."""
    for pattern in LAB_FILES:
        for path in sorted((home / ".jupyter" / "lab").glob(pattern)):
            if not _is_json(path):
                yield Broken(path, "JupyterLab cannot read it")


def _is_json(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    try:
        json.loads(COMMENT.sub("", text))
    except ValueError:
        return _is_json5(text)
    return True


def _is_json5(text: str) -> bool:
    import json5  # rarely needed, and slow to import

    try:
        json5.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _git(home: Path) -> Iterator[Broken]:
    """Settings that git cannot read, on which the material would not be brought up to date."""
    for name in (".gitconfig", ".config/git/config"):
        path = home / name
        if not os.path.lexists(path):
            continue
        command = ["git", "config", "--file", str(path), "--list"]
        try:
            failed = subprocess.run(command, capture_output=True, check=False, timeout=GIT_SECONDS, cwd="/").returncode
        except (OSError, subprocess.TimeoutExpired):
            continue
        if failed:
            yield Broken(path, "git cannot read it")


def _set_aside(broken: Broken, home: Path, today: date) -> str:
    """Rename what is broken; the sentence that says so."""
    name, new = broken.path.relative_to(home), _aside_name(broken.path, today)
    try:
        broken.path.rename(new)
    except OSError as error:
        return (
            f"'{name}' cannot be used: {broken.why}. It could not be set aside ({error.strerror}), and is not used now."
        )
    return (
        f"'{name}' cannot be used: {broken.why}. It was set aside as '{new.relative_to(home)}'; nothing of it is lost."
    )


def _aside_name(path: Path, today: date) -> Path:
    first = path.with_name(f"{path.name}.set-aside-{today.isoformat()}")
    numbered = (first.with_name(f"{first.name}-{number}") for number in range(2, 1000))
    return next((one for one in (first, *numbered) if not os.path.lexists(one)), first)
