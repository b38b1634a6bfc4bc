"""What a person's server is: its image and the versions in it, what it may use, and their own packages."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from campushub_client import packages, rescue

ASKED_FOR = Path(sys.prefix) / "etc" / "campushub" / "asked-for"  # one file for each image that this one is built on


def load(server: Any) -> None:
    """Add the addresses to a server."""
    base = server.web_app.settings["base_url"]
    for name, handler in (("about", About), ("remove-packages", RemovePackages)):
        server.web_app.add_handlers(".*$", [(url_path_join(base, "campushub", name), handler)])


def told() -> dict[str, Any]:
    """Image, limits (memory in bytes) and packages, for the page."""
    environment = os.environ.get(packages.WORD, "")
    return {
        "image": os.environ.get("CAMPUSHUB_IMAGE", ""),
        "content": os.environ.get("CAMPUSHUB_IMAGE_CONTENT", ""),
        "python": platform.python_version(),
        "packages": [{"name": name, "version": found} for name in _asked_for() if (found := _version(name))],
        "cpu": float(os.environ.get("CPU_LIMIT") or 0),
        "memory": int(os.environ.get("MEM_LIMIT") or 0),
        "own": packages.own(packages.place(Path.home())),
        "own_used": bool(environment),
        "rescue": rescue.is_on(),
    }


def _asked_for() -> list[str]:
    lists = [path.read_text(encoding="utf-8").split() for path in sorted(ASKED_FOR.glob("*"))]
    return sorted({name for names in lists for name in names}, key=str.lower)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


class About(APIHandler):  # type: ignore[misc]  # Jupyter's class has no types
    @authenticated
    async def get(self) -> None:
        self.finish(json.dumps(await asyncio.to_thread(told)))


class RemovePackages(APIHandler):  # type: ignore[misc]  # Jupyter's class has no types
    """Puts the notebooks' packages back to the image's."""

    @authenticated
    async def post(self) -> None:
        try:
            await asyncio.to_thread(packages.remove, packages.place(Path.home()))
        except OSError as trouble:
            self.set_status(409)
            self.finish(json.dumps({"message": f"Not every package could be removed ({trouble})."}))
            return
        self.finish(json.dumps(await asyncio.to_thread(told)))
