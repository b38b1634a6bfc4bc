"""The driver of NVIDIA's GPUs, asked through NVML: which devices there are, who uses them, what a container may take of one.

The only importer of nvidia-ml-py. What one device does not answer is that device's trouble, and no other's. Function names and
what they return: NVML API Reference Guide; struct layouts: nvidia-ml-py 13.615.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pynvml

from hub.gpu_seen import Device
from hub.gpu_use import Inventory, Process, Use
from hub.trouble import Trouble

WORDS = {
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: "NVIDIA's library libnvidia-ml.so.1 is not there: this machine has no driver, or Docker "
    "was not told of its GPUs (CDI)",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "NVIDIA's driver is not loaded; `nvidia-smi` says more",
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "NVIDIA's driver and its library are of different versions; reboot the machine",
    pynvml.NVML_ERROR_NO_PERMISSION: "NVIDIA's driver does not permit it",
    pynvml.NVML_ERROR_GPU_IS_LOST: "the GPU is lost: the driver cannot reach it any more; reboot the machine",
    pynvml.NVML_ERROR_RESET_REQUIRED: "the GPU has to be reset, which `nvidia-smi --gpu-reset` does",
    pynvml.NVML_ERROR_CORRUPTED_INFOROM: "the GPU's own description of itself is damaged",
}
WITHOUT = (pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
SILENT = (
    *WITHOUT,
    pynvml.NVML_ERROR_INVALID_ARGUMENT,
    pynvml.NVML_ERROR_NO_PERMISSION,
)  # of one question, as under MIG
NOTHING = (pynvml.NVML_SUCCESS, pynvml.NVML_ERROR_NOT_FOUND)  # no samples; nvidia-ml-py raises the first as well
UNLIMITED = (0, pynvml.NVML_DEVICE_MEMORY_LIMIT_MAX)
NO_LIMITS = (
    "the driver has no memory limits for this device: they need driver 615 or newer, cgroup v2, and a GPU without MIG"
)

Answer = TypeVar("Answer")


@dataclass
class Driver:
    """The driver, opened. Remembers what a device was before it was lost, and up to when its use is known."""

    version: str
    known: dict[str, Device] = field(default_factory=dict)  # by its name, like `0`
    handles: dict[str, Any] = field(default_factory=dict)  # by UUID, as of the last inventory
    looked: dict[str, int] = field(default_factory=dict)  # by UUID: microseconds of the last sample

    @classmethod
    def open(cls) -> Driver:
        """Raises Trouble when there is no driver, or it does not answer."""
        with _in_words():
            pynvml.nvmlInit()
            return cls(str(pynvml.nvmlSystemGetDriverVersion()))

    def close(self) -> None:
        """Let the driver go; one that is gone already is no fault."""
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()

    def inventory(self) -> Inventory:
        """Every GPU, each followed by its MIG devices. Raises Trouble when the driver as a whole does not answer."""
        with _in_words():
            count = int(pynvml.nvmlDeviceGetCount())
        self.handles.clear()
        found: dict[str, Device] = {}
        for index in range(count):
            found |= self._gpu(index)
        return Inventory(self.version, tuple(found.values()), {name: one.uuid for name, one in found.items()})

    def use(self, device: str) -> Use:
        """Who uses a device of the last inventory, and how much since this was asked last; nothing where it does not answer."""
        handle = self.handles.get(device)
        if handle is None:
            return Use(device)
        with suppress(pynvml.NVMLError):
            computed = self._computed(device, handle)
            processes = [
                Process(pid, used, None if computed is None else pid in computed)
                for pid, used in sorted(_processes(handle).items())
            ]
            busy = _asked(lambda: int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu), None)
            return Use(device, tuple(processes), busy)
        return Use(device)

    def limit_of(self, device: str, cgroup: Path) -> int | None:
        """Bytes of a device's memory that the processes of a cgroup may have; none without a limit, or where it is not known."""
        handle = self.handles.get(device)
        with suppress(pynvml.NVMLError):
            return None if handle is None else _limit(handle, cgroup)
        return None

    def limit(self, device: str, cgroup: Path, size: int) -> None:
        """Have the driver refuse the processes of a leaf cgroup more than `size` bytes of a device's memory.

        Raises Trouble when it does not, or does not say afterwards that it does. There is no soft limit: the driver would keep
        that of a container that has ended (NVIDIA, MPS v3 Memory Partitioning). Needs root.
        """
        handle = self.handles.get(device)
        if handle is None:
            raise Trouble(f"the device {device} is not there, or does not answer")
        wanted = pynvml.c_nvmlSetMemoryLimits_v1_t(nameSpace=str(cgroup).encode(), softLimit=0, hardLimit=size)
        with _in_words(
            {**dict.fromkeys(WITHOUT, NO_LIMITS), pynvml.NVML_ERROR_NOT_FOUND: f"{cgroup} takes no such limits"}
        ):
            pynvml.nvmlDeviceSetMemoryLimits_v1(handle, wanted)
            got = _limit(handle, cgroup)
        if got != size:
            raise Trouble(f"the driver was given a limit of {size} bytes and says {'none' if got is None else got}")

    def _gpu(self, index: int) -> dict[str, Device]:
        """A GPU and its MIG devices, by name; as they were last, with the trouble, when it does not answer."""
        name = str(index)
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            found = {name: self._device(handle, None)}
            found |= self._parts(index, handle, found[name].uuid)
        except pynvml.NVMLError as error:
            last = {key: one for key, one in self.known.items() if key.partition(":")[0] == name}
            return {key: replace(one, trouble=_words(error)) for key, one in last.items()}
        self.known = {key: one for key, one in self.known.items() if key.partition(":")[0] != name} | found
        return found

    def _parts(self, index: int, handle: Any, gpu: str) -> dict[str, Device]:
        mode = _asked(lambda: int(pynvml.nvmlDeviceGetMigMode(handle)[0]), pynvml.NVML_DEVICE_MIG_DISABLE)
        if mode != pynvml.NVML_DEVICE_MIG_ENABLE:
            return {}
        found = {}
        for place in range(int(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle))):
            with suppress(
                pynvml.NVMLError_NotFound, pynvml.NVMLError_InvalidArgument
            ):  # nobody made a device of this place
                found[f"{index}:{place}"] = self._device(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place), gpu)
        return found

    def _device(self, handle: Any, gpu: str | None) -> Device:
        uuid, memory = str(pynvml.nvmlDeviceGetUUID(handle)), pynvml.nvmlDeviceGetMemoryInfo(handle)
        self.handles[uuid] = handle
        name = str(pynvml.nvmlDeviceGetName(handle))
        return Device(uuid, name, memory=int(memory.total), used=int(memory.used), gpu=gpu or uuid)

    def _computed(self, device: str, handle: Any) -> set[int] | None:
        """Processes that have computed since the last look; none where the driver does not tell them apart."""
        since = self.looked.get(device, 0)
        try:
            samples = pynvml.nvmlDeviceGetProcessUtilization(handle, since)
        except pynvml.NVMLError as error:
            if error.value in NOTHING:
                return set()
            if error.value in SILENT:
                return None
            raise
        self.looked[device] = max([since, *(int(one.timeStamp) for one in samples)])
        return {int(one.pid) for one in samples if one.smUtil > 0}


def _processes(handle: Any) -> dict[int, int]:
    """Bytes of a device's memory by pid. A program that computes and draws is told twice, with all its memory each time."""
    found: dict[int, int] = {}
    for kind in (pynvml.nvmlDeviceGetComputeRunningProcesses_v3, pynvml.nvmlDeviceGetGraphicsRunningProcesses_v3):
        told: list[Any] = _asked(partial(kind, handle), [])
        for one in told:
            found[int(one.pid)] = max(found.get(int(one.pid), 0), int(one.usedGpuMemory or 0))
    return found


def _limit(handle: Any, cgroup: Path) -> int | None:
    asked = pynvml.c_nvmlGetMemoryLimits_v1_t(nameSpace=str(cgroup).encode())
    try:
        pynvml.nvmlDeviceGetMemoryLimits_v1(handle, asked)
    except pynvml.NVMLError_NotFound:
        return None
    return None if asked.hardLimit in UNLIMITED else int(asked.hardLimit)


@contextmanager
def _in_words(more: Mapping[int, str] = {}) -> Iterator[None]:
    """Turn what NVML raises into Trouble."""
    try:
        yield
    except pynvml.NVMLError as error:
        raise Trouble(more.get(error.value) or _words(error)) from None


def _asked(question: Callable[[], Answer], otherwise: Answer) -> Answer:
    """The answer, or something else where this driver or device knows no such question."""
    try:
        return question()
    except pynvml.NVMLError as error:
        if error.value in SILENT:
            return otherwise
        raise


def _words(error: Any) -> str:
    return WORDS.get(error.value, f"NVIDIA's driver says: {error}")
