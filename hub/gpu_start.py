"""The part of the spawner that has to do with GPUs: a slot is asked of the service before a start, and told back if it fails.

Docker hands one GPU to two containers without a word, so only the ledger decides who has which.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError
from requests import RequestException

from hub.coming_up import NotStarted
from hub.end_notes import NotesEnds
from hub.secrets import Secrets
from hub.service_client import ServiceSilent, ask

NOT_INJECTED = (
    "The GPU could not be given to your notebooks: it may have failed a moment ago. You can ask for a GPU again at once; "
    "your notebooks on the CPU are not affected. Tell your instructor if it happens again."
)
TOO_LATE = (
    "Your GPU was taken back while your notebooks were being opened: you handed it back, or that took too long. "
    "Ask for a GPU again; your notebooks on the CPU are not affected."
)


@dataclass(frozen=True)
class TakenSlot:
    """A slot that a server is started with."""

    name: str
    device: str


class TakesSlots(NotesEnds):
    """A spawner whose servers may need a slot of the ledger."""

    async def take(self, course: str) -> TakenSlot:
        """The slot for this start; raises NotStarted with the service's sentence when there is none."""
        told = await self._ask_service("take", {"person": self.user.name, "course": course})
        if "device" not in told:
            raise NotStarted(str(told.get("why") or "There is no GPU for you now. Open your courses page."))
        return TakenSlot(str(told["slot"]), str(told["device"]))

    async def start_with(self, slot: TakenSlot) -> Any:
        """Start the server, and give the slot back when that fails, with nothing of it left."""
        mine = {"person": self.user.name, "server": self.name}
        try:
            address = await super().start()
        except BaseException as trouble:
            self.came_up = self.came_up or isinstance(trouble, APIError)  # not by their own files: no rescue mode
            self.log.warning("no start with a GPU: user=%s slot=%s %s", self.user.name, slot.name, trouble)
            await self._clear_away()
            with suppress(NotStarted):  # the service finds out by itself
                await self._ask_service("not-started", mine)
            if isinstance(trouble, APIError):
                raise NotStarted(NOT_INJECTED) from trouble
            raise
        if not await self._is_lent(mine):
            await self._clear_away()
            raise NotStarted(TOO_LATE)
        return address

    async def _is_lent(self, mine: dict[str, str]) -> bool:
        """Tell the service that the server is up; whether its lease is there still, as far as that can be told."""
        try:
            return bool((await self._ask_service("started", mine)).get("lent", True))
        except NotStarted:
            return True  # the service finds out by itself

    async def give_up(self) -> None:
        """Give back what was taken for a start that is not even tried."""
        with suppress(NotStarted):
            await self._ask_service("not-started", {"person": self.user.name, "server": self.name})

    async def _clear_away(self) -> None:
        """Docker looks for the device when a container is started: one that failed is there still.

        One that runs is ended first: its slot is told to be free when its end is noted.
        """
        found = await self.get_object()
        if found is not None:
            try:
                if found["State"]["Running"]:
                    await self.docker("stop", self.container_id, timeout=5)
                await self.remove_object()
            except (APIError, RequestException) as trouble:
                self.log.warning("not cleared away: user=%s %s", self.user.name, trouble)
            self.object_id = ""

    async def _ask_service(self, what: str, told: dict[str, str]) -> dict[str, Any]:
        token = Secrets(self.settings().folders.secrets).read("hub")
        try:
            _, answer = await ask(f"{self.service}/gpus/{what}", token, told)
        except ServiceSilent as silent:
            raise NotStarted(str(silent)) from None
        return answer
