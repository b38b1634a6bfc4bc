"""Whether the machine's NVIDIA driver is new enough for the CUDA of the courses' images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub import images
from hub.checks import Examined, Finding
from hub.gpu_machine import driver_version, too_old

DRIVER = Path("/proc/driver/nvidia/version")


def driver(examined: Examined) -> Iterator[Finding]:
    known = images.read(examined.root)
    wanted = {name: cuda for name in examined.settings.images if (cuda := known[name].cuda) is not None}
    yield from below(DRIVER, wanted)


def below(path: Path, wanted: dict[str, int]) -> Iterator[Finding]:
    """What is too new for this driver, of images by their major version of CUDA; nothing where there is no driver."""
    version = driver_version(path.read_text(encoding="utf-8")) if path.exists() else ""
    for image, cuda in wanted.items():
        if version and (wrong := too_old(version, image, cuda)):
            yield Finding(
                wrong,
                f"{path} says {version}",
                "Install a newer driver, or give these courses an image with an older CUDA (`campushub images list`).",
            )
