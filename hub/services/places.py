"""How many sandboxes run at the same time, and that a long one holds nobody up.

One that takes longer than others usually do (a training, an endless loop) steps aside: it goes on with what nobody else wants, and
its place goes to the next. As many may stand aside as there are places, since each of them holds its memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PATIENCE_SECONDS = 3.0


class Places:
    """The places of one machine, for one event loop."""

    def __init__(self, count: int) -> None:
        self.free, self.aside = asyncio.Semaphore(count), asyncio.Semaphore(count)
        self.waiting = 0

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for a place."""
        return self.waiting > 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Place]:
        """A place, as soon as there is one; first come, first served."""
        self.waiting += 1
        try:
            await self.free.acquire()
        finally:
            self.waiting -= 1
        place = Place(self)
        try:
            yield place
        finally:
            place.held.release()


class Place:
    """One that is taken."""

    def __init__(self, places: Places) -> None:
        self.places, self.held = places, places.free

    async def step_aside(self) -> bool:
        """Leave the place to the next, if there is room aside; whether there was."""
        if self.places.aside.locked():
            return False
        await self.places.aside.acquire()  # at once, since it is not locked
        self.held.release()
        self.held = self.places.aside
        return True
