"""A person's GPU in a course: ask, wait, claim, renew, hand back; what ended the last one and what to do."""

from __future__ import annotations

from urllib.parse import quote

from tornado.web import HTTPError

from hub.exchange import Refused
from hub.gpus import Lease, Reason, State
from hub.services import gpu_view, gpus, views
from hub.services.page import Page
from hub.services.state import PREFIX

SPAWNS = ("ask", "claim")


class Gpu(Page):
    async def get(self, course: str) -> None:
        self._need_gpus(course)
        found = gpu_view.view(self.state, self.person.name, course)
        running = await self.running()
        cpu = f"/user/{quote(self.person.name)}/{course}/" if course in running else self._spawn(course)
        up = found.server in running
        gpu = f"/user/{quote(self.person.name)}/{found.server}/" if up else self._spawn(found.server)
        terms = gpus.leases(self.state).policy
        title, other = views.title(self.state, course), views.title(self.state, found.course)
        self.show("gpu.html", course=course, title=title, gpu=found, other=other, cpu_url=cpu, gpu_url=gpu, terms=terms)

    async def post(self, course: str) -> None:
        """Do what a button says, and go where it leads."""
        self._need_gpus(course)
        ledger, person, now = gpus.leases(self.state), self.person.name, self.state.now()
        match self.get_argument("do"):
            case "ask" if not gpus.is_closing(ledger, person) and self.state.settings.lends_to(course):
                found = ledger.ask(person, course, now)
                if isinstance(found, Lease) and found.course == course and found.state is not State.OFFERED:
                    return self.redirect(self._spawn(f"gpu-{course}"))
            case "ask":
                pass  # the page says what is in the way
            case "claim":
                ledger.claim(person, now)
                return self.redirect(self._spawn(f"gpu-{course}"))
            case "leave":
                ledger.leave(person)
            case "decline":
                self._decline(person)
            case "renew":
                ledger.renew(person, now)
            case "return":
                await gpus.hand_back(self.state, person)
            case _:
                raise HTTPError(400, reason="This page cannot do that.")
        return self.redirect(f"{PREFIX}{course}/gpu")

    def _decline(self, person: str) -> None:
        """Give up what is offered; nobody's time is lost by it."""
        ledger, now = gpus.leases(self.state), self.state.now()
        lease = ledger.lease(person)
        if lease is None or lease.state is not State.OFFERED:
            raise Refused("Nothing is offered to you now.")
        ledger.end(person, Reason.RETURNED, now)

    def _need_gpus(self, course: str) -> None:
        """Go on where the course has GPUs, or the person has one there still."""
        self.need("work", course)
        lease = gpus.leases(self.state).lease(self.person.name)
        if not self.state.settings.lends_to(course) and (lease is None or lease.course != course):
            raise HTTPError(404, reason="This course has no GPUs.")

    def _spawn(self, server: str) -> str:
        return f"/hub/spawn/{quote(self.person.name)}/{server}"


HANDLERS = ((r"gpu", Gpu),)
