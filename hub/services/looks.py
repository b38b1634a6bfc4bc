"""What the notebooks of each course's material fetch, looked up once for each commit: in memory only."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hub import course_downloads
from hub.course_downloads import Look
from hub.settings import Settings


@dataclass
class Looks:
    """The last look at each course's material, by the commit that it was at."""

    kept: dict[str, tuple[str, Look]] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # one at a time: it takes the processor

    async def at_material(self, settings: Settings, course: str) -> tuple[str, Look]:
        """The commit that students get now, empty when there is none, and what its notebooks fetch."""
        async with self.turn:
            now = await asyncio.to_thread(course_downloads.commit, settings, course)
            known = self.kept.get(course)
            if known is None or known[0] != now:
                look = await asyncio.to_thread(course_downloads.look_at_material, settings, course, now)
                known = self.kept[course] = now, look
            return known
