"""What every open page of a server is told, and tells: is somebody there, when the server ends, what rescue mode found.

These questions do not count as use of the server.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from campushub_client import ending, idle, memory, rescue

SETTING = "campushub_watch"


def load(server: Any) -> None:
    """Add the session's addresses to a server, and watch whether it is used."""
    ending.load(server)
    base = server.web_app.settings["base_url"]
    routes = [("session", Session), ("here", Here), ("rescue", Rescue)]
    server.web_app.add_handlers(".*$", [(url_path_join(base, "campushub", name), handler) for name, handler in routes])
    rule = idle.Rule.from_environment()
    if rule is not None:
        watch = server.web_app.settings[SETTING] = idle.Watch(server, rule)
        server.io_loop.add_callback(watch.run)


class Quiet(APIHandler):  # type: ignore[misc]  # Jupyter's class has no types
    """A request that is not counted as use of the server."""

    _track_activity = False  # Jupyter would take every question of an open page for use

    def tell(self) -> None:
        watch = self.settings.get(SETTING)
        told: dict[str, Any] = {"course": os.environ.get("CAMPUSHUB_COURSE", ""), "rescue": rescue.told()}
        told["server"] = os.environ.get("JUPYTERHUB_SERVER_NAME", "")
        told["python_dies"] = bool(watch and watch.deaths.seen)
        told["memory"] = memory.used_share()
        told["use"] = watch.told() if watch else None
        self.finish(json.dumps(told))


class Session(Quiet):
    @authenticated
    async def get(self) -> None:
        self.tell()


class Here(Quiet):
    """Somebody is there: they have moved, typed, or said so."""

    @authenticated
    async def post(self) -> None:
        watch = self.settings.get(SETTING)
        if watch:
            watch.used()
        self.tell()


class Rescue(Quiet):
    """What takes the room of a home, and the deletion of one of those, in rescue mode only."""

    @authenticated
    async def get(self) -> None:
        self._need_rescue()
        self.finish(json.dumps(await rescue.state(Path.home())))

    @authenticated
    async def post(self) -> None:
        self._need_rescue()
        name = str((self.get_json_body() or {}).get("path", ""))
        try:
            await asyncio.to_thread(rescue.delete, Path.home(), name)
        except OSError as trouble:
            self.set_status(409)
            self.finish(json.dumps({"message": f"'{name}' could not be deleted ({trouble})."}))
            return
        self.finish(json.dumps(await rescue.state(Path.home())))

    def _need_rescue(self) -> None:
        if not rescue.is_on():
            raise HTTPError(404, reason="This server is not in rescue mode.")
