"""What was begun and not ended is known: a submission in grading, an upload whose sender has left."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from hub.adapters.blobs import Blobs
from hub.adapters.store import Store
from hub.adapters.work import Work
from hub.secrets import Secrets
from hub.services.service import application
from hub.services.state import State
from hub.services.under_way import UnderWay
from hub.settings import Settings

TOKEN = "of-the-grader"


def test_grading_that_did_not_end_is_still_under_way(tmp_path: Path) -> None:
    notes, others = UnderWay.of(tmp_path, "ps"), UnderWay.of(tmp_path, "other")
    assert notes.students() == set()
    for student in ("s1", "s2", "s2"):
        notes.begin(student)
    notes.end("s1")
    assert UnderWay.of(tmp_path, "ps").students() == {"s2"}
    assert others.students() == set()
    others.end("s2")


@dataclass(frozen=True)
class Running:
    """The service of a hub without a hub: only its own parts are known there."""

    port: int
    incoming: Path

    def kept_open(self) -> int:
        """How many files of bodies this process holds."""
        found = 0
        for path in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                found += str(self.incoming) in os.readlink(path)  # noqa: PTH115 (what was removed has no path)
        return found


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / "secrets").mkdir()
    for word in ("grader", "service"):
        (tmp_path / "secrets" / word).write_text(TOKEN, encoding="ascii")
    settings = Settings.model_validate({"data": tmp_path, "reserve": "1M", "courses": {"nn": {"title": "Networks"}}})
    store, blobs = Store.at(tmp_path), Blobs(tmp_path, settings.reserve)
    blobs.clean()
    work = Work(store, blobs, settings.submission_limit)
    state = State(tmp_path / "hub.yaml", settings, store, work, Secrets(tmp_path / "secrets"), "")
    socket, port = bind_unused_port()
    server = HTTPServer(application(state))
    server.add_sockets([socket])
    yield Running(port, tmp_path / "incoming")
    server.stop()
    await server.close_all_connections()
    store.engine.dispose()


async def test_sender_who_leaves_frees_what_was_kept_of_it_at_once(service: Running) -> None:
    begun = (
        "PUT /courses/api/assignments/nn/ps/release HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: token {TOKEN}\r\nContent-Length: 5000000\r\n\r\n"
    )
    gc.disable()  # it would close them too, some day
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(begun.encode() + bytes(3_000_000))
        await writer.drain()
        await until(lambda: service.kept_open() == 1)
        writer.close()
        await until(lambda: service.kept_open() == 0)
    finally:
        gc.enable()
    assert not list(service.incoming.iterdir())


async def until(seen: Callable[[], bool]) -> None:
    for _ in range(100):
        if seen():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it does not come")
