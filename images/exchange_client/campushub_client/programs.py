"""Whether programs in a server compute without a notebook: a training run in a terminal, with the browser closed.

What counts is processor time, as /proc tells it (proc_pid_stat(5)); the notebook server's own does not count.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

LOOK_EVERY = 30.0  # seconds over which processor time is counted
SHARE = 0.1  # of a core, for one program: what waits, or draws a prompt, takes less
STAT_BEHIND_NAME = (
    11  # utime's place behind the name, which may hold anything; stime follows, and both of children that ended
)


def spent(folder: Path = Path("/proc")) -> dict[int, float]:
    """Processor time of every process and its children that have ended, in seconds of one core, but for this one."""
    found: dict[int, float] = {}
    for entry in folder.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            ticks = sum(int(value) for value in fields[STAT_BEHIND_NAME : STAT_BEHIND_NAME + 4])
            found[int(entry.name)] = ticks / os.sysconf("SC_CLK_TCK")
    return found


class Programs:
    """Looks again and again; `now` is in seconds of any clock that goes forward."""

    def __init__(self, spent: Callable[[], Mapping[int, float]] = spent) -> None:
        self.spent, self.before, self.at, self.found = spent, dict[int, float](), float("-inf"), False

    def compute(self, now: float) -> bool:
        """Whether one of them has computed, the last time that it could be told."""
        if now - self.at >= LOOK_EVERY:
            fresh = dict(self.spent())
            least = SHARE * (now - self.at)
            self.found = any(seconds - self.before.get(pid, 0) >= least for pid, seconds in fresh.items())
            self.before, self.at = fresh, now
        return self.found
