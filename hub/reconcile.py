"""What the ledger of GPUs says held against what is seen on the machine: what is wrong with which slot, and with whose lease.

Pure. The machine is right about what runs, the ledger about whose it should be.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.gpu_machine import major
from hub.gpu_seen import Device, Holder, Seen
from hub.gpu_use import ALL
from hub.gpus import Lease, Ledger, State

PATIENCE = timedelta(seconds=30)  # for a container that has just been asked for, or that is just being removed
LONGEST_STOP = timedelta(minutes=3)
LIMITING_DRIVER = 615  # the first that enforces a container's GPU memory (NVIDIA's memory partitioning, CUDA 13.4)
PREFIX = "gpu-"  # of the names of servers with a GPU


@dataclass(frozen=True)
class Declared:
    """What a slot is made of: its device, and the bytes that the driver is to enforce for a part of it."""

    device: str
    memory: int | None = None


@dataclass(frozen=True)
class Findings:
    """`trouble` has every slot, with an empty text for a good one; `failing` are those whose device itself is the trouble.

    `gone` are people whose lease has no container, `found` people's containers that have a slot without a lease, by slot;
    `computing` are slots that are used.
    """

    trouble: Mapping[str, str]
    failing: tuple[str, ...]
    gone: tuple[str, ...]
    found: Mapping[str, Holder]
    computing: tuple[str, ...]


def compare(
    ledger: Ledger,
    declared: Mapping[str, Declared],
    seen: Seen,
    now: datetime,
    *,
    tools: Container[str] = (),
    parts_without_limit: bool = False,
) -> Findings:
    """Everything that is not as it should be, and which slots are used. `tools` are containers that may see every GPU."""
    running = [one for one in seen.holders if one.running and (one.person is not None or one.name not in tools)]
    own = {lease.slot: holder for lease in ledger.leases for holder in running if _is_of(holder, lease, declared)}
    strange = [one for one in running if one not in own.values()]
    found = _without_lease(strange, ledger, declared)
    said = [(name, _trouble_of_device(about, seen, parts_without_limit)) for name, about in declared.items()]
    said += _strangers([one for one in strange if one not in found.values()], declared)
    said += _lingering(ledger, own, now)
    said += [] if parts_without_limit else _without_limit(ledger, own, declared, now)
    trouble = dict.fromkeys(declared, "")
    for name, text in said:
        trouble[name] = trouble.get(name) or text
    return Findings(
        {name: trouble[name] for name in declared},
        failing=tuple(name for name, about in declared.items() if _failing(about, seen)),
        gone=tuple(one.person for one in ledger.leases if one.slot not in own and _should_be_there(one, now)),
        found=found,
        computing=tuple(slot for slot, one in own.items() if one.computes),
    )


def _strangers(holders: list[Holder], declared: Mapping[str, Declared]) -> list[tuple[str, str]]:
    """Slots whose device a container has that should not, with what is said of it."""
    return [
        (name, f"the container {one.name} has it without a lease")
        for one in holders
        for name, about in declared.items()
        if {about.device, ALL} & set(one.devices)
    ]


def _lingering(ledger: Ledger, own: Mapping[str, Holder], now: datetime) -> list[tuple[str, str]]:
    """Slots whose lease is over and whose container goes on."""
    return [
        (one.slot, f"the container {own[one.slot].name} runs, and its lease is over")
        for one in ledger.leases
        if one.slot in own and one.state is State.STOPPING and now - one.since > LONGEST_STOP
    ]


def _should_be_there(lease: Lease, now: datetime) -> bool:
    return lease.state in (State.ACTIVE, State.STOPPING) and now - lease.since > PATIENCE


def _is_of(holder: Holder, lease: Lease, declared: Mapping[str, Declared]) -> bool:
    about = declared.get(lease.slot)
    device = lease.device or (about.device if about else "")
    server = (holder.person, holder.server) == (lease.person, f"{PREFIX}{lease.course}")
    return server and (not device or device in holder.devices)


def _without_limit(
    ledger: Ledger, own: Mapping[str, Holder], declared: Mapping[str, Declared], now: datetime
) -> list[tuple[str, str]]:
    """Slots of devices on which somebody has a part, and the driver no limit for it after a while."""
    unlimited = {
        declared[one.slot].device
        for one in ledger.leases
        if one.slot in own and one.slot in declared and _should_be_there(one, now)
        if declared[one.slot].memory not in (None, own[one.slot].limited)
    }
    text = "the driver has not set the memory limit of a part of this GPU"
    return [(name, text) for name, about in declared.items() if about.device in unlimited]


def _failing(about: Declared, seen: Seen) -> bool:
    """Whether the driver answers, and says that this device is lost or not there."""
    found = next((one for one in seen.devices if one.uuid == about.device), None)
    return not seen.trouble and (found is None or bool(found.trouble))


def _without_lease(strange: list[Holder], ledger: Ledger, declared: Mapping[str, Declared]) -> dict[str, Holder]:
    """People's own GPU servers that the ledger has lost, by a free slot of their device."""
    taken, busy = {one.person for one in ledger.leases}, {one.slot for one in ledger.leases}
    found: dict[str, Holder] = {}
    for one in strange:
        if one.person is None or one.person in taken or not (one.server or "").startswith(PREFIX):
            continue
        free = [name for name, about in declared.items() if about.device in one.devices and name not in busy]
        if free:
            found[free[0]] = one
            taken.add(one.person)
            busy.add(free[0])
    return found


def _trouble_of_device(about: Declared, seen: Seen, parts_without_limit: bool) -> str:
    if seen.trouble:
        return seen.trouble
    found: Device | None = next((one for one in seen.devices if one.uuid == about.device), None)
    if found is None:
        return "this machine has no such GPU now"
    if found.trouble:
        return found.trouble
    if about.memory is not None and not parts_without_limit and major(seen.driver) < LIMITING_DRIVER:
        return f"the driver {seen.driver} enforces no memory limit for a part of a GPU; {LIMITING_DRIVER} or later does"
    return ""
