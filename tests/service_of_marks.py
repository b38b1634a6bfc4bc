"""The service's log of marks on a port of its own, with a real store, as formgrader and grader speak to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from campushub_client.service import Service
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from hub.adapters.mark_log import MarkLog
from hub.adapters.store import Store
from hub.secrets import Secrets
from hub.services.api_marks import Marks
from hub.services.service import NAME


@contextmanager
def running(folder: Path, ahead: timedelta = timedelta(0)) -> Iterator[tuple[Service, MarkLog]]:
    """The service as the grader sees it, and its log; its clock may be ahead of others."""
    (folder / "secrets").mkdir()
    secrets, log = Secrets(folder / "secrets"), MarkLog(Store.at(folder / "service"))
    (folder / "secrets" / "grader").write_text("g" * 64, encoding="ascii")
    state = SimpleNamespace(secrets=secrets, mark_log=log, now=lambda: datetime.now(UTC) + ahead)
    application = Application([(rf"/marks/{NAME}/{NAME}", Marks, {"state": state})])
    (socket,) = bind_sockets(0, "127.0.0.1")
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def serve() -> None:
        server = HTTPServer(application)
        server.add_sockets([socket])
        ready.set()
        await stop.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(10)
    try:
        yield Service(f"http://127.0.0.1:{socket.getsockname()[1]}", "g" * 64), log
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
        log.store.engine.dispose()
