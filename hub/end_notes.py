"""Notes how a server ended, for its person: what Docker says, who asked, the last lines; told to the service.

A part of the spawner. JupyterHub stops a server without a word of who asked, so the API's own handler leaves it here.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from docker.errors import APIError
from dockerspawner import DockerSpawner
from jupyterhub.apihandlers.users import UserServerAPIHandler

from hub import ends
from hub.coming_up import until_up
from hub.secrets import Secrets
from hub.service_client import ServiceSilent, ask

TRIES, PAUSE_SECONDS = 3, 1.0  # the service may be starting at the same time as the hub


class NotesEnds(DockerSpawner):  # type: ignore[misc]  # DockerSpawner has no types
    """A spawner that tells the service how each of its servers ended."""

    asked_by: ends.Asked | None = None  # who has asked the hub to stop it
    object_id: str  # DockerSpawner's: the id of the container; empty when there is none
    came_up = True  # whether it answered; a hub that was restarted finds servers that did
    stopping = False

    async def start(self) -> Any:
        """Start the server and wait until it answers; raises NotStarted when it ends instead."""
        address = await super().start()
        await until_up(*address, runs=self._runs)
        self.came_up = True
        return address

    async def start_object(self) -> None:
        self.asked_by, self.came_up = None, False
        await super().start_object()

    async def _runs(self) -> bool:
        found = await self.get_object()
        return bool(found and found["State"]["Running"])

    async def stop(self, now: bool = False) -> None:
        self.stopping = True
        try:
            await super().stop(now)
        finally:
            self.stopping = False

    async def poll(self) -> Any:
        was_there = bool(self.object_id)
        status = await super().poll()
        if status is not None and was_there:
            if self.object_id:
                await self.remove_object()
                self.object_id = ""
            else:
                await self._note({}, [])
        return status

    async def remove_object(self) -> None:
        """Note how the server ended, then remove its container: a stopped one would resume with old devices."""
        try:
            found = await self.docker("inspect_container", self.container_id)
            said = await self.docker("logs", self.container_id, tail=ends.LOOKED_THROUGH)
        except APIError as trouble:
            self.log.warning("end not seen: user=%s server=%s %s", self.user.name, self.name, trouble)
        else:
            await self._note(found["State"], said.decode(errors="replace").splitlines())
        await super().remove_object()

    async def _note(self, state: dict[str, Any], said: list[str]) -> None:
        asked = self.asked_by if self.stopping else None
        started = self.orm_spawner.started if self.orm_spawner else None
        told = {
            "person": self.user.name,
            "server": self.name,
            "reason": ends.reason(state, asked=asked, came_up=self.came_up),
            "exit_code": state.get("ExitCode"),
            "log": ends.readable(said, [self.api_token]),
            "at": ends.ended_at(state, datetime.now(UTC)).isoformat(),
            "started": started.replace(tzinfo=UTC).isoformat() if started else None,
        }
        self.log.info("server ended: user=%s server=%s reason=%s", self.user.name, self.name, told["reason"])
        await self._tell(told)

    async def _tell(self, told: dict[str, Any]) -> None:
        token = Secrets(self.settings().folders.secrets).read("hub")
        for left in reversed(range(TRIES)):
            try:
                await ask(f"{self.service}/servers/ended", token, told)
                return
            except ServiceSilent as silent:
                if not left:
                    self.log.warning("end not noted: user=%s server=%s %s", self.user.name, self.name, silent)
            await asyncio.sleep(PAUSE_SECONDS)


class NotesWhoAsked(UserServerAPIHandler):  # type: ignore[misc]  # JupyterHub's class has no types
    """JupyterHub's own handler of a server, which leaves with the spawner who asked to stop it."""

    async def delete(self, user_name: str, server_name: str = "") -> None:
        user = self.find_user(user_name)
        spawner = user.spawners.get(server_name) if user else None
        if spawner is None or spawner.pending == "stop":
            await super().delete(user_name, server_name)
            return
        told = self.get_argument("asked", "")
        before, spawner.asked_by = spawner.asked_by, asked_by(self.current_user, user_name, told)
        try:
            await super().delete(user_name, server_name)
        except Exception:
            spawner.asked_by = before
            raise


def asked_by(who: Any, person: str, told: str = "") -> ends.Asked:
    """Who a request to stop somebody's server comes from; the service says in whose name it passes one on."""
    name, kind = getattr(who, "name", ""), getattr(who, "kind", "")
    if kind == "service" and name == "culler":
        return ends.Asked.CULLER
    if (kind, name) == ("service", "courses") and told in list(ends.Asked):
        return ends.Asked(told)
    return ends.Asked.PERSON if (kind, name) == ("user", person) else ends.Asked.ADMINISTRATOR


def handlers() -> list[tuple[str, Any]]:
    """What an authenticator's `get_handlers` puts before JupyterHub's own handlers of the same addresses."""
    return [
        (r"/api/users/([^/]+)/server", NotesWhoAsked),
        (r"/api/users/([^/]+)/servers/([^/]*)", NotesWhoAsked),
    ]
