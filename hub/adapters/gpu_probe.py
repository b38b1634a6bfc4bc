"""Containers that try what somebody might try with a GPU server: made as the spawner makes one, or with more rights on purpose."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker.errors
import requests

from hub.adapters.engine import Engine
from hub.trouble import Trouble

SECONDS = 300
PROBE = "campushub.probe"  # label of the containers in which things are tried; nobody's, and gone in a minute
# Opens every number of NVIDIA's devices, made by itself where it is not there, and tells how that went. A device that the
# container may not have is EPERM, and one that it may but that has no driver is ENXIO.
OPENS = """
import errno, json, os, stat, sys
found = {}
for minor in range(int(sys.argv[1])):
    path, made = f"/dev/nvidia{minor}", False
    try:
        if not os.path.exists(path):
            path, made = f"/tmp/nvidia{minor}", True
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(195, minor))
        os.close(os.open(path, os.O_RDWR))
        found[minor] = "open"
    except OSError as error:
        found[minor] = errno.errorcode[error.errno]
nodes = sorted(name for name in os.listdir("/dev") if name.startswith("nvidia"))
print(json.dumps({"opened": found, "nodes": nodes, "visible": os.environ.get("NVIDIA_VISIBLE_DEVICES", "")}))
"""
TRAINS = """
import json, torch
device = torch.device("cuda")
model = torch.nn.Linear(256, 8).to(device)
loss = model(torch.rand(512, 256, device=device)).square().mean()
loss.backward()
print(json.dumps({"devices": torch.cuda.device_count(), "name": torch.cuda.get_device_name(0), "loss": loss.item()}))
"""
# Takes half of a limit, then all of it and a gigabyte: the first has to work, the second must not.
TAKES = """
import json, sys, torch
size, took = int(sys.argv[1]), []
for wanted in (size // 2, size + 2**30):
    try:
        block = torch.empty(wanted, dtype=torch.uint8, device="cuda")
        torch.cuda.synchronize()
        took.append(wanted)
        del block
        torch.cuda.empty_cache()
    except torch.cuda.OutOfMemoryError:
        pass
print(json.dumps({"took": took}))
"""


@dataclass(frozen=True)
class Probe:
    """One image in which things are tried."""

    engine: Engine
    image: str

    @contextmanager
    def container(
        self, device: str | None, *, root: bool = False, environment: Mapping[str, str] | None = None
    ) -> Iterator[str]:
        """The id of a container that runs and does nothing; it goes afterwards. Raises Trouble when it does not start.

        `root` is one with the right to make devices, which no server has: what keeps it out is the kernel's list alone.
        """
        api = self.engine.client.api
        requests_for = (
            [docker.types.DeviceRequest(driver="cdi", device_ids=[f"nvidia.com/gpu={device}"])] if device else []
        )
        host = api.create_host_config(
            network_mode="none",
            device_requests=requests_for,
            cap_drop=["ALL"],
            cap_add=["MKNOD"] if root else [],
            security_opt=[] if root else ["no-new-privileges:true"],
            init=True,
        )
        user, given = "0" if root else "1000", dict(environment or {"NVIDIA_VISIBLE_DEVICES": "void"})
        try:
            made = api.create_container(
                self.image, ["sleep", "600"], user=user, environment=given, host_config=host, labels={PROBE: "1"}
            )["Id"]
        except docker.errors.APIError as error:
            raise Trouble(str(error.explanation or error)) from None
        try:
            api.start(made)
            yield made
        except docker.errors.APIError as error:
            raise Trouble(str(error.explanation or error)) from None
        finally:
            api.remove_container(made, force=True, v=True)

    def opens(self, container: str, numbers: int) -> dict[str, Any]:
        """How opening each of NVIDIA's device numbers went, which nodes there are, what NVIDIA_VISIBLE_DEVICES is."""
        return self.python(container, OPENS, str(numbers))

    def trains(self, container: str) -> dict[str, Any]:
        """One step of training on the GPU. Raises Trouble with what went wrong."""
        return self.python(container, TRAINS)

    def takes(self, container: str, size: int) -> list[int]:
        """Which of half of so many bytes of GPU memory and a gigabyte more than all of them could be had."""
        return [int(one) for one in self.python(container, TAKES, str(size))["took"]]

    def limit(self, agent: str, container: str, device: str, size: int) -> None:
        """Have the agent, the one that may, set a container's memory limit in the driver. Raises Trouble when it cannot."""
        pid = self.engine.client.api.inspect_container(container)["State"]["Pid"]
        self.engine.run_in(agent, ["python", "-m", "hub.services.memory_limit", str(pid), device, str(size)])

    def python(self, container: str, code: str, *words: str) -> dict[str, Any]:
        """The JSON that Python code prints last in a container."""
        said = self.run(container, ["timeout", str(SECONDS), "python3", "-c", code, *words])
        try:
            told: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise Trouble(f"it printed {said[-300:]!r}") from None
        return told

    def run(self, container: str, command: list[str]) -> str:
        """What a program in the container prints. Raises Trouble when it fails."""
        api = self.engine.client.api
        try:
            made = api.exec_create(container, command)["Id"]
            said = str(api.exec_start(made).decode(errors="replace"))
            code = api.exec_inspect(made)["ExitCode"]
        except (docker.errors.APIError, requests.RequestException) as error:
            raise Trouble(str(error)) from None
        if code:
            raise Trouble(f"{command[0]} ended with status {code}: {said.strip()[-300:]}")
        return said
