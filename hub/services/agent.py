"""The agent's process: looks at this machine's GPUs and at who has them, and tells the service, which answers with limits.

The only part that reads NVML and /proc. Decides nothing. That the driver, Docker or the service is away ends nothing: what can be
seen is told, and one line of the log says what changed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hub.adapters.gpu_containers import GpuContainers
from hub.adapters.nvidia import Driver
from hub.adapters.processes import Processes
from hub.gpu_seen import Holder, Seen
from hub.gpu_use import ALL, Inventory, Place, Use, seen, works
from hub.secrets import Secrets
from hub.service_client import ask
from hub.settings_file import load
from hub.trouble import Trouble

log = logging.getLogger("campushub.agent")

LOOK_SECONDS = 10
BAD_REQUEST = 400


@dataclass
class Told:
    """What the log says already, by subject."""

    said: dict[str, str] = field(default_factory=dict)

    def tell(self, subject: str, trouble: str) -> None:
        """Log a trouble when it is another than before, and its end; the empty one is none."""
        before = self.said.pop(subject, "")
        if trouble:
            self.said[subject] = trouble
        if trouble != before:
            log.warning("%s: %s", subject, trouble or "well again")


@dataclass
class Processors:
    """Which processes have had processor time since they were looked at last."""

    processes: Processes
    before: dict[int, float] = field(default_factory=dict)
    at: float = 0.0  # seconds of a monotonic clock

    def working(self, pids: Iterable[int], now: float) -> set[int]:
        spent = {pid: seconds for pid in pids if (seconds := self.processes.seconds(pid)) is not None}
        found = works(self.before, spent, now - self.at)
        self.before, self.at = spent, now
        return found


@dataclass
class Agent:
    """What is asked, and what was found at the last look. The driver and Docker are opened when they can be."""

    instance: str
    processes: Processes = field(default_factory=Processes)
    told: Told = field(default_factory=Told)
    driver: Driver | None = None
    docker: GpuContainers | None = None
    pids: Mapping[str, int] = field(default_factory=dict)  # the first process of each running holder

    def __post_init__(self) -> None:
        self.processors = Processors(self.processes)

    def look(self, now: float) -> Seen:
        """How it stands now, `now` in seconds of a monotonic clock. Raises Trouble when Docker cannot say who holds what."""
        held = self._held()
        self.pids = {holder.container: pid for holder, pid in held.values() if pid}
        holders = [holder for holder, _ in held.values()]
        try:
            inventory, uses = self._asked_driver()
        except Trouble as trouble:
            self.told.tell("driver", str(trouble))
            return Seen(trouble=str(trouble), holders=tuple(holders))
        self.told.tell("driver", "")
        for device in inventory.devices:
            self.told.tell(device.uuid, device.trouble)
        pids = {one.pid for use in uses for one in use.processes}
        working = self.processors.working(pids, now)
        places = {pid: Place(self.processes.container(pid), pid in working) for pid in pids}
        found = seen(inventory, uses, holders, places)
        return replace(found, holders=tuple(replace(one, limited=self._limited(one)) for one in found.holders))

    def limit(self, limits: Iterable[Mapping[str, Any]]) -> None:
        """Bring the limits of the service's answer to the driver: `container`, `device`, and `bytes` of its memory."""
        for one in limits:
            container, device = str(one["container"]), str(one["device"])
            try:
                self._limit(container, device, int(one["bytes"]))
            except Trouble as trouble:
                self.told.tell(f"limit of {container[:12]}", str(trouble))
            else:
                self.told.tell(f"limit of {container[:12]}", "")

    def _limit(self, container: str, device: str, size: int) -> None:
        cgroup = self._cgroup(container)
        if self.driver is None:
            raise Trouble("the driver is away")
        if cgroup is None:
            raise Trouble("the container has no cgroup v2 of its own, which the driver's memory limits need")
        if self.driver.limit_of(device, cgroup) != size:
            self.driver.limit(device, cgroup, size)
            log.info("limit of %s: device=%s bytes=%s", container[:12], device, size)

    def _limited(self, holder: Holder) -> int | None:
        """The least limit that holds on every device of a holder; none when one of them has none."""
        cgroup = self._cgroup(holder.container)
        if self.driver is None or cgroup is None or ALL in holder.devices:
            return None
        found = [self.driver.limit_of(device, cgroup) for device in holder.devices]
        limits = [one for one in found if one is not None]
        return min(limits) if limits and len(limits) == len(found) else None

    def _cgroup(self, container: str) -> Path | None:
        """The leaf cgroup of a running holder, if its first process is still the container's."""
        pid = self.pids.get(container)
        return self.processes.cgroup(pid) if pid and self.processes.container(pid) == container else None

    def _held(self) -> dict[str, tuple[Holder, int]]:
        try:
            self.docker = self.docker or GpuContainers.connect(self.instance)
            held = self.docker.holders()
        except Trouble as trouble:
            self.told.tell("docker", str(trouble))
            raise
        self.told.tell("docker", "")
        return held

    def _asked_driver(self) -> tuple[Inventory, list[Use]]:
        """Raises Trouble when the driver is away; it is opened anew the next time."""
        self.driver = self.driver or Driver.open()
        try:
            inventory = self.driver.inventory()
        except Trouble:
            self.driver.close()
            self.driver = None
            raise
        divided = {one.gpu for one in inventory.devices if one.gpu != one.uuid}  # its MIG devices are asked instead
        return inventory, [self.driver.use(one.uuid) for one in inventory.devices if one.uuid not in divided]


async def turn(agent: Agent, url: str, token: str, now: float) -> None:
    """Look, tell the service, and do as it answers."""
    try:
        found = await asyncio.to_thread(agent.look, now)
    except Trouble:
        return  # without Docker nobody knows who holds what, and silence says just that
    try:
        status, answer = await ask(f"{url}/gpus/seen", token, found.as_data())
    except Trouble as trouble:
        agent.told.tell("service", str(trouble))
        return
    agent.told.tell("service", "" if status < BAD_REQUEST else f"it answers with {status}: {answer}")
    await asyncio.to_thread(agent.limit, answer.get("limits", ()))


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load(Path(os.environ["CAMPUSHUB_CONFIG"]))
    url, token = os.environ["CAMPUSHUB_SERVICE_URL"], Secrets(settings.folders.secrets).read("agent")
    agent = Agent(settings.name)
    while True:
        await turn(agent, url, token, time.monotonic())
        await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    asyncio.run(main())
