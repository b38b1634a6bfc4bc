"""How this server's person stands with the GPUs, as the service tells it, and what they do about it from their notebooks.

An offer is claimed on the course's page, which also starts the server. Looking does not count as use of the server.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from campushub_client.panel import Panel
from campushub_client.service import Service

WORD = "CAMPUSHUB_GPUS"  # in the environment where the hub lends any


def load(server: Any) -> None:
    """Add the addresses to a server; none where there are no GPUs, by which a page knows it."""
    if not os.environ.get(WORD):
        return
    base = server.web_app.settings["base_url"]
    routes = [("gpu", Standing), ("gpu/renew", Renewal), ("gpu/return", Return)]
    server.web_app.add_handlers(".*$", [(url_path_join(base, "campushub", name), handler) for name, handler in routes])


def standing() -> dict[str, Any]:
    return _at(Service.from_environment().gpu())


def renew() -> dict[str, Any]:
    return _at(Service.from_environment().renew_gpu())


def give_back() -> dict[str, Any]:
    Service.from_environment().return_gpu()
    return {}


def _at(told: dict[str, Any]) -> dict[str, Any]:
    """With the time by the hub's machine: a person's computer may be minutes off."""
    return {**told, "now": datetime.now(UTC).isoformat()}


class Standing(Panel):
    _track_activity = False

    @authenticated
    async def get(self) -> None:
        await self.told(standing)


class Renewal(Panel):
    @authenticated
    async def post(self) -> None:
        await self.told(renew)


class Return(Panel):
    @authenticated
    async def post(self) -> None:
        await self.told(give_back)
