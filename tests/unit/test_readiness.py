"""When a started server is seen to listen: real sockets."""

from __future__ import annotations

import asyncio
import time

from hub.readiness import LONGEST_SECONDS, once_listening
from tests.instance import free_port


async def runs() -> None:
    return None


async def has_ended() -> int:
    return 1


async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_server_that_listens_later_is_seen_long_before_jupyterhub_would_look_again() -> None:
    place = ("127.0.0.1", free_port())
    looking = asyncio.create_task(once_listening(place, runs))
    await asyncio.sleep(0.3)
    assert not looking.done()
    server = await asyncio.start_server(greet, *place)
    began = time.monotonic()
    assert await looking == place
    assert time.monotonic() - began < 1, "JupyterHub's own look comes up to 5 seconds later"
    server.close()


async def test_server_that_has_ended_is_waited_for_no_longer() -> None:
    place = ("127.0.0.1", free_port())
    assert await asyncio.wait_for(once_listening(place, has_ended), timeout=LONGEST_SECONDS / 3) == place
