"""Which images there are and what each is made of.

An image is named by its content: the id in its tag is computed from everything that goes in, so that building the same
again is no work. `hub.image_build` makes them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hub import wheelhouse
from hub.adapters.engine import Engine
from hub.settings import Settings, parts

LEFT_OUT = {"__pycache__", "README.md", "checks"}
RECIPE = "packages.sh"  # of the images that have no Dockerfile


@dataclass(frozen=True)
class Image:
    """One image of images/images.yaml: its name, who it builds on, and the folders copied into its build.

    `index` is where Python packages of its lock are that this machine's own indexes may not have; `from_source` names
    those that publish no wheel; `cuda` is the major version of CUDA that it brings; `documents` is one that has nothing but
    its parent's documentation. `up` builds an `optional` one only where the settings want the part of its name.
    """

    name: str
    parent: str | None
    summary: str
    course: bool = False
    part: bool = False
    copies: tuple[str, ...] = ()
    index: str | None = None
    from_source: tuple[str, ...] = ()
    cuda: int | None = None
    optional: bool = False
    documents: bool = False


def read(root: Path) -> dict[str, Image]:
    """The images in building order, parents first."""
    found = yaml.safe_load((root / "images" / "images.yaml").read_text(encoding="utf-8"))
    return {
        name: Image(
            name=name,
            parent=about.get("parent"),
            summary=about["summary"],
            course=about.get("course", False),
            part=about.get("part", False),
            copies=tuple(about.get("copies", ())),
            index=about.get("index"),
            from_source=tuple(about.get("from_source", ())),
            cuda=about.get("cuda"),
            optional=about.get("optional", False),
            documents=about.get("documents", False),
        )
        for name, about in found.items()
    }


def course_images(root: Path) -> frozenset[str]:
    """The names that a course may have as its image."""
    return frozenset(image.name for image in read(root).values() if image.course)


def usual(images: Mapping[str, Image]) -> list[str]:
    """The names that are meant when none is said: all but those with CUDA, of which each has gigabytes."""
    return [image.name for image in images.values() if image.cuda is None]


def of_parts(images: Mapping[str, Image], settings: Settings) -> list[str]:
    """The images that this hub's parts run as."""
    return [one.name for one in images.values() if one.part and (not one.optional or one.name in parts(settings))]


def content_ids(root: Path, images: Mapping[str, Image]) -> dict[str, str]:
    """The content id of each image: 12 hex digits over its parent's id and every file that goes in."""
    ids: dict[str, str] = {}
    for image in images.values():
        digest = hashlib.sha256(ids[image.parent].encode() if image.parent else b"")
        for path, name in files(root, image):
            digest.update(f"{name}\0{path.stat().st_mode & 0o111}\0".encode() + path.read_bytes())
        ids[image.name] = digest.hexdigest()[:12]
    return ids


def files(root: Path, image: Image) -> Iterator[tuple[Path, str]]:
    """Every file of an image's build with its name there."""
    for source in (f"images/{image.name}", *image.copies):
        top = root / source
        base = top if source == f"images/{image.name}" else top.parent
        paths = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in paths:
            if path.is_file() and not LEFT_OUT & set(path.relative_to(root).parts):
                yield path, str(path.relative_to(base))
    if image.documents:
        return
    if image.parent is None:
        yield root / "hub" / "debian.py", "debian.py"
    elif (root / "images" / image.name / "debian.txt").exists() or not has_dockerfile(root, image):
        yield root / "images" / RECIPE, RECIPE


def asked_for(source: Path) -> list[str]:
    """The Python packages that an image's folder asks for by name, without what these need themselves."""
    path = source / "requirements.in"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", text, re.MULTILINE)


def libraries(root: Path, image: Image) -> list[str]:
    """What an image of documentation documents: its parents' libraries first, then its own."""
    lists = [path for path, _ in files(root, image) if path.name == "docs.txt"]
    lines = [line for path in reversed(lists) for line in path.read_text(encoding="utf-8").splitlines()]
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def tag(name: str, content: str) -> str:
    return f"campushub/{name}:{content}"


def has_dockerfile(root: Path, image: Image) -> bool:
    """Whether an image is built by a Dockerfile of its own, and not as its parent with packages on top."""
    return (root / "images" / image.name / "Dockerfile").exists()


def lineage(images: Mapping[str, Image], name: str) -> list[str]:
    """An image and what it is built on, the root first."""
    parent = images[name].parent
    return [*(lineage(images, parent) if parent else []), name]


def packages(root: Path, name: str) -> dict[str, str]:
    """The Python packages of an image and of what it is built on, by name with their versions."""
    found: dict[str, str] = {}
    for one in lineage(read(root), name):
        lock = root / "images" / one / "requirements.txt"
        found |= wheelhouse.pins(lock.read_text(encoding="utf-8")) if lock.exists() else {}
    return found


def listed(root: Path, engine: Engine) -> list[dict[str, Any]]:
    """Every image in building order: name, content id, parent, summary, tag; size in bytes, none when it is not built."""
    images = read(root)
    ids = content_ids(root, images)
    lines = []
    for name, image in images.items():
        found = engine.image(tag(name, ids[name]))
        about = {"name": name, "content": ids[name], "parent": image.parent, "course": image.course, "cuda": image.cuda}
        lines.append({**about, "summary": image.summary, "tag": tag(name, ids[name]), "size": found and found.size})
    return lines
