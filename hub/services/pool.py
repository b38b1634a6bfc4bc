"""Sandboxes that are up before there is a submission, so that nobody waits for Python to start.

Each takes one submission and is gone. They are kept for images that were graded with lately.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.adapters.sandboxes import Contents, Made, Sandboxes, SandboxFailed
from hub.grading import READY_SECONDS
from hub.settings import Sandbox

log = logging.getLogger("campushub.worker")

Kind = tuple[Contents, Sandbox, str]  # what is inside, what its submission may use, and its role
KINDS = (
    2  # so many of the same contents and role wait: two assignments that are graded at once do not take each other's
)


@dataclass
class Pool:
    """The sandboxes that wait. Used in one event loop; what Docker does, it does in threads."""

    sandboxes: Sandboxes
    clock: Callable[[], float] = time.monotonic
    waiting: dict[Kind, deque[Made]] = field(default_factory=lambda: defaultdict(deque))
    used: dict[Kind, float] = field(default_factory=dict)
    making: Counter[Kind] = field(default_factory=Counter)

    async def take(self, contents: Contents, limits: Sandbox, role: str = "student") -> Made:
        """One that waits, or a new one. Raises SandboxFailed."""
        kind = (contents, limits, role)
        self.used[kind] = self.clock()
        while self.waiting[kind]:
            made = self.waiting[kind].popleft()
            if await asyncio.to_thread(self.sandboxes.lives, made):
                return made
            await asyncio.to_thread(self.sandboxes.remove, made)
        return await asyncio.to_thread(self.sandboxes.make, *kind)

    async def refill(self, contents: Contents, limits: Sandbox, role: str = "student") -> None:
        """Make as many as are to wait; a failure is logged, since the next submission will meet it and say so.

        Of the same contents and role the last kinds wait that were used: assignments with limits of their own do not add up.
        """
        kind = (contents, limits, role)
        others = [
            one for one in self.waiting if (one[0], one[2]) == (contents, role) and one != kind and self.waiting[one]
        ]
        others.sort(key=lambda one: self.used.get(one, 0.0), reverse=True)
        for other in others[KINDS - 1 :]:
            while self.waiting[other]:
                await asyncio.to_thread(self.sandboxes.remove, self.waiting[other].popleft())
        while len(self.waiting[kind]) + self.making[kind] < limits.ready:
            self.making[kind] += 1
            try:
                made = await asyncio.to_thread(self.sandboxes.make, *kind)
                self.waiting[kind].append(made)
            except SandboxFailed as failed:
                log.warning("no sandbox is kept ready: %s", failed)
                return
            finally:
                self.making[kind] -= 1

    async def expire(self) -> None:
        """Remove those of contents that nothing was graded with for a while."""
        for kind, at in list(self.used.items()):
            if self.clock() - at > READY_SECONDS:
                del self.used[kind]
                for made in self.waiting.pop(kind, ()):
                    await asyncio.to_thread(self.sandboxes.remove, made)
