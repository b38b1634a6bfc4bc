"""What the agent sees of this machine's GPUs: devices, and the containers that have one. Plain values, told as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

GIGABYTE = 2**30  # as memory of GPUs is counted


@dataclass(frozen=True)
class Device:
    """A GPU, or a MIG device of one. Memory is in bytes."""

    uuid: str  # GPU-… or MIG-…
    name: str
    memory: int
    used: int
    gpu: str  # the GPU it is, or is a part of
    trouble: str = ""  # why it can be lent to nobody; empty for a good one


@dataclass(frozen=True)
class Holder:
    """A container that was given devices; `person` and `server` are none for one that is no person's server."""

    container: str
    name: str
    person: str | None
    server: str | None
    devices: tuple[str, ...]
    running: bool
    used: int = 0  # bytes of GPU memory that its processes have
    computes: bool = False  # whether they have computed since it was looked at last
    limited: int | None = None  # bytes at which the driver stops it; none without such a limit


@dataclass(frozen=True)
class Seen:
    """How it stands at one moment. `trouble` says why the driver cannot be asked; there are no devices then."""

    driver: str = ""
    trouble: str = ""
    devices: tuple[Device, ...] = ()
    holders: tuple[Holder, ...] = ()
    strangers: Mapping[str, int] | None = None  # by GPU, processes that belong to no container

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Seen:
        """Raises KeyError or TypeError when it is not what `as_data` gives."""
        devices = tuple(Device(**one) for one in told["devices"])
        holders = tuple(Holder(**{**one, "devices": tuple(one["devices"])}) for one in told["holders"])
        return cls(told["driver"], told["trouble"], devices, holders, told.get("strangers"))


@dataclass(frozen=True)
class Sight:
    """What was seen last, and when."""

    seen: Seen
    at: datetime
