"""Containers that are given GPUs, and what these answer when somebody in there opens them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from docker.types import DeviceRequest

from hub.serverplan import host_config
from hub.settings import Limits
from tests.gpu.made_up import MAJOR

GIVEN = "open ENXIO"  # the container may open the node, and there is no driver behind it
CLOSED = "open EPERM"  # the node can be made, and not be opened
NOT_MADE = "mknod EPERM"  # the node cannot even be made
LIMITS = Limits()
AS_THE_HUB = {**host_config(LIMITS), "mem_limit": LIMITS.memory, "user": "1000:1000"}  # a person's server
AS_ROOT = {"user": "0:0", "cap_add": ["MKNOD"]}  # an image that runs as root, with what Docker lets root do

PROBE = f"""
import errno, json, os, stat, sys

def answer(number):
    path = f"/dev/nvidia{{number}}"
    step = "mknod"
    try:
        if not os.path.exists(path):
            path = f"/var/tmp/nvidia{{number}}"
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev({MAJOR}, number))
        step = "open"
        os.close(os.open(path, os.O_RDWR))
    except OSError as error:
        return f"{{step}} {{errno.errorcode[error.errno]}}"
    return "open"

print(json.dumps({{number: answer(number) for number in map(int, sys.argv[1:])}}))
"""


@dataclass(frozen=True)
class Containers:
    """Makes containers of an image, and knows which, so that they can be removed."""

    client: Any
    image: str
    made: list[Any] = field(default_factory=list)

    def create(
        self, how: Mapping[str, Any], devices: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> Any:
        """Make one that asks for devices by their names in CDI, and waits. It has no network, so none of `dns` either."""
        asked = [DeviceRequest(driver="cdi", device_ids=list(devices))] if devices else []
        one = self.client.containers.create(
            self.image,
            ["sleep", "infinity"],
            network_mode="none",
            environment={"NVIDIA_VISIBLE_DEVICES": "void", **(environment or {})},
            device_requests=asked,
            **{name: value for name, value in how.items() if name not in ("dns", "device_requests")},
        )
        self.made.append(one)
        return one

    def start(self, *given: Any, **more: Any) -> Any:
        """Make one as `create` does, and start it."""
        one = self.create(*given, **more)
        one.start()
        return one

    def remove(self) -> None:
        for one in self.made:
            one.remove(force=True)


def opened(container: Any, numbers: Sequence[int]) -> dict[int, str]:
    """What each GPU's node answers in there, made by hand where the container has none."""
    code, told = container.exec_run(["python3", "-c", PROBE, *map(str, numbers)])
    assert code == 0, told.decode()
    return {int(number): answer for number, answer in json.loads(told).items()}


def variable(container: Any, name: str) -> str | None:
    """A variable of the container's first process; what `docker exec` starts has not got those that come with a device."""
    lines = container.exec_run(["cat", "/proc/1/environ"]).output.decode().split("\0")
    return next((line.partition("=")[2] for line in lines if line.startswith(f"{name}=")), None)
