"""What a machine must have to lend GPUs: a Docker that knows CDI, and a driver for the CUDA of the images. Values only.

CDI (Container Device Interface) is how a container is given one named GPU and no other. Docker knows it since 25.0, where it is
switched on by `features.cdi`; since 28.2 it is on (docs.docker.com/reference/cli/dockerd, "Configure CDI devices"; moby #49963).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hub.trouble import Trouble

FIRST_WITH_CDI = 25
# nvidia-container-toolkit before it lets containers out (CVE-2025-23266, up to 1.17.7), and gives GPUs to those that ask for none
# (1.18.0 and 1.18.1, by its release notes).
TOOLKIT_FLOOR = "1.18.2"
# The first driver for every minor version of a major one of CUDA: docs.nvidia.com/deploy/cuda-compatibility, table 1 of
# "Minor Version Compatibility".
FIRST_DRIVER = {12: 525, 13: 580}


class Step(Enum):
    """What is done about Docker before GPUs can be lent."""

    NOTHING = "nothing"
    INSTALL = "a newer one is installed"
    SWITCH_ON = "CDI is switched on"


@dataclass(frozen=True)
class Docker:
    """The Docker of a machine: its version, whether it gives devices by CDI, and how many containers run."""

    version: str
    cdi: bool
    running: int

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Docker:
        """Out of what Docker's API tells at /info; an empty list of CDI's folders means that it is off."""
        return cls(info["ServerVersion"], bool(info.get("CDISpecDirs")), info["ContainersRunning"])


def step(docker: Docker, slots: int) -> Step:
    """What is to be done about a machine's Docker for so many slots of GPUs; nothing at all where there are none.

    Both of the others start Docker anew, which would end people's servers: raises Trouble, with what to type, when a container
    runs.
    """
    if not slots:
        return Step.NOTHING
    if major(docker.version) < FIRST_WITH_CDI:
        if docker.running:
            raise Trouble(
                f"Docker {docker.version} cannot give one GPU to one container; {FIRST_WITH_CDI} is the first that can. "
                f"{_running(docker)}, and a newer one would end them. At a time when nobody works:\n"
                "  sudo ./campushub down    and end what else runs in containers (`sudo docker ps`)\n"
                "  sudo ./campushub up      installs a newer Docker; people's files and the images stay\n"
                "Courses without GPUs go on as they are when `gpus` is taken out of the settings."
            )
        return Step.INSTALL
    if docker.cdi:
        return Step.NOTHING
    if docker.running:
        raise Trouble(
            f"Docker {docker.version} does not give out GPUs by CDI yet, and has to be started anew for that. "
            f"{_running(docker)}, and would end. At a time when nobody works:\n"
            "  sudo ./campushub down    and end what else runs in containers (`sudo docker ps`)\n"
            "  sudo ./campushub up      switches it on"
        )
    return Step.SWITCH_ON


def driver_version(told: str) -> str:
    """The driver's version in what it says of itself in /proc/driver/nvidia/version; empty when it is not there."""
    match = re.search(r"\b(\d+\.\d+(?:\.\d+)*)\b", told)
    return match[1] if match else ""


def too_old(driver: str, image: str, cuda: int) -> str:
    """Why an image that brings this major version of CUDA would find no GPU with this driver; empty when it does."""
    wanted = FIRST_DRIVER[cuda]
    if major(driver) >= wanted:
        return ""
    return (
        f"The image '{image}' brings CUDA {cuda}, which needs an NVIDIA driver from {wanted} on; this machine has {driver}, so "
        "its courses compute on the processor."
    )


def _running(docker: Docker) -> str:
    return "1 container runs" if docker.running == 1 else f"{docker.running} containers run"


def major(version: str) -> int:
    """The first number of a version, 0 of one that cannot be read."""
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else 0
