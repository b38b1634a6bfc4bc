"""GPUs for machines: what a server, the hub, the agent and the command ask and tell."""

from __future__ import annotations

from typing import Any

from tornado.web import HTTPError

from hub.gpu_seen import Seen
from hub.services import gpu_view, gpus
from hub.services.api import Api
from hub.services.gpu_inventory import inventory


class Mine(Api):
    """How the person of a server stands with GPUs: the status in their JupyterLab."""

    async def get(self) -> None:
        await tell(self)


class Renew(Api):
    async def post(self) -> None:
        person, _ = await self._recognised()
        gpus.leases(self.state).renew(person.name, self.state.now())
        await tell(self)


class Return(Api):
    """Hand the GPU back; its server ends."""

    async def post(self) -> None:
        person, _ = await self._recognised()
        await gpus.hand_back(self.state, person.name)
        self.set_status(204)


class Take(Api):
    """A slot for a server that starts, for the hub; or the sentence that its person reads."""

    def post(self) -> None:
        self.need("hub")
        asked = self.body()
        self.answer(gpus.take(self.state, str(asked["person"]), str(asked["course"])))


class Started(Api):
    """A server with a GPU is up; the answer says whether its lease is there still."""

    def post(self) -> None:
        self.need("hub")
        self.answer({"lent": gpus.leases(self.state).started(str(self.body()["person"]), self.state.now())})


class NotStarted(Api):
    """A start that took a slot, or would have, came to nothing."""

    def post(self) -> None:
        self.need("hub")
        asked = self.body()
        gpus.not_started(self.state, str(asked["person"]), str(asked["server"]))
        self.set_status(204)


class Sighted(Api):
    """What the agent sees; the answer says which memory limits it is to set."""

    def post(self) -> None:
        self.need("agent")
        try:
            seen = Seen.of(self.body())
        except (KeyError, TypeError, AttributeError):
            raise HTTPError(400, reason="This is not what an agent sees.") from None
        self.answer({"limits": gpus.saw(self.state, seen)})


class Inventory(Api):
    """Slots, leases and the queue, for the command."""

    def get(self) -> None:
        self.need("command")
        self.answer(inventory(self.state))


async def tell(asked: Api) -> None:
    """How the person of the server stands who asks."""
    person, caller = await asked._recognised()
    course = caller.server.removeprefix("gpu-").removeprefix("grade-")
    asked.answer(gpu_view.as_data(gpu_view.view(asked.state, person.name, course), asked.state.now()))


ROUTES: tuple[tuple[str, Any], ...] = (
    ("gpu", Mine),
    ("gpu/renew", Renew),
    ("gpu/return", Return),
    ("gpus", Inventory),
    ("gpus/take", Take),
    ("gpus/started", Started),
    ("gpus/not-started", NotStarted),
    ("gpus/seen", Sighted),
)
