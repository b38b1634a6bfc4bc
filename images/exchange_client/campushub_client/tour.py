"""The first tour as JupyterLab asks for it: where it is, whether to speak of it, the tutorials put back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from campushub_client import rescue, tutorials


def load(server: Any) -> None:
    """Add the addresses to a server; none in rescue mode, where a page knows by it that there is no tour."""
    if rescue.is_on():
        return
    base = server.web_app.settings["base_url"]
    routes = [("tour", Tour), ("tour/told", Told), ("tour/restore", Restore)]
    server.web_app.add_handlers(".*$", [(url_path_join(base, "campushub", name), handler) for name, handler in routes])


class Asked(APIHandler):  # type: ignore[misc]  # Jupyter's class has no types
    """One question or wish about the tutorials: JSON out."""

    _track_activity = False  # a page asks by itself

    async def tell(self, **more: Any) -> None:
        home = Path.home()
        path = Path(tutorials.PLACE) / tutorials.FIRST
        told = {"path": str(path), "there": (home / path).is_file(), "news": tutorials.is_news(home)}
        self.finish(json.dumps({**told, **more}))


class Tour(Asked):
    @authenticated
    async def get(self) -> None:
        await self.tell()


class Told(Asked):
    """The page has told its person of the tour."""

    @authenticated
    async def post(self) -> None:
        try:
            await asyncio.to_thread(tutorials.tell, Path.home())
        except OSError as trouble:
            self.log.warning("campushub: that the tour was offered could not be noted: %s", trouble)
        await self.tell()


class Restore(Asked):
    """What is missing of the tutorials is put back."""

    @authenticated
    async def post(self) -> None:
        try:
            back = await asyncio.to_thread(tutorials.restore, Path.home())
        except OSError as trouble:
            self.set_status(409)
            why = trouble.strerror or str(trouble)
            place = f"Look whether '{tutorials.PLACE}' is a folder that you can write to, and whether there is room."
            self.finish(json.dumps({"message": f"The tutorials could not be put into your home ({why}). {place}"}))
            return
        await self.tell(back=back)
