"""What an administrator decides about GPUs: which slots there are, and how they are lent.

Plain values with their defaults, a part of `hub.settings`; `hub.gpu_policy` turns them into the words of the rules.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from hub.values import Model, Size

SLOT_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
DEVICE = re.compile(r"(GPU|MIG)-[0-9A-Za-z][0-9A-Za-z/-]{3,90}")
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def slot_name(name: str) -> str:
    """A slot's name as it is; raises ValueError when it cannot be one."""
    if SLOT_NAME.fullmatch(name) is None or len(name) > 24:
        raise ValueError(f"'{name[:30]}' cannot be a slot's name; use lower-case letters, digits and single dashes")
    return name


def device_uuid(uuid: str) -> str:
    """A device's UUID as NVIDIA's tools write it; raises ValueError for an index, which changes from boot to boot."""
    if DEVICE.fullmatch(uuid) is None:
        raise ValueError(f"'{uuid}' is not a GPU's UUID; `nvidia-smi -L` lists them, like GPU-… or MIG-…")
    return uuid


def clock(text: str) -> str:
    try:
        zone: tzinfo | None = time.fromisoformat(text).tzinfo
    except ValueError:
        zone = UTC
    if zone is not None:
        raise ValueError(f"'{text}' is not a time of day; write it in quotes like \"09:00\"")
    return text


SlotName = Annotated[str, AfterValidator(slot_name)]
Clock = Annotated[str, AfterValidator(clock)]


class Slot(Model):
    """A GPU, a MIG device, or a part of a GPU: what one person has at a time."""

    device: Annotated[str, AfterValidator(device_uuid)] = Field(
        description="UUID of the GPU or MIG device: `nvidia-smi -L`"
    )
    memory: Size | None = Field(
        None, description="memory that the driver enforces, for a part of a GPU (driver 615 or later); empty: all of it"
    )


class Terms(Model):
    """How long and how often; what a period changes."""

    lease_hours: float | None = Field(None, gt=0, le=168, description="length of a lease")
    idle_minutes: float | None = Field(None, ge=1, description="minutes after which an unused GPU is taken back")
    weekly_hours: float | None = Field(None, ge=0, description="GPU hours a week after which one is served last")


class Period(Terms):
    """Days or hours in which other terms hold: a deadline week, class hours."""

    first_day: date | None = Field(None, description="the first day, like 2026-12-07; empty: every week")
    last_day: date | None = Field(None, description="the last day; empty: without an end")
    days: tuple[Day, ...] = Field((), description="days of the week, like [monday, thursday]; empty: every day")
    begins: Clock = Field("00:00", description='time of day from which it holds, in quotes: "09:00"')
    ends: Clock = Field("23:59:59", description='time of day until which it holds: "17:00"')

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}")
        if time.fromisoformat(self.ends) <= time.fromisoformat(self.begins):
            raise ValueError(f"'{self.ends}' is not later than '{self.begins}'; make two periods of one over midnight")
        return self

    def holds(self, at: datetime) -> bool:
        """Whether it holds at a time of the campus' own clock."""
        day = at.strftime("%A").lower()
        dated = (self.first_day or date.min) <= at.date() <= (self.last_day or date.max)
        hours = time.fromisoformat(self.begins) <= at.time() <= time.fromisoformat(self.ends)
        return dated and hours and (not self.days or day in self.days)


class Toolkit(Model):
    """Where NVIDIA's container toolkit comes from, and a Docker that can lend GPUs. Files may be relative to the settings'."""

    managed: bool = Field(
        True, description="false: toolkit and description of the devices (CDI) are somebody else's work on this machine"
    )
    source: str = Field(
        "https://nvidia.github.io/libnvidia-container/stable/deb",
        pattern=r"^(https?|file):/\S+$",
        description="NVIDIA's repository of Debian packages, or a mirror of it: https://… or file:/…",
    )
    key_file: Path | None = Field(None, description="that repository's signing key; empty: fetched once from NVIDIA")
    docker_source: str = Field(
        "https://download.docker.com/linux/debian",
        pattern=r"^(https?|file):/\S+$",
        description="Docker's repository or a mirror of it, where Debian's own Docker knows no CDI",
    )
    docker_key_file: Path | None = Field(None, description="its signing key; empty: fetched once from Docker")


class Gpus(Model):
    """The GPUs that are lent, and how."""

    slots: Mapping[SlotName, Slot] = Field({}, description="the slots, by name; none: no GPUs are lent")
    lease_hours: float = Field(3, gt=0, le=168, description="length of a lease; it begins anew while nobody waits")
    claim_minutes: float = Field(10, ge=1, description="minutes for which an offered slot is kept")
    notice_minutes: float = Field(10, ge=1, description="minutes between a warning and the end of a lease")
    idle_minutes: float = Field(20, ge=1, description="minutes without computing after which a GPU is taken back")
    idle_minutes_in_class: float = Field(30, ge=1, description="the same while the course has reserved slots")
    weekly_hours: float = Field(6, ge=0, description="GPU hours in seven days after which one is served last")
    half_life_days: float = Field(3.5, gt=0, description="days after which used GPU hours count half in the queue")
    parts_without_limit: bool = Field(
        False, description="accept that parts of a GPU can take each other's memory where the driver enforces no limit"
    )
    tools: tuple[str, ...] = Field(
        ("dcgm-exporter",), description="containers of the administrator's own that may look at every GPU, by name"
    )
    periods: Mapping[SlotName, Period] = Field({}, description="times in which other terms hold, by name")
    toolkit: Toolkit = Field(Toolkit(), description="where NVIDIA's container toolkit comes from")

    @model_validator(mode="after")
    def _devices_apart(self) -> Gpus:
        by_device: dict[str, list[str]] = defaultdict(list)
        for name, slot in self.slots.items():
            by_device[slot.device].append(name)
        for uuid, names in by_device.items():
            whole = [name for name in names if self.slots[name].memory is None]
            if len(names) > 1 and whole:
                raise ValueError(
                    f"{uuid} is in slots {', '.join(names)}; give each of them its memory, or keep one of them"
                )
        return self
