"""What runs, where, and what is wrong, in words; the same as data for programs."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub import firewall, front_client, mirror_notes, packages_client
from hub.adapters.engine import Engine
from hub.settings import CORE_PARTS, Settings, parts
from hub.trouble import Trouble
from hub.values import size_text

PAGES = {"front": "/front/health", "service": "/courses/api/health", "hub": "/hub/health"}
LARGEST = 5
MEGABYTE = 1024**2


@dataclass(frozen=True)
class Service:
    """One part of CampusHub: Docker's word for its state, and whether it does its work."""

    state: str
    ok: bool


@dataclass(frozen=True)
class Status:
    """How a hub is. `problems` are sentences; `homes` are the largest ones with their bytes, when disk is short.

    `notes` are what is to be known and is no fault of the hub's: it is well with them.
    """

    ok: bool
    url: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    services: dict[str, Service]
    servers: int
    homes: tuple[tuple[str, int], ...]

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """What people read."""
        width = max(map(len, CORE_PARTS))
        told = [f"{'up' if self.ok else 'NOT WELL'}  {self.url}/  {self.servers} servers of people run"]
        told += [
            f"  {name:<{width}}  {service.state}{'' if service.ok else '  ← look here'}"
            for name, service in self.services.items()
        ]
        told += [f"! {problem}" for problem in self.problems]
        told += [f"note: {note}" for note in self.notes]
        told += [f"  {size / MEGABYTE:10.0f} MB  {name}" for name, size in self.homes]
        return told


def look(settings: Settings) -> Status:
    """Look at every part now."""
    problems: list[str] = []
    services = {part: Service("not there", ok=False) for part in parts(settings)}
    servers = 0
    try:
        found = {one.name: one for one in Engine.connect().containers_of(settings.name)}
    except Trouble as trouble:
        problems.append(f"{trouble}.")
    else:
        services = {part: _service(settings, part, found) for part in parts(settings)}
        servers = sum(one.part is None and one.state == "running" and "-server-" in one.name for one in found.values())
        problems += _part_problems(services)
        problems += _firewall_problem(settings)
    homes: tuple[tuple[str, int], ...] = ()
    if settings.data.exists() and (free := shutil.disk_usage(settings.data).free) < settings.reserve:
        problems.append(
            f"Only {free // MEGABYTE} MB are free below {settings.data}; under {size_text(settings.reserve)} no server "
            "starts and no work is accepted. Make room: the largest homes stand below."
        )
        homes = largest_homes(settings.folders.homes)
    notes = _notes(settings, services)
    return Status(not problems, settings.url, tuple(problems), notes, services, servers, homes)


def _notes(settings: Settings, services: dict[str, Service]) -> tuple[str, ...]:
    packages = services.get("packages")
    cut_off = packages_client.cut_off(settings) if packages and packages.ok else ""
    away = mirror_notes.outage(mirror_notes.read(settings.folders.mirror_notes).values(), datetime.now(UTC))
    return tuple(note for note in (away, cut_off) if note)


def _service(settings: Settings, part: str, found: dict[str, Any]) -> Service:
    container = found.get(f"{settings.name}-{part}")
    if container is None:
        return Service("not there", ok=False)
    page = PAGES.get(part)
    well = container.state == "running" and (page is None or front_client.answers(settings, page))
    if part == "grader" and well and not front_client.health(settings).get("grader", False):
        return Service("running, asks for no work", ok=False)
    if part == "packages" and well and not packages_client.state(settings):
        return Service(container.state, ok=False)
    return Service(container.state, ok=well)


def _part_problems(services: dict[str, Service]) -> list[str]:
    if all(service.state == "not there" for service in services.values()):
        return ["Nothing of this hub is there; `sudo ./campushub up` starts it."]
    return [f"{'; '.join(fault(part, service))}." for part, service in services.items() if not service.ok]


def fault(part: str, service: Service) -> tuple[str, str]:
    """What is wrong with a part, and what to type."""
    match service.state:
        case "not there":
            return f"The {part} is not there", "`sudo ./campushub up` starts it"
        case "running":
            return f"The {part} runs and does not answer", f"`sudo ./campushub logs {part}` says why"
        case state:
            return f"The {part} is not well ({state})", f"`sudo ./campushub logs {part}` says why"


def _firewall_problem(settings: Settings) -> list[str]:
    if os.geteuid() != 0:
        return []
    missing = firewall.missing(settings)
    if not missing:
        return []
    return [
        f"{len(missing)} rules of the firewall are missing, so servers reach each other; `sudo ./campushub up` puts them back."
    ]


def largest_homes(homes: Path) -> tuple[tuple[str, int], ...]:
    """The largest homes with their bytes on disk, largest first."""
    sizes = ((home.name, _bytes(home)) for home in homes.iterdir() if home.is_dir())
    return tuple(sorted(sizes, key=lambda one: -one[1])[:LARGEST])


def _bytes(folder: Path) -> int:
    total = 0
    for top, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(top, name)).st_blocks * 512  # noqa: PTH118 (a home has many files)
            except OSError:
                continue
    return total
