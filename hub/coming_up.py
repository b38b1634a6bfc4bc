"""The first seconds of a server: wait until it listens, and see at once when it ended instead.

JupyterHub alone looks at growing, random intervals of up to 5 seconds, and would wait its whole patience for a server that
is not there any more. A server listens only when everything in it is loaded, so that JupyterHub's own look afterwards
succeeds the first time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tornado.web import HTTPError

LOOK_SECONDS, ASK_DOCKER_EVERY = 0.1, 10
DIED = (
    "Your notebooks ended while they were being opened. Your files are safe. Try again: they are then opened in rescue "
    "mode, which says what is in the way."
)


class NotStarted(HTTPError):
    """A server that is not started, with the sentence its person reads: JupyterHub shows an HTTPError's, no other."""

    def __init__(self, sentence: str) -> None:
        super().__init__(403, sentence)
        self.jupyterhub_message = sentence


async def until_up(ip: str, port: int, *, runs: Callable[[], Awaitable[bool]]) -> None:
    """Return when something listens there; raises NotStarted as soon as the container does not run any more."""
    looks = 0
    while not await _listens(ip, port):
        looks += 1
        if looks % ASK_DOCKER_EVERY == 0 and not await runs():
            raise NotStarted(DIED)
        await asyncio.sleep(LOOK_SECONDS)


async def _listens(ip: str, port: int) -> bool:
    with suppress(OSError, TimeoutError):
        _, writer = await asyncio.wait_for(asyncio.open_connection(ip, port), timeout=1)
        writer.close()
        return True
    return False
