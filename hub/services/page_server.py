"""The page of a person's notebook server: whether it is open, why it ended, its last lines; close it, open it again.

Who reloads a notebook whose server has ended is led here by the hub's page, JupyterLab by its own message.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from tornado.web import HTTPError

from hub import ends
from hub.services import views
from hub.services.page import Page
from hub.services.pages import sign_in
from hub.services.state import PREFIX, State

STOP_SECONDS, LOOK_SECONDS = 30, 0.3


@dataclass(frozen=True)
class Shown:
    """What the page shows of one server; `why` is empty when there is nothing to explain."""

    name: str
    title: str
    state: str  # open, changing or closed
    grades: bool
    lent: bool  # whether it has a GPU
    why: str
    advice: str
    at: datetime | None
    log: tuple[str, ...]
    open_url: str
    rescue_url: str


class Server(Page):
    async def get(self, course: str) -> None:
        name = self._name(course)
        shown = self._shown(course, name, await self._state(name))
        if "application/json" in self.request.headers.get("Accept", ""):
            at = shown.at.isoformat() if shown.at else None
            self.finish({"state": shown.state, "why": shown.why, "advice": shown.advice, "at": at})
        else:
            self.show("server.html", server=shown, course=course)

    async def post(self, course: str) -> None:
        """Close the server, and open it again when that is wanted."""
        name, then = self._name(course), self.get_argument("then")
        if then not in ("close", "open", "rescue"):
            raise HTTPError(400, reason="This page cannot do that.")
        await self._close(name)
        shown = self._shown(course, name, "closed")
        closed = f"{PREFIX}{course}/server?{urlencode({'name': name})}"
        self.redirect({"close": closed, "open": shown.open_url, "rescue": shown.rescue_url}[then])

    def _name(self, course: str) -> str:
        """The server that is meant: the one for work, or the one for grading."""
        name = self.get_argument("name", course)
        if name not in (course, f"gpu-{course}", f"grade-{course}"):
            raise HTTPError(404, reason=f"This course has no server '{name}'.")
        self.need("look" if name == f"grade-{course}" else "work", course)
        return name

    async def _state(self, name: str) -> str:
        return await self.state.server_state(self.person.name, name)

    async def _close(self, name: str) -> None:
        """Have the hub stop the server; raises HTTPError when it still runs after a while."""
        until = asyncio.get_running_loop().time() + STOP_SECONDS
        if await self._state(name) == "open":
            await self.state.end_server(self.person.name, name, asked=ends.Asked.PERSON)
        while await self._state(name) != "closed":
            if asyncio.get_running_loop().time() > until:
                raise HTTPError(409, reason="Your notebooks are still being closed. Wait a minute and try again.")
            await asyncio.sleep(LOOK_SECONDS)

    def _shown(self, course: str, name: str, state: str) -> Shown:
        end = self.state.store.last_end(self.person.name, name) if state == "closed" else None
        why, advice = ends.REASONS.get(end["reason"], ("", "")) if end else ("", "")
        user = quote(self.person.name)
        spawn, back = f"/hub/spawn/{user}/{name}", self.get_argument("next", "")
        # Back to the notebook that was open, and nowhere else.
        own = back.removeprefix("/hub").startswith(f"/user/{user}/{name}/")
        again = f"{spawn}?{urlencode({'next': back})}" if own else spawn
        return Shown(
            name=name,
            title=views.title(self.state, course),
            state=state,
            grades=name == f"grade-{course}",
            lent=name == f"gpu-{course}",
            why=why,
            advice=advice,
            at=end["at"] if end else None,
            log=tuple(end["log"]) if end and why else (),
            open_url=f"/user/{user}/{name}/" if state == "open" else again,
            rescue_url=f"{spawn}?opt-rescue=1",
        )


def handlers(state: State) -> list[Any]:
    """The page's address, for every course."""
    return [(rf"{PREFIX}([a-z][a-z0-9-]*)/server", Server, {"state": state, "hub_auth": sign_in(state)})]
