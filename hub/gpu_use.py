"""Whose the use of GPUs is: puts together what the driver, Docker and /proc say at one moment.

Knows none of the three; `hub.services.agent` asks them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from hub.gpu_seen import Device, Holder, Seen

ALL = "all"  # stands for every device, in Docker's words too
SHORT_ID = 12  # characters, as `docker ps` has them
BUSY_CORE = 0.05  # of one core: with less of it a process only waits


@dataclass(frozen=True)
class Process:
    """A program that has a device open, with the bytes of the device's memory that it has."""

    pid: int
    used: int
    computed: bool | None = None  # since it was looked at last; none where the driver does not tell programs apart


@dataclass(frozen=True)
class Use:
    """What the driver says of the use of one device; `busy` in percent of time, none where it has no word for it (MIG)."""

    device: str
    processes: tuple[Process, ...] = ()
    busy: int | None = None


@dataclass(frozen=True)
class Place:
    """Where a process belongs: its container, none for one of the machine; whether it has had processor time lately."""

    container: str | None
    works: bool = False


@dataclass(frozen=True)
class Inventory:
    """The devices of a machine; `names` are what Docker may call them beside their UUIDs, like `0`, or `0:1` of MIG."""

    driver: str
    devices: tuple[Device, ...]
    names: Mapping[str, str]


def seen(inventory: Inventory, uses: Sequence[Use], holders: Collection[Holder], places: Mapping[int, Place]) -> Seen:
    """All of it as one sight. A container that was given nothing and uses a device is a holder of that device."""
    known = {one.container: _by_uuid(one, inventory.names) for one in holders}
    for use in uses:
        for place in _places(use, places):
            if place.container and place.container not in known:
                name = place.container[:SHORT_ID]
                known[place.container] = Holder(place.container, name, None, None, (use.device,), running=True)
    gpus = {one.uuid: one.gpu for one in inventory.devices}
    return Seen(
        driver=inventory.driver,
        devices=inventory.devices,
        holders=tuple(_used(one, uses, places) for one in known.values()),
        strangers=_strangers(uses, places, gpus),
    )


def works(before: Mapping[int, float], now: Mapping[int, float], seconds: float) -> set[int]:
    """Which processes have had their share of a core in so many seconds, by processor time before and now.

    One that was not there before has: it has just started.
    """
    least = BUSY_CORE * seconds
    return {pid for pid, spent in now.items() if pid not in before or spent - before[pid] >= least}


def _places(use: Use, places: Mapping[int, Place]) -> list[Place]:
    return [places.get(one.pid, Place(None)) for one in use.processes]


def _by_uuid(holder: Holder, names: Mapping[str, str]) -> Holder:
    return replace(holder, devices=tuple(dict.fromkeys(names.get(one, one) for one in holder.devices)))


def _used(holder: Holder, uses: Sequence[Use], places: Mapping[int, Place]) -> Holder:
    own = [(use, one) for use in uses for one in use.processes if _place(one, places).container == holder.container]
    return replace(
        holder,
        used=sum(one.used for _, one in own),
        computes=any(_computes(use, one, places) for use, one in own),
    )


def _computes(use: Use, process: Process, places: Mapping[int, Place]) -> bool:
    """Whether a process has computed: by the driver's word on it, on the device where it is alone there, or by its processor time.

    A program that has a GPU work for it keeps a processor core busy meanwhile: CUDA waits in a loop for what it has sent there
    (cudaDeviceScheduleAuto in the CUDA Runtime API).
    """
    if process.computed is not None:
        return process.computed
    if use.busy == 0:
        return False
    if use.busy is not None and len({place.container for place in _places(use, places)}) == 1:
        return True
    return _place(process, places).works


def _place(process: Process, places: Mapping[int, Place]) -> Place:
    return places.get(process.pid, Place(None))


def _strangers(uses: Sequence[Use], places: Mapping[int, Place], gpus: Mapping[str, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for use in uses:
        if alone := sum(place.container is None for place in _places(use, places)):
            gpu = gpus.get(use.device, use.device)
            counts[gpu] = counts.get(gpu, 0) + alone
    return counts
