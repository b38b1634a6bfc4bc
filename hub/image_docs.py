"""The documentation of an image, made inside a container of it and kept as an image of its own: one archive of HTML.

Apart from the image itself, so that no student's server carries it, a change of a page leaves gigabytes as they are, and a
page that cannot be made keeps nobody from their notebooks. What makes the pages is images/docs.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from hub import wheelhouse
from hub.adapters.engine import Engine
from hub.images import Image, libraries

TOOLS = "docs"  # the folder of images/ with what makes the pages
ARCHIVE = "docs.tar.gz"


def make(root: Path, image: Image, tag: str, parent: str, engine: Engine, house: Path, debs: Path) -> None:
    """Make the image of an image's documentation; raises Trouble when a library's pages cannot be made."""
    tools, wheels = root / "images" / TOOLS, house / "wheels"
    wheelhouse.fill(tools / "requirements.txt", wheels)
    with TemporaryDirectory(prefix="campushub-docs-") as scratch:
        out, names = Path(scratch) / "out", Path(scratch) / "names.txt"
        out.mkdir()
        names.write_text("".join(f"{name}\n" for name in libraries(root, image)), encoding="utf-8")
        mounts = {
            tools: "/mnt/docs",
            wheels: "/mnt/wheels",
            debs: "/mnt/debian",
            names: "/mnt/names.txt",
            out: "/mnt/out",
        }
        engine.run_as_root(parent, ["bash", "/mnt/docs/build.sh", image.parent or ""], mounts, network=False)
        packed = Path(scratch) / "image.tar"
        with tarfile.open(packed, "w") as archive:
            archive.add(out / ARCHIVE, ARCHIVE)
        engine.load_root(packed, tag, [])


@contextmanager
def opened(engine: Engine, tag: str) -> Iterator[IO[bytes]]:
    """The archive of an image of documentation, to be read."""
    with engine.file_of(tag, f"/{ARCHIVE}") as file:
        yield file
