"""When a started server answers, seen at once: JupyterHub itself looks at growing, random intervals of up to 5 seconds.

A server listens only when everything in it is loaded, so that JupyterHub's own look afterwards succeeds the first time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

EVERY_SECONDS = 0.1
LOOKS_PER_QUESTION = 20  # every two seconds it is asked whether the server still runs
LONGEST_SECONDS = 60  # then JupyterHub goes on waiting in its own way


async def until_listening(address: str, port: int, poll: Callable[[], Awaitable[object]]) -> bool:
    """Return as soon as a server listens there; false when it has ended or time is over.

    `poll` is a spawner's: none while the server runs.
    """
    loop = asyncio.get_running_loop()
    until, looks = loop.time() + LONGEST_SECONDS, 0
    while loop.time() < until:
        if await _listens(address, port):
            return True
        looks += 1
        if looks % LOOKS_PER_QUESTION == 0 and await poll() is not None:
            return False
        await asyncio.sleep(EVERY_SECONDS)
    return False


async def _listens(address: str, port: int) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), timeout=1)
    except OSError:  # a time-out is one too
        return False
    writer.close()
    return True
