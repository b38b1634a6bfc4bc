"""Whether Python starts in a home as its notebooks start it, and what keeps it from that.

Tried only where a home has something of its own that Python runs at its start; most have not. Run as a program, this
starts a kernel up to the point where it would listen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from campushub_client import packages
from campushub_client.home import Broken

SOUND = 42  # the exit code of a kernel that came up; a start-up file may end it with any other, 0 included
SECONDS = 30
WHY = "Python does not start with it"


def python_trouble(home: Path, environment: Path) -> list[Broken]:
    """What of a home keeps Python from starting; empty when it starts, or when it is not the home's fault.

    `environment` is the one of the person's own packages.
    """
    suspects, mark = list(_suspects(home, environment)), _fingerprint(home, environment)
    using = packages.variables(environment)
    stamp = home / ".cache" / "campushub-python"
    if not suspects or _read(stamp) == mark or _starts(using):
        if suspects:
            _write(stamp, mark)
        return []
    without = dict(using)
    for number, (_, environment) in enumerate(suspects, start=1):
        without.update(environment)
        if _starts(without):
            return [Broken(path, WHY) for path, _ in suspects[:number]]
    return []


def _suspects(home: Path, environment: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """What Python runs at its start, with the variables that leave it out."""
    if any(_start_files(home)):
        yield home / ".ipython", {"IPYTHONDIR": "/tmp/campushub-trial"}
    if packages.is_used(environment):
        yield environment, {packages.WORD: ""}


def _start_files(home: Path) -> Iterator[Path]:
    profile = home / ".ipython" / "profile_default"
    for pattern in ("startup/*.py", "startup/*.ipy", "ipython*config.py", "ipython*config.json"):
        yield from sorted(profile.glob(pattern))


def _fingerprint(home: Path, environment: Path) -> str:
    files = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in _start_files(home) if path.exists()]
    site = packages.site(environment)
    return json.dumps([sys.version, files, str(site), site.stat().st_mtime_ns if site.exists() else 0])


def _starts(environment: dict[str, str]) -> bool:
    command = ["notebook-python", "-P", "-m", "campushub_client.trial"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        done = subprocess.run(
            command, env={**os.environ, **environment}, check=False, timeout=SECONDS, cwd="/", **quiet
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == SOUND


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _write(stamp: Path, mark: str) -> None:
    try:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(mark, encoding="utf-8")
    except OSError:
        return  # then it is tried again the next time


def _come_up() -> None:
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.instance().initialize([])
    os._exit(SOUND)


if __name__ == "__main__":
    _come_up()
