"""How much of its memory a container uses: at all of it, Linux ends the largest program, which is somebody's notebook.

Read from the control group, of version 2 or 1, as Docker counts it: what can be given back at once does not count.
"""

from __future__ import annotations

from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
VERSIONS = (  # limit, use, and what of it is only kept because nobody needs the room
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)
NO_LIMIT = 1 << 60  # bytes


def used_share(cgroup: Path = CGROUP) -> float | None:
    """From 0 to 1; none where there is no limit, or it cannot be read."""
    for limit, used, statistics, kept in VERSIONS:
        try:
            most = int((cgroup / limit).read_text(encoding="ascii"))
            now = int((cgroup / used).read_text(encoding="ascii"))
            lines = (line.split() for line in (cgroup / statistics).read_text(encoding="ascii").splitlines())
            spare = next(int(value) for name, value in lines if name == kept)
        except (OSError, ValueError, StopIteration):
            continue
        return None if most >= NO_LIMIT else max(0.0, (now - spare) / most)
    return None
