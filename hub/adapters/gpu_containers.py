"""Containers that were given GPUs, in every way that Docker has for it, and whose they are.

A privileged container can open any device and is not among them: it is a holder once it uses one (`hub.gpu_use`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import docker
import docker.errors
import requests

from hub.gpu_seen import Holder
from hub.gpu_use import ALL
from hub.trouble import Trouble

KIND = "nvidia.com/gpu="  # before a device's name in CDI: Container Device Interface specification, "kind"
NODE = re.compile(r"/dev/(nvidia\d+|nvidia-caps.*)")
VARIABLE = "NVIDIA_VISIBLE_DEVICES="  # what the nvidia runtime goes by
NO_DEVICES = {"", "none", "void"}
PATIENCE_SECONDS = 30


@dataclass
class GpuContainers:
    """The containers of this machine's Docker; `client` is docker-py's low-level one."""

    client: Any
    instance: str
    without: set[str] = field(default_factory=set)  # ids of containers that were given none: that never changes

    @classmethod
    def connect(cls, instance: str) -> GpuContainers:
        """Raises Trouble when no Docker daemon answers."""
        try:
            return cls(docker.APIClient(timeout=PATIENCE_SECONDS), instance)
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise Trouble(f"Docker does not answer ({error})") from None

    def holders(self) -> dict[str, tuple[Holder, int]]:
        """Every container with GPUs, running or not, by its id; with the pid of its first process, 0 without one.

        CampusHub's agents, which have all GPUs to look at them, are left out. Raises Trouble when Docker does not answer.
        """
        try:
            listed = [one for one in self.client.containers(all=True) if not _looks_only(one)]
            self.without &= {one["Id"] for one in listed}
            found = {one["Id"]: self._held(one["Id"]) for one in listed if one["Id"] not in self.without}
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise Trouble(f"Docker does not answer ({error})") from None
        return {container: held for container, held in found.items() if held is not None}

    def _held(self, container: str) -> tuple[Holder, int] | None:
        try:
            about = self.client.inspect_container(container)
        except docker.errors.NotFound:
            return None
        if devices := devices_given(about):
            return holder(about, devices, self.instance), int(about["State"]["Pid"])
        self.without.add(container)
        return None


def holder(about: Mapping[str, Any], devices: tuple[str, ...], instance: str) -> Holder:
    """A container as Docker describes it (`docker inspect`). People of another instance are nobody here."""
    labels = about["Config"].get("Labels") or {}
    ours = labels.get("campushub.instance") == instance
    return Holder(
        container=about["Id"],
        name=about["Name"].removeprefix("/"),
        person=labels.get("campushub.person") if ours else None,
        server=labels.get("campushub.server") if ours else None,
        devices=devices,
        running=bool(about["State"]["Running"]),
    )


def devices_given(about: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the devices that a container was given; `all` where it is not said which."""
    host = about["HostConfig"]
    names = [name for request in host.get("DeviceRequests") or () for name in _requested(request)]
    if str(host.get("Runtime", "")).startswith("nvidia"):
        names += _visible(about["Config"].get("Env") or ())
    if any(NODE.fullmatch(str(one.get("PathOnHost", ""))) for one in host.get("Devices") or ()):
        names.append(ALL)
    return tuple(dict.fromkeys(names))


def _requested(request: Mapping[str, Any]) -> Iterator[str]:
    names = request.get("DeviceIDs") or ()
    if request.get("Driver") == "cdi":
        yield from (name.removeprefix(KIND) for name in names if name.startswith(KIND))
    elif request.get("Driver") == "nvidia" or "gpu" in {
        word for one in request.get("Capabilities") or () for word in one
    }:
        yield from names or (ALL,)


def _visible(environment: Iterable[str]) -> list[str]:
    given = next((one.removeprefix(VARIABLE) for one in environment if one.startswith(VARIABLE)), "")
    return [] if given in NO_DEVICES else given.split(",")


def _looks_only(listed: Mapping[str, Any]) -> bool:
    """Whether it is the agent itself, or a container of the self-test, which uses no GPU for longer than a moment."""
    labels = listed.get("Labels") or {}
    return labels.get("campushub.part") == "agent" or "campushub.probe" in labels
