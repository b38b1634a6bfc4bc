"""A program in a root of its own: it takes this process's place, and sees of the machine what is shared with it.

Run behind `unshare --mount`, so that its mounts are nobody else's and go when it ends. The root is exchanged by pivot_root:
behind a chroot, `docker exec` would land in the machine's root (runc #1499).

    unshare --mount --propagation slave python own_root.py '{"root": …, "shared": […], "read_only": […]}' PROGRAM WORD…
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
MNT_DETACH = 2  # linux/mount.h
OLD = "old-root"

libc = ctypes.CDLL(None, use_errno=True)


def main(places: str, *program: str) -> None:
    given = json.loads(places)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # it does not outlive who started it
    furnish(Path(given["root"]), shared=given["shared"], read_only=given["read_only"])
    enter(Path(given["root"]))
    os.execv(program[0], program)


def furnish(root: Path, *, shared: Iterable[str], read_only: Iterable[str]) -> None:
    """Mount into the root what a Docker needs of the machine, and folders at the places where the machine has them."""
    mount("--bind", str(root), str(root))
    mount("-t", "proc", "proc", str(root / "proc"))
    mount("-t", "sysfs", "sysfs", str(root / "sys"))  # a new one: it shows the devices of this network namespace
    for tree in ("dev", "sys/fs/cgroup"):
        mount("--rbind", f"/{tree}", str(root / tree))
    for place in (*shared, *read_only):
        inside = root / place.lstrip("/")
        inside.mkdir(parents=True, exist_ok=True)
        mount("--bind", place, str(inside))
        if place in read_only:
            mount("-o", "remount,bind,ro", str(inside))


def enter(root: Path) -> None:
    """Exchange the root of this process's mount namespace, and let go of the old one."""
    old = root / OLD
    old.mkdir(exist_ok=True)
    os.chdir(root)
    subprocess.run(["pivot_root", ".", OLD], check=True)
    os.chdir("/")
    if libc.umount2(f"/{OLD}".encode(), MNT_DETACH):
        raise OSError(ctypes.get_errno(), "the machine's root could not be let go of")


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
