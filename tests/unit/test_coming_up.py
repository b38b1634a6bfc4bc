"""When a started server is seen to listen, or to have ended: real sockets."""

from __future__ import annotations

import asyncio
import time

import pytest

from hub.coming_up import NotStarted, until_up
from tests.instance import free_port


async def runs() -> bool:
    return True


async def has_ended() -> bool:
    return False


async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_server_that_listens_later_is_seen_long_before_jupyterhub_would_look_again() -> None:
    place = ("127.0.0.1", free_port())
    looking = asyncio.create_task(until_up(*place, runs=runs))
    await asyncio.sleep(0.3)
    assert not looking.done()
    server = await asyncio.start_server(greet, *place)
    began = time.monotonic()
    await looking
    assert time.monotonic() - began < 1, "JupyterHub's own look comes up to 5 seconds later"
    server.close()


async def test_server_that_has_ended_is_waited_for_no_longer() -> None:
    with pytest.raises(NotStarted, match="ended while they were being opened"):
        await asyncio.wait_for(until_up("127.0.0.1", free_port(), runs=has_ended), timeout=20)
