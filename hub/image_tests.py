"""Whether an image is fit for a course: what was asked for imports, nothing is left in it, its server comes up, it computes.

Everything runs as a student would run it: not as root, with the limits of a server, and without a network. An image passes
the checks of all that it is built on as well (as in jupyter/docker-stacks).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.adapters.engine import Engine
from hub.images import Image, asked_for, lineage
from hub.mirror import DATA
from hub.trouble import Trouble

Report = Callable[[str], None]

TUTORIALS = "/opt/env/share/campushub/tutorials"  # in the image
MEMORY = 2 * 1024**3
SECONDS = 300


@dataclass(frozen=True)
class Check:
    """One check of an image: what it is called, a Python program of this machine, its words, and folders it may read."""

    name: str
    path: Path
    words: tuple[str, ...] = ()
    mounts: tuple[tuple[Path, str], ...] = ()


def test(root: Path, tag: str, image: Image, images: Mapping[str, Image], *, report: Report) -> list[str]:
    """Run an image's checks; the sentences of those that failed."""
    return run(tag, image.name, checks(root, image, images), report=report)


def run(tag: str, name: str, wanted: Iterable[Check], *, report: Report) -> list[str]:
    """Run checks in an image of this tag; the sentences of those that failed."""
    engine, failed = Engine.connect(), []
    for check in wanted:
        began = time.monotonic()
        try:
            mounts = {check.path: _place(check), **dict(check.mounts)}
            environment = {"CAMPUSHUB_DATA": DATA} if DATA in mounts.values() else {}
            engine.run_as_student(
                tag, _command(check), mounts, memory=MEMORY, seconds=SECONDS + 30, environment=environment
            )
        except Trouble as trouble:
            failed.append(f"{name}: {check.name}: {trouble}")
            report(f"image {name}: {check.name}: failed")
        else:
            report(f"image {name}: {check.name}: good, {time.monotonic() - began:.0f} s")
    return failed


def checks(root: Path, image: Image, images: Mapping[str, Image]) -> Iterator[Check]:
    """What an image must pass: its parents' checks first, then its own; its server last."""
    common = root / "images" / "checks"
    yield Check("nothing is left in it", common / "clean.py")
    for name in lineage(images, image.name):
        if asked := asked_for(root / "images" / name):
            yield Check(f"packages of {name} import", common / "imports.py", tuple(asked))
        for path in sorted((root / "images" / name / "checks").glob("*.py")):
            yield Check(path.stem, path)
        for path in sorted((root / "images" / name / "tutorials").glob("*.ipynb")):
            yield Check(f"tutorial {path.stem}", common / "notebook.py", (f"{TUTORIALS}/{path.name}", path.name))
    yield Check("server", common / "server.py")


def _place(check: Check) -> str:
    return f"/mnt/{check.path.name}"


def _command(check: Check) -> list[str]:
    return ["timeout", str(SECONDS), "python", _place(check), *check.words]
