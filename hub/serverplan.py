"""What a server is made of, decided from the settings alone: mounts, limits, environment, first page.

The spawner hands the plan to Docker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub import mirror
from hub.package_settings import PACKAGES_PORT, PAGES
from hub.settings import Limits, Settings

HOME = "/home/jovyan"
TEACHING = "/teaching"
CONFIG = "/opt/env/etc/campushub"  # of the images: one folder of Jupyter's configuration for each kind of server


@dataclass(frozen=True)
class Plan:
    """One server: folders that must be there (owned by uid 1000), mounts as host path to place inside."""

    limits: Limits
    folders: tuple[Path, ...]
    mounts: Mapping[str, str]
    read_only: Mapping[str, str]
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    default_url: str
    notebook_dir: str = HOME


def course_and_kind(server: str) -> tuple[str, str]:
    """A server's course and what it is for: `grade-nn` is for `grade`, `gpu-nn` for work with a `gpu`, `nn` for `work`."""
    for kind in ("grade", "gpu"):
        if server.startswith(f"{kind}-"):
            return server.removeprefix(f"{kind}-"), kind
    return server, "work"


def image(settings: Settings, course: str, kind: str) -> str:
    """The image of a course's servers of a kind."""
    about = settings.courses[course]
    return about.gpu_image if kind == "gpu" and about.gpu_image else about.image


def plan(settings: Settings, person: str, folder: str, course: str, kind: str) -> Plan:
    """The plan of a person's server; `folder` is the person's name as a folder's name."""
    if kind == "grade":
        return _grade(settings, person, folder, course)
    return _work(settings, person, folder, course, kind)


def _work(settings: Settings, person: str, folder: str, course: str, kind: str) -> Plan:
    home, about = settings.folders.homes / folder, settings.courses[course]
    environment, read_only, first_page = _environment(settings, course, "work"), _provided(settings, course), "/lab"
    if kind == "gpu":
        environment["CAMPUSHUB_IMAGE"] = image(settings, course, kind)
        del environment["CAMPUSHUB_IDLE_MINUTES"]  # the lease ends it: a training run needs no open page
    material = next((one for one in mirror.repositories_of(settings, course) if not one.name), None)
    if material is not None and material.copy.exists():
        environment |= {"CAMPUSHUB_MATERIAL": mirror.inside(material), "CAMPUSHUB_MATERIAL_BRANCH": about.branch}
        first_page = "/campushub/open"
    return Plan(
        limits=settings.limits_of(course),
        folders=(home,),
        mounts={str(home): HOME},
        read_only=read_only,
        labels=_labels(settings, person, course, f"gpu-{course}" if kind == "gpu" else course),
        environment=environment,
        default_url=first_page,
    )


def _grade(settings: Settings, person: str, folder: str, course: str) -> Plan:
    home = settings.folders.grading_homes / f"{folder}--{course}"
    teaching = settings.folders.courses / course
    place = {str(teaching): f"{TEACHING}/{course}"}
    archived = settings.courses[course].archived
    return Plan(
        limits=settings.limits_of(course),
        folders=(home, teaching),
        mounts={str(home): HOME, **({} if archived else place)},
        read_only={**_provided(settings, course), **(place if archived else {})},
        labels=_labels(settings, person, course, f"grade-{course}"),
        environment=_environment(settings, course, "grade"),
        default_url="/formgrader",
        notebook_dir=TEACHING,
    )


def _environment(settings: Settings, course: str, kind: str) -> dict[str, str]:
    return {
        "CAMPUSHUB_IDLE_MINUTES": str(settings.idle_minutes),
        "JUPYTERHUB_ACTIVITY_INTERVAL": str(activity_seconds(settings.idle_minutes)),
        "CAMPUSHUB_COURSE": course,
        "CAMPUSHUB_IMAGE": settings.courses[course].image,
        "CAMPUSHUB_ROLE": kind,
        "HOME": HOME,
        "JUPYTER_CONFIG_PATH": f"{CONFIG}/{kind}",
        # An image may say `all`; where NVIDIA's own runtime is registered, it would give every GPU to it.
        "NVIDIA_VISIBLE_DEVICES": "void",
        **mirror.git_variables(mirror.repositories_of(settings, course)),
        **({"CAMPUSHUB_DATA": mirror.DATA} if settings.folders.course_data(course).exists() else {}),
        **({"CAMPUSHUB_GPUS": "1"} if kind == "work" and settings.lends_to(course) else {}),
        **_pip(settings, kind),
        "TZ": os.environ.get("TZ", "UTC"),
    }


def _provided(settings: Settings, course: str) -> dict[str, str]:
    """What the mirror keeps for a course, where that is there: Docker would make a missing folder, as root's."""
    folders = settings.folders
    places = {
        folders.course_data(course): mirror.DATA,
        folders.material / f"{course}.git": f"{mirror.MATERIAL}/{course}.git",
        folders.material / course: f"{mirror.MATERIAL}/{course}",
    }
    return {str(folder): inside for folder, inside in places.items() if folder.exists()}


def _pip(settings: Settings, kind: str) -> dict[str, str]:
    """Where pip finds packages; without a mirror nowhere, which it says at once instead of trying for 8 seconds."""
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if kind != "work" or not settings.package_mirror.upstream:
        return {**quiet, "PIP_NO_INDEX": "1"}
    address = settings.address("packages")
    return {
        **quiet,
        "PIP_INDEX_URL": f"http://{address}:{PACKAGES_PORT}/{PAGES}",
        "PIP_TRUSTED_HOST": address,
        "PIP_RETRIES": "1",
        "PIP_DEFAULT_TIMEOUT": "120",  # a large file is waited for while somebody else's pip fetches it
    }


def activity_seconds(idle_minutes: int) -> int:
    """How often a server tells the hub when it was used last: four times in the minutes after which it is ended."""
    return min(300, idle_minutes * 15)


def _labels(settings: Settings, person: str, course: str, server: str) -> dict[str, str]:
    return {
        "campushub.instance": settings.name,
        "campushub.person": person,
        "campushub.course": course,
        "campushub.server": server,
    }


def host_config(limits: Limits, device: str | None = None) -> dict[str, Any]:
    """Docker's host configuration of a server, as docker-py takes it. Memory sizes are bytes.

    `device` is the UUID of its GPU, injected by the Container Device Interface.
    """
    devices = [{"driver": "cdi", "device_ids": [f"nvidia.com/gpu={device}"]}] if device else []
    return {
        "device_requests": devices,
        "auto_remove": False,  # how it ended is noted first
        "memswap_limit": limits.memory,  # equal to memory: no swap on top
        "pids_limit": limits.processes,
        "shm_size": limits.shared_memory,
        "ulimits": [
            {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "init": True,
        "tmpfs": {"/tmp": "size=1g,mode=1777"},
        "dns": ["127.0.0.1"],  # no outside names from a server
        "log_config": {"type": "json-file", "config": {"max-size": "5m", "max-file": "2"}},
    }
