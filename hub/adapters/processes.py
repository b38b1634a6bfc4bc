"""Processes of this machine as /proc tells of them: which container one belongs to, its cgroup, its processor time.

A process that ends while it is asked about is one of which nothing is known. Sees every process only where it is run in the
machine's own PID namespace (pid_namespaces(7)).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

# A container's id in the path of its cgroup, as Docker, containerd, CRI-O, Podman and Kubernetes write it, with systemd or without.
CONTAINER = re.compile(r"(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:/|$)")
CGROUPS = Path("/sys/fs/cgroup")
BEHIND_NAME = 2  # the fields of /proc/PID/stat before the state: the pid, and a name that may hold anything
USER, SYSTEM = 14 - 1 - BEHIND_NAME, 15 - 1 - BEHIND_NAME  # utime and stime, proc_pid_stat(5)


@dataclass(frozen=True)
class Processes:
    """The processes below a folder like /proc."""

    folder: Path = Path("/proc")

    def container(self, pid: int) -> str | None:
        """The id of the container that a process belongs to; none for one of the machine itself."""
        return container_in(self._read(pid, "cgroup"))

    def cgroup(self, pid: int) -> Path | None:
        """The leaf of the cgroup v2 tree that a process is in; none where the machine has no such tree for it."""
        leaf = leaf_in(self._read(pid, "cgroup"))
        return leaf and CGROUPS / leaf

    def seconds(self, pid: int) -> float | None:
        """Processor time that a process has had since its start, in seconds of one core."""
        fields = self._read(pid, "stat").rpartition(")")[2].split()
        return (int(fields[USER]) + int(fields[SYSTEM])) / os.sysconf("SC_CLK_TCK") if fields else None

    def _read(self, pid: int, name: str) -> str:
        try:
            return (self.folder / str(pid) / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


def container_in(cgroups: str) -> str | None:
    """The id of a container in what /proc/PID/cgroup says (cgroups(7)); of containers in each other, the outermost."""
    return next((found[1] for line in cgroups.splitlines() if (found := CONTAINER.search(line))), None)


def leaf_in(cgroups: str) -> Path | None:
    """The path of the cgroup v2 below its root; none without one, or at the root itself."""
    paths = (line.removeprefix("0::/") for line in cgroups.splitlines() if line.startswith("0::/"))
    return next((Path(path) for path in paths if path), None)
