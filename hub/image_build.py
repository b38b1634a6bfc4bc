"""How images come to be on this machine: by their Dockerfile, or as their parent with packages on top.

Everything is fetched first, into the wheelhouse; what is installed is installed without a network and against the hashes of
the lock, so that a filled wheelhouse is enough and an altered wheel is refused.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hub import debian, image_docs, image_record, wheelhouse
from hub.adapters.engine import Engine, Layer
from hub.folders import Folders
from hub.images import RECIPE, Image, asked_for, content_ids, files, packages, read, tag, usual
from hub.trouble import Trouble

Report = Callable[[str], None]


def build(root: Path, folders: Folders, *, names: Iterable[str] | None = None, report: Report) -> bool:
    """Build what is not there yet of these images (the usual ones by default) and what they need, and record what there is.

    Whether anything was built. Raises Trouble with a sentence when the mirror, the package index or Docker does not answer,
    a package is not what its lock says, or the disk is full.
    """
    images, engine = read(root), Engine.connect()
    tags = {name: tag(name, content) for name, content in content_ids(root, images).items()}
    todo: list[str] = []
    for name in usual(images) if names is None else _known(names, images):
        _add_missing(engine, images, tags, name, todo)
    try:
        for name in todo:
            parent = images[name].parent
            source, house = root / "images" / name, folders.wheelhouse / name
            _Build(
                root, images[name], tags[name], tags[parent] if parent else None, engine, source, house, report
            ).run()
    finally:
        _record(root, engine, tags, folders.images)
    return bool(todo)


def record(root: Path, folders: Folders) -> None:
    """Write down which images are there now."""
    tags = {name: tag(name, content) for name, content in content_ids(root, read(root)).items()}
    _record(root, Engine.connect(), tags, folders.images)


def _add_missing(
    engine: Engine, images: Mapping[str, Image], tags: Mapping[str, str], name: str, todo: list[str]
) -> None:
    """Add an image that is not there, after what it is built on."""
    if name in todo or engine.image(tags[name]) is not None:
        return
    if (parent := images[name].parent) is not None:
        _add_missing(engine, images, tags, parent, todo)
    todo.append(name)


def add_packages(
    root: Path, engine: Engine, parent: str, tag: str, asked: Iterable[str], lock: str, house: Path, report: Report
) -> None:
    """Make an image of another one with the packages of a lock on top; raises Trouble when that does not work."""
    with TemporaryDirectory(prefix="campushub-packages-") as scratch:
        source = Path(scratch)
        (source / "requirements.in").write_text("".join(f"{one}\n" for one in asked), encoding="utf-8")
        (source / "requirements.txt").write_text(lock, encoding="utf-8")
        name = tag.split(":")[0].removeprefix("campushub/")
        _Build(root, Image(name, parent, "packages of a course"), tag, parent, engine, source, house, report).run()


def _known(names: Iterable[str], images: Mapping[str, Image]) -> list[str]:
    for name in (names := list(names)):
        if name not in images:
            raise Trouble(f"there is no image '{name}'; there is: {', '.join(images)}")
    return names


@dataclass(frozen=True)
class _Build:
    """One image on its way: from the files in `source` and the packages in `house`."""

    root: Path
    image: Image
    tag: str
    parent: str | None
    engine: Engine
    source: Path
    house: Path
    report: Report

    def run(self) -> None:
        self.report(f"image {self.image.name}: {self.image.summary}")
        began = time.monotonic()
        try:
            if self.parent is None:
                debian.bootstrap(self.engine, self.tag, self.house, report=self.report)
            elif self.image.documents:
                self._documents(self.parent)
            else:
                self._upon(self.parent)
        except Trouble as trouble:
            raise Trouble(f"the image {self.image.name} could not be built: {trouble}{self._remedy(trouble)}") from None
        found = self.engine.image(self.tag)
        size = f"{found.size / 1e9:.2f} GB" if found else "gone again"
        self.report(f"image {self.image.name}: {size} after {time.monotonic() - began:.0f} s")

    def _remedy(self, trouble: Trouble) -> str:
        said = str(trouble)
        if "no space left on device" in said.lower():
            place = self.engine.root_folder()
            return (
                f"\nThe disk is full. Make room where {place} and {self.house.parent} are (`sudo ./campushub images prune` "
                "removes what nobody uses), then run the same command again; images that are there stay as they are."
            )
        if "DO NOT MATCH THE HASHES" in said or "EINTEGRITY" in said:
            return (
                f"\nIt is not what the lock allows, and nothing of it was taken. Remove {self.house} to have it fetched "
                "again; if that does not help, the mirror gives out something else than was published."
            )
        return ""

    def _upon(self, parent: str) -> None:
        """Debian's packages make one layer; the Dockerfile, or Python's packages, what is above it."""
        packages, below = _lines(self.source / "debian.txt"), parent
        if packages:
            below = f"{self.tag}-debian"
            debs = self._fetch_debian(parent, packages)
            self.engine.add_layer(parent, below, self._recipe("debian"), self._mounts({debs: "/mnt/debian"}), Layer())
        try:
            if (self.source / "Dockerfile").exists():
                self._by_dockerfile(below)
            else:
                self._python(below)
        finally:
            if below != parent:
                self.engine.remove_tag(below)

    def _documents(self, parent: str) -> None:
        packages = _lines(self.root / "images" / image_docs.TOOLS / "debian.txt")
        image_docs.make(
            self.root, self.image, self.tag, parent, self.engine, self.house, self._fetch_debian(parent, packages)
        )

    def _by_dockerfile(self, parent: str) -> None:
        with TemporaryDirectory(prefix="campushub-build-") as scratch:
            context = Path(scratch)
            for path, inside in files(self.root, self.image):
                target = context / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
                target.chmod(0o755 if path.stat().st_mode & 0o111 else 0o644)
            lock = self.source / "requirements.txt"
            if lock.exists():
                wheelhouse.fill(lock, self.house)
                wheelhouse.link(self.house, context / "wheels")
                (context / "asked-for.txt").write_text(
                    "".join(f"{name}\n" for name in asked_for(self.source)), encoding="utf-8"
                )
            if (context / "package-lock.json").exists():
                wheelhouse.install_node_modules(context, self.house / "npm")
            self.engine.build(context, self.tag, {"PARENT": parent})

    def _python(self, parent: str) -> None:
        lock = self.source / "requirements.txt"
        wheels = self._fetch_python(parent, lock)
        asked = wheels / "asked-for.txt"
        asked.write_text("".join(f"{name}\n" for name in asked_for(self.source)), encoding="utf-8")
        inside = {wheels: "/mnt/wheels", wheels / "install.txt": "/mnt/lock.txt", asked: "/mnt/asked-for.txt"}
        self.report(f"  installing {len(wheelhouse.pins(lock.read_text(encoding='utf-8')))} Python packages")
        layer = Layer(dict(line.split("=", 1) for line in _lines(self.source / "environment.txt")))
        self.engine.add_layer(parent, self.tag, self._recipe("python", self.image.name), self._mounts(inside), layer)

    def _fetch_debian(self, parent: str, packages: list[str]) -> Path:
        below = self.engine.image(parent)
        folder, wanted = self.house / "debian", "\n".join([parent, below.root if below else "", *packages]) + "\n"
        stamp = folder / "wanted.txt"
        if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
            self.report(f"  fetching from Debian: {', '.join(packages)}")
            if stamp.exists():  # another version of the same package would stand beside the new one
                shutil.rmtree(folder)
            (folder / "partial").mkdir(parents=True, exist_ok=True)
            authorities = (
                {wheelhouse.AUTHORITIES: str(wheelhouse.AUTHORITIES)} if wheelhouse.AUTHORITIES.exists() else {}
            )
            mounts = self._mounts({folder: "/mnt/debian", **authorities})
            self.engine.run_as_root(parent, self._recipe("fetch", *packages), mounts, network=True)
            stamp.write_text(wanted, encoding="utf-8")
        return folder

    def _fetch_python(self, parent: str, lock: Path) -> Path:
        """Fill the wheelhouse, with wheels made of what comes as source; the lock of what is there stands beside them."""
        pinned = wheelhouse.pins(lock.read_text(encoding="utf-8"))
        self.report(f"  fetching {len(pinned)} Python packages")
        sources = wheelhouse.fill(lock, self.house, index=self.image.index, from_source=self.image.from_source)
        if missing := [one for one in sources if wheelhouse.wheel_of(self.house, one) is None]:
            self.report(f"  making wheels of {', '.join(missing)}")
            mounts = self._mounts({self.house: "/mnt/wheels"})
            self.engine.run_as_root(parent, self._recipe("build", *missing), mounts, network=False)
        wheelhouse.write_install_lock(lock, self.house, sources)
        return self.house

    def _recipe(self, *words: str) -> list[str]:
        return ["bash", f"/mnt/{RECIPE}", *words]

    def _mounts(self, more: Mapping[Path, str]) -> dict[Path, str]:
        return {self.root / "images" / RECIPE: f"/mnt/{RECIPE}", **more}


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def _record(root: Path, engine: Engine, tags: Mapping[str, str], path: Path) -> None:
    """Write down what is there: tag, image id, size in bytes, and its Python packages with their versions, by name.

    An image of an earlier checkout stays in use until the one of this checkout is there.
    """
    known = image_record.read(path)
    there = {name: about for name, about in known.items() if name not in tags and engine.image(about["tag"])}
    for name, wanted in tags.items():
        for reference in (wanted, known.get(name, {}).get("tag")):
            if reference and (found := engine.image(reference)) is not None:
                has = packages(root, name) if reference == wanted else known[name].get("has", {})
                there[name] = {"tag": reference, "id": found.id, "size": found.size, "has": has}
                break
    image_record.write(path, there)
