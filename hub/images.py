"""Which images there are, what each is made of, and how they come to be on this machine.

An image is named by its content: the id in its tag is computed from everything that goes in, so that building the same
again is no work. Wheels come from `hub.wheelhouse`; Docker is spoken to through `hub.adapters.engine`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from hub import debian, wheelhouse
from hub.adapters.engine import Engine
from hub.durable import write_durably
from hub.folders import Folders

Report = Callable[[str], None]

CERTIFICATES = Path("/usr/local/share/ca-certificates")
LEFT_OUT = {"__pycache__", "README.md", "requirements.in"}


@dataclass(frozen=True)
class Image:
    """One image of images/images.yaml: its name, who it builds on, and the folders copied into its build."""

    name: str
    parent: str | None
    summary: str
    course: bool
    copies: tuple[str, ...]


def read(root: Path) -> dict[str, Image]:
    """The images in building order, parents first."""
    found = yaml.safe_load((root / "images" / "images.yaml").read_text(encoding="utf-8"))
    return {
        name: Image(
            name=name,
            parent=about.get("parent"),
            summary=about["summary"],
            course=about.get("course", False),
            copies=tuple(about.get("copies", ())),
        )
        for name, about in found.items()
    }


def course_images(root: Path) -> frozenset[str]:
    """The names that a course may have as its image."""
    return frozenset(image.name for image in read(root).values() if image.course)


def content_ids(root: Path, images: Mapping[str, Image], certificates: Path = CERTIFICATES) -> dict[str, str]:
    """The content id of each image: 12 hex digits over its parent's id and every file that goes in."""
    ids: dict[str, str] = {}
    for image in images.values():
        digest = hashlib.sha256(ids[image.parent].encode() if image.parent else b"")
        for path, name in _files(root, image):
            digest.update(f"{name}\0{path.stat().st_mode & 0o111}\0".encode() + path.read_bytes())
        if image.parent is None:
            for path in sorted(certificates.glob("*.crt")):
                digest.update(path.read_bytes())
        ids[image.name] = digest.hexdigest()[:12]
    return ids


def _files(root: Path, image: Image) -> Iterator[tuple[Path, str]]:
    """Every file of an image's build with its name there."""
    for source in (f"images/{image.name}", *image.copies):
        top = root / source
        base = top if source == f"images/{image.name}" else top.parent
        paths = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in paths:
            if path.is_file() and not LEFT_OUT & set(path.relative_to(root).parts):
                yield path, str(path.relative_to(base))


def tag(name: str, content: str) -> str:
    return f"campushub/{name}:{content}"


def listed(root: Path) -> list[str]:
    """One line an image: its name, its size when it is there, what it is."""
    images, engine = read(root), Engine.connect()
    ids = content_ids(root, images)
    lines = []
    for image in images.values():
        found = engine.image(tag(image.name, ids[image.name]))
        size = f"{found.size / 1e6:.0f} MB" if found else "not built"
        lines.append(f"{image.name:<8} {ids[image.name]} {size:>10}  {image.summary}")
    return lines


def build(root: Path, folders: Folders, *, report: Report) -> bool:
    """Build what is not there yet, write DATA/images.json, and say whether anything was built.

    Raises Trouble with a sentence when the mirror, the package index or Docker does not answer.
    """
    images, engine = read(root), Engine.connect()
    ids = content_ids(root, images)
    built = False
    for image in images.values():
        name = tag(image.name, ids[image.name])
        if engine.image(name) is not None:
            continue
        report(f"image {image.name}: building ({image.summary})")
        if image.parent is None:
            debian.bootstrap(engine, name, CERTIFICATES)
        else:
            _build_one(root, image, name, tag(image.parent, ids[image.parent]), engine, folders)
        built = True
    _record(engine, {name: tag(name, ids[name]) for name in images}, folders.images)
    return built


def _build_one(root: Path, image: Image, name: str, parent: str, engine: Engine, folders: Folders) -> None:
    with TemporaryDirectory(prefix="campushub-build-") as scratch:
        context = Path(scratch)
        for path, inside in _files(root, image):
            target = context / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            target.chmod(0o755 if path.stat().st_mode & 0o111 else 0o644)
        lock = root / "images" / image.name / "requirements.txt"
        if lock.exists():
            wheelhouse.fill(lock, folders.wheelhouse / image.name)
            wheelhouse.link(folders.wheelhouse / image.name, context / "wheels")
        if (context / "package-lock.json").exists():
            wheelhouse.install_node_modules(context)
        engine.build(context, name, {"PARENT": parent})


def _record(engine: Engine, names: Mapping[str, str], path: Path) -> None:
    """Write down what is there, for hub and worker: name to tag, image id and size in bytes."""
    record = {}
    for name, reference in names.items():
        found = engine.image(reference)
        if found is not None:
            record[name] = {"tag": reference, "id": found.id, "size": found.size}
    text = json.dumps(record, indent=2) + "\n"
    if not (path.exists() and path.read_text(encoding="utf-8") == text):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, text.encode(), mode=0o644)
