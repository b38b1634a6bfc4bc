"""A machine with GPUs that are not there: a library in NVML's place, and a process of its own in which nvidia-ml-py loads it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

import docker

from hub.adapters.gpu_containers import GpuContainers
from hub.adapters.nvidia import Driver
from hub.services.agent import Agent

SOURCES = Path(__file__).resolve().parent / "nvml"
LIBRARY = "libnvidia-ml.so.1"
MEBIBYTE = 1024**2
STATE = "STAND_IN_STATE"
LIBRARIES = "LD_LIBRARY_PATH"  # read by the loader when a program starts (ld.so(8)), so a process of its own is needed


class Machine(BaseManager):
    """A process in which a driver is opened and asked. What it raises is raised here, in a RemoteError while it is opened."""


@dataclass(frozen=True)
class Given:
    """This machine's Docker, which may be too old to start a container with a GPU: it says that these containers have one."""

    client: Any
    devices: Mapping[str, str]

    def containers(self, **words: Any) -> Any:
        return self.client.containers(**words)

    def inspect_container(self, container: str) -> Any:
        about = self.client.inspect_container(container)
        if (device := self.devices.get(container)) is not None:
            about["HostConfig"]["DeviceRequests"] = [{"Driver": "cdi", "DeviceIDs": [f"nvidia.com/gpu={device}"]}]
        return about


def agent_of(devices: Mapping[str, str]) -> Agent:
    return Agent(
        "agent-test",
        docker=GpuContainers(Given(docker.APIClient(base_url="unix:///var/run/docker.sock"), devices), "agent-test"),
    )


Machine.register("driver", Driver.open)
Machine.register("agent", agent_of)


def compile_program(source: str, target: Path, *words: str) -> Path:
    """Build one of the C sources here, without a warning."""
    command = ["gcc", "-Wall", "-Wextra", "-Werror", *words, "-o", str(target), str(SOURCES / source)]
    subprocess.run(command, check=True)
    return target


def compile_library(folder: Path, *without: str) -> Path:
    """The folder of a library without some of its functions (LIMITS, SAMPLES, MIG)."""
    folder.mkdir(exist_ok=True)
    words = ("-shared", "-fPIC", f"-Wl,-soname,{LIBRARY}", *(f"-DWITHOUT_{word}" for word in without))
    compile_program("stand_in.c", folder / LIBRARY, *words)
    return folder


@dataclass(frozen=True)
class StandIn:
    """A library, and the file that says which GPUs there are."""

    library: Path
    state: Path

    def says(self, *lines: str) -> None:
        """Change what there is, also under programs that run."""
        new = self.state.with_suffix(".new")
        new.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        new.replace(self.state)

    @property
    def environment(self) -> dict[str, str]:
        return {LIBRARIES: str(self.library), STATE: str(self.state)}

    @contextmanager
    def machine(self) -> Iterator[Any]:
        """A machine whose `driver()` opens this library."""
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        machine = Machine(ctx=get_context("spawn"))
        try:
            machine.start()
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        with machine:
            yield machine


def gpu(uuid: str, *, used: int = 0, busy: int = 0, state: str = "ok") -> str:
    return f"gpu {uuid} NVIDIA_Stand-in {80 * 1024 * MEBIBYTE} {used} {busy} {state}"


def part(uuid: str, of: str, *, used: int = 0) -> str:
    return f"mig {uuid} NVIDIA_Stand-in_MIG_1g.10gb {10 * 1024 * MEBIBYTE} {used} {of}"


def process(device: str, pid: int, *, used: int = MEBIBYTE, sm: int = -1) -> str:
    return f"proc {device} {pid} {used} {sm}"
