"""A service that lends two GPUs, with a real store, a clock that is moved by hand, and no hub."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.gpu_seen import Device, Holder, Seen
from hub.services import gpus
from hub.services.state import State

A, B = "GPU-aaaaaaaa-0000-1111-2222-333333333333", "GPU-bbbbbbbb-0000-1111-2222-333333333333"
GIB = 2**30
SETTINGS = """
data: {data}
reserve: 1M
gpus: {{slots: {{left: {{device: {a}}}, right: {{device: {b}, memory: 8G}}}}}}
courses: {{nn: {{title: N, gpu_image: base}}, ml: {{title: M, gpu_image: base}}}}
"""
DEVICES = tuple(Device(uuid, "NVIDIA T4", 16 * GIB, 0, uuid) for uuid in (A, B))
SEEN = Seen("615.10", devices=DEVICES)


class Clock(State):
    """The service with a clock that is moved by hand."""

    moved = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 11, 2, 12, tzinfo=UTC) + self.moved


def lending(folder: Path) -> State:
    """The service over a folder."""
    config = folder / "hub.yaml"
    config.write_text(SETTINGS.format(data=folder / "data", a=A, b=B), encoding="utf-8")
    return Clock.open(config, "http://127.0.0.1:9")


def take_up(service: State, old: str, new: str) -> None:
    """Have the settings say something else."""
    text = service.config.read_text(encoding="utf-8")
    service.config.write_text(text.replace(old, new), encoding="utf-8")
    service.changed_at = 0
    service.reload()


def pass_time(service: State, minutes: float) -> None:
    assert isinstance(service, Clock)
    service.moved += timedelta(minutes=minutes)


def begin(service: State, person: str) -> Holder:
    """Have a server with a GPU; its container as the agent sees it."""
    told = gpus.take(service, person, "nn")
    gpus.leases(service).started(person, service.now())
    return Holder(f"id-{person}", person, person, "gpu-nn", (told["device"],), running=True)
