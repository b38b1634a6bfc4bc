"""GPUs that are nowhere: a CDI spec as NVIDIA's toolkit writes it, whose device nodes have no driver behind them.

To open such a node answers ENXIO in a container that was given it, and EPERM in every other: which is which is Docker's and the
kernel's work, as with a real GPU, where the first would succeed. What NVIDIA's hooks, CUDA and a GPU's memory do is not seen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

KIND = "nvidia.com/gpu"
ALL = f"{KIND}=all"
MAJOR = 195  # of NVIDIA's character devices (Linux, admin-guide/devices.txt)
COMMON = (("/dev/nvidiactl", MAJOR, 255), ("/dev/nvidia-uvm", 511, 0))
SEEN_SECONDS = 1  # until Docker reads a changed spec; 0.2 were measured


def uuid_of(number: int) -> str:
    """The UUID of a made-up GPU, the same in every run."""
    return f"GPU-{uuid5(NAMESPACE_DNS, f'gpu{number}.campushub.invalid')}"


def name_of(number: int) -> str:
    """What a container asks for to get this GPU."""
    return f"{KIND}={uuid_of(number)}"


@dataclass
class MadeUpGpus:
    """The GPUs of a machine: numbers as in /dev/nvidia0, and what comes with each: files by their path in a container, variables."""

    folder: Path
    numbers: set[int]
    files: Mapping[str, Path] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._write()

    def add(self, number: int) -> None:
        self.numbers.add(number)
        self._write()

    def remove(self, number: int) -> None:
        """As when a GPU has fallen off the bus and the spec was written anew."""
        self.numbers.remove(number)
        self._write()

    def give_all_with(self, number: int) -> None:
        """A mistake in the spec: who asks for this one has every one."""
        text = json.loads((self.folder / "nvidia.json").read_text(encoding="ascii"))
        given = {one["name"]: one for one in text["devices"]}
        given[uuid_of(number)]["containerEdits"] = given["all"]["containerEdits"]
        self._put(json.dumps(text, indent=1))

    def _write(self) -> None:
        text = json.dumps(spec(self.numbers, self.files, self.environment), indent=1)
        file = self.folder / "nvidia.json"
        if not (file.exists() and file.read_text(encoding="ascii") == text):
            self._put(text)

    def _put(self, text: str) -> None:
        file, part = self.folder / "nvidia.json", self.folder / "nvidia.part"
        part.write_text(text, encoding="ascii")
        part.replace(file)
        time.sleep(SEEN_SECONDS)


def spec(numbers: set[int], files: Mapping[str, Path], environment: Mapping[str, str]) -> dict[str, Any]:
    """CDI's spec (0.6.0): each GPU by its number and its UUID, and all of them."""
    nodes = {number: node(f"/dev/nvidia{number}", MAJOR, number) for number in sorted(numbers)}
    devices = [device(name, [nodes[number]]) for number in nodes for name in (str(number), uuid_of(number))]
    mounts = [
        {"hostPath": str(path), "containerPath": inside, "options": ["ro", "nosuid", "nodev", "bind"]}
        for inside, path in files.items()
    ]
    variables = {"NVIDIA_VISIBLE_DEVICES": "void", **environment}
    edits = {
        "deviceNodes": [node(*about) for about in COMMON],
        "env": [f"{name}={value}" for name, value in variables.items()],
    }
    return {
        "cdiVersion": "0.6.0",
        "kind": KIND,
        "devices": [*devices, device("all", list(nodes.values()))],
        "containerEdits": {**edits, "mounts": mounts},
    }


def device(name: str, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "containerEdits": {"deviceNodes": nodes}}


def node(path: str, major: int, minor: int) -> dict[str, Any]:
    """With its numbers written down, it need not be on the machine."""
    return {"path": path, "type": "c", "major": major, "minor": minor, "fileMode": 0o666, "permissions": "rw"}
