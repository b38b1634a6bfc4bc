"""Whether this machine keeps what CampusHub promises about GPUs: tried with real containers, on this machine's own devices.

Each promise is kept, broken, or could not be tried here, with the reason. What has been shown with made-up devices only says so.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hub import image_record
from hub.adapters.engine import Engine
from hub.adapters.gpu_probe import Probe
from hub.settings import Settings
from hub.trouble import Trouble

Report = Callable[[str], None]
MOST_NUMBERS = 16  # of NVIDIA's devices that are tried to be opened
UNPROVEN = (
    "Injection, whose process is whose, and memory limits were tried with made-up devices in CampusHub's own tests; until "
    "they are kept here, they are unproven on metal."
)


@dataclass(frozen=True)
class Outcome:
    """One promise: kept, broken, or none when it could not be tried here; with what was seen."""

    promise: str
    kept: bool | None
    seen: str

    def line(self) -> str:
        mark = {True: "kept  ", False: "BROKEN", None: "–     "}[self.kept]
        return f"{mark}  {self.promise}" + (f": {self.seen}" if self.seen else "")


def run(settings: Settings, *, report: Report) -> int:
    """Try everything; 0 when nothing is broken."""
    if not settings.gpus.slots:
        raise Trouble("no GPUs are declared; put them below gpus.slots of the settings (`nvidia-smi -L` lists them)")
    report(UNPROVEN)
    broken = 0
    for outcome in tried(settings, Engine.connect()):
        report(outcome.line())
        broken += outcome.kept is False
    return int(broken > 0)


def tried(settings: Settings, engine: Engine) -> Iterator[Outcome]:
    """Every promise in turn."""
    record = image_record.read(settings.folders.images)
    wanted = [course.gpu_image for course in settings.courses.values() if course.gpu_image in record]
    name = next(iter([*wanted, "base"]))
    if name is None or name not in record:
        raise Trouble("no image is on this machine to try it with; run `campushub up` first")
    probe = Probe(engine, record[name]["tag"])
    devices = sorted({slot.device for slot in settings.gpus.slots.values()})
    yield nvidia_runtime(engine)
    yield without_a_request(probe)
    given: dict[str, str] = {}
    for device in devices:
        yield from one_device(probe, device, given)
    whole = {device: number for device, number in given.items() if device.startswith("GPU-")}
    if len(whole) > 1:
        yield apart(whole)
    yield trains(probe, devices[0], str(name))
    yield memory_limit(probe, settings)


def nvidia_runtime(engine: Engine) -> Outcome:
    """NVIDIA's own runtime gives every GPU to a container whose environment asks for it."""
    info = engine.client.api.info()
    bad = "nvidia" in (info.get("Runtimes") or {}) or info.get("DefaultRuntime") == "nvidia"
    return Outcome("Docker has no runtime `nvidia`", not bad, "take it out of /etc/docker/daemon.json" if bad else "")


def without_a_request(probe: Probe) -> Outcome:
    """Neither an environment variable nor root with the right to make devices opens anything."""
    promise = "a container without a GPU opens none, as root and with NVIDIA_VISIBLE_DEVICES=all"
    try:
        with probe.container(None, root=True, environment={"NVIDIA_VISIBLE_DEVICES": "all"}) as container:
            told = probe.opens(container, MOST_NUMBERS)
    except Trouble as trouble:
        return Outcome(promise, False, str(trouble))
    opened = _allowed(told["opened"])
    return Outcome(promise, not opened and not told["nodes"], f"opened {opened}" if opened else "all are EPERM")


def one_device(probe: Probe, device: str, given: dict[str, str]) -> Iterator[Outcome]:
    """What a container with a device has; root's container is asked, which could make every other."""
    promise = f"{device}: a container has it and nothing else, as root with mknod too"
    try:
        with probe.container(device, root=True) as container:
            told = probe.opens(container, MOST_NUMBERS)
            mine = _allowed(told["opened"])
            yield Outcome(promise, len(mine) == 1, f"{mine} of {MOST_NUMBERS} numbers, nodes {told['nodes']}")
            given[device] = ",".join(mine)
            yield _after_reload(probe, container, device, mine)
            yield _listed(probe, container, device)
    except Trouble as trouble:
        yield Outcome(promise, False, str(trouble))


def _allowed(opened: dict[str, str]) -> list[str]:
    """Device numbers that may be opened: EPERM alone means that they may not."""
    return sorted(number for number, how in opened.items() if how not in ("EPERM", "EACCES"))


def _after_reload(probe: Probe, container: str, device: str, before: list[str]) -> Outcome:
    promise = f"{device}: it stays through `systemctl daemon-reload`"
    systemctl = shutil.which("systemctl")
    if systemctl is None or not Path("/run/systemd/system").exists():
        return Outcome(promise, None, "this machine has no systemd")
    subprocess.run([systemctl, "daemon-reload"], check=True)
    after = _allowed(probe.opens(container, MOST_NUMBERS)["opened"])
    return Outcome(promise, after == before, f"{after} may be opened after it")


def _listed(probe: Probe, container: str, device: str) -> Outcome:
    promise = f"{device}: nvidia-smi in the container lists it alone"
    try:
        said = probe.run(container, ["nvidia-smi", "-L"])
    except Trouble as trouble:
        return Outcome(promise, None, f"nvidia-smi does not run there ({str(trouble)[:120]})")
    listed = [line for line in said.splitlines() if line.strip()]
    return Outcome(
        promise, len([line for line in listed if "GPU " in line]) == 1 and device in said, " | ".join(listed)
    )


def apart(given: dict[str, str]) -> Outcome:
    """Whole GPUs have numbers of their own; MIG devices of one GPU share its."""
    shared = len(set(given.values())) < len(given)
    return Outcome(
        "every GPU is another device", not shared, ", ".join(f"{one}={number}" for one, number in given.items())
    )


def trains(probe: Probe, device: str, image: str) -> Outcome:
    promise = f"torch of the image {image} trains on {device}"
    try:
        with probe.container(device) as container:
            told = probe.trains(container)
    except Trouble as trouble:
        absent = "No module named" in str(trouble)
        return Outcome(promise, None if absent else False, "the image has no torch" if absent else str(trouble))
    return Outcome(promise, told["devices"] == 1, f"{told['name']}, {told['devices']} device, loss {told['loss']:.3f}")


def memory_limit(probe: Probe, settings: Settings) -> Outcome:
    """Where parts of a GPU are declared: that half of the limit can be had, and more than the limit cannot."""
    promise = "a part of a GPU has a memory limit that the driver enforces"
    part = next(((one.device, one.memory) for one in settings.gpus.slots.values() if one.memory is not None), None)
    if part is None:
        return Outcome(promise, None, "no part with a limit is declared")
    device, size = part
    try:
        with probe.container(device) as container:
            probe.limit(f"{settings.name}-agent", container, device, size)
            took = probe.takes(container, size)
    except Trouble as trouble:
        return Outcome(promise, False, str(trouble))
    return Outcome(promise, took == [size // 2], f"with a limit of {size} bytes a program could have {took}")
