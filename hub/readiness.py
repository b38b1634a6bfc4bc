"""When a started server answers, seen at once: JupyterHub itself looks at growing, random intervals of up to 5 seconds.

A server listens only when everything in it is loaded, so that JupyterHub's own look afterwards succeeds the first time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

EVERY_SECONDS = 0.1
LOOKS_PER_QUESTION = 20  # every two seconds it is asked whether the server still runs
LONGEST_SECONDS = 60  # then JupyterHub goes on waiting in its own way


async def once_listening(place: tuple[str, int], poll: Callable[[], Awaitable[object]]) -> tuple[str, int]:
    """A server's address and port as soon as it listens there, has ended, or time is over.

    `poll` is a spawner's: none while the server runs.
    """
    loop = asyncio.get_running_loop()
    until, looks = loop.time() + LONGEST_SECONDS, 0
    while loop.time() < until and not await _listens(*place):
        looks += 1
        if looks % LOOKS_PER_QUESTION == 0 and await poll() is not None:
            break
        await asyncio.sleep(EVERY_SECONDS)
    return place


async def _listens(address: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), timeout=1)
    except OSError:  # a time-out is one too
        return False
    writer.close()
    return True
