"""A course's packages beside its image's: an image of its own, built beside the one in use and taken only when it is good.

What is asked for stands in the settings (`packages`) or in campushub-packages.txt of the course's material.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hub import image_build, image_record, image_tests, images, locks
from hub.adapters import copies
from hub.adapters.engine import Engine
from hub.durable import write_durably
from hub.image_tests import Check
from hub.mirror import DATA
from hub.settings import Settings
from hub.trouble import Trouble
from hub.values import package
from hub.wheelhouse import pins

Report = Callable[[str], None]

FILE = "campushub-packages.txt"
WITH_CUDA = {"tensorflow", "torch"}  # as PyPI has them
NOTEBOOKS = "/mnt/notebooks"  # where a notebook's folder is while it is tried


def asked_for(settings: Settings, course: str) -> list[str]:
    """The packages that a course asks for, of the settings and its material. Raises Trouble for a line that is none."""
    copy = settings.folders.material_copy(course)
    text = copies.read(copy, "show", f"{settings.courses[course].branch}:{FILE}")
    lines = [line.split("#")[0].strip() for line in text.decode(errors="replace").splitlines()]
    try:
        return [*settings.courses[course].packages, *(package(line) for line in lines if line)]
    except ValueError as mistake:
        raise Trouble(f"{FILE} in the material of the course {course}: {mistake}") from None


def bring_up(root: Path, settings: Settings, course: str, *, again: bool, report: Report) -> bool:
    """Give a course the image that it asks for, when it has not got it; whether anything changed.

    What was not good, or was taken back, is tried again only when it is asked for anew or with `again`. Raises Trouble with
    the reason when it is not good; the course keeps the image that it has.
    """
    own = _Own(root, settings, course, asked_for(settings, course))
    if not own.packages:
        return own.forget(report)
    if own.is_there():
        return False
    if not again and (why := own.why_not()):
        report(f"course {course}: {why}")
        return False
    try:
        own.build(report)
    except Trouble as trouble:
        _remember(settings, course, own.packages, f"{', '.join(own.packages)} was not taken: {trouble}")
        raise Trouble(f"course {course}: it keeps the image that it has. {trouble}") from None
    _remember(settings, course, own.packages, "")
    return True


def take_back(settings: Settings, course: str, *, report: Report) -> None:
    """Give a course the image that it had before; raises Trouble when it has none of its own."""
    path = settings.folders.images
    record = image_record.read(path)
    mine = record.pop(image_record.own(course), None)
    if mine is None:
        raise Trouble(f"the course '{course}' has no image of its own")
    if before := mine.get("before"):
        record[image_record.own(course)] = before
    image_record.write(path, record)
    _remember(settings, course, mine["packages"], f"{', '.join(mine['packages'])} was taken back")
    had = ", ".join(before["packages"]) if before else f"the image {mine['upon']} alone"
    report(f"course {course}: new servers have {had} again; those that run keep what they have")


@dataclass(frozen=True)
class _Own:
    """The image of its own that a course asks for."""

    root: Path
    settings: Settings
    course: str
    packages: list[str]

    @property
    def upon(self) -> str:
        return self.settings.courses[self.course].image

    @property
    def parent(self) -> str:
        return images.tag(self.upon, images.content_ids(self.root, images.read(self.root))[self.upon])

    @property
    def asked(self) -> dict[str, Any]:
        return {"upon": self.upon, "parent": self.parent, "packages": self.packages}

    def is_there(self) -> bool:
        mine = image_record.read(self.settings.folders.images).get(image_record.own(self.course), {})
        same = all(mine.get(key) == value for key, value in self.asked.items())
        return same and Engine.connect().image(mine["tag"]) is not None

    def why_not(self) -> str:
        """Why just this is not to be tried again."""
        found = image_record.not_taken(self.settings.folders.course_images).get(self.course, {})
        return str(found["why"]) if found.get("packages") == self.packages else ""

    def forget(self, report: Report) -> bool:
        """A course that asks for nothing has the plain image."""
        path = self.settings.folders.images
        record = image_record.read(path)
        if record.pop(image_record.own(self.course), None) is None:
            return False
        report(f"course {self.course}: no packages of its own any more; new servers have the image {self.upon}")
        return image_record.write(path, record)

    def build(self, report: Report) -> None:
        """Build it, see that it is good, and take it; raises Trouble otherwise."""
        engine, known = Engine.connect(), images.read(self.root)
        line, folders = images.lineage(known, self.upon), self.settings.folders
        image_build.build(self.root, folders, names=[self.upon], report=report)
        report(f"course {self.course}: {', '.join(self.packages)} upon the image {self.upon}")
        house = folders.wheelhouse / "courses" / self.course
        parents = [path for name in line if (path := self.root / "images" / name / "requirements.txt").exists()]
        lock = locks.resolve(
            "".join(f"{one}\n" for one in self.packages), parents, houses=[folders.wheelhouse / name for name in line]
        )
        if heavy := sorted(WITH_CUDA & pins(lock).keys()):
            raise Trouble(
                f"{' and '.join(heavy)} would come with gigabytes of CUDA, which no processor uses. The image deep-learning has "
                f"both for processors; where a package asks for {heavy[0]} by name, take one that does not"
            )
        tag = images.tag(f"course-{self.course}", hashlib.sha256(f"{self.parent}\n{lock}".encode()).hexdigest()[:12])
        if engine.image(tag) is None:
            image_build.add_packages(self.root, engine, self.parent, tag, self.packages, lock, house, report)
        if failed := image_tests.run(tag, f"of {self.course}", self._checks(known), report=report):
            engine.remove_tag(tag)
            raise Trouble("\n".join(failed))
        self._take(engine, tag)
        report(
            f"course {self.course}: new servers have it; `campushub course image {self.course} --back` takes it back"
        )

    def _take(self, engine: Engine, tag: str) -> None:
        path = self.settings.folders.images
        record, found = image_record.read(path), engine.image(tag)
        if found is None:
            raise Trouble(f"{tag} is gone again")
        before = {key: value for key, value in record.get(image_record.own(self.course), {}).items() if key != "before"}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        about = {**self.asked, "tag": tag, "id": found.id, "size": found.size, "at": now}
        record[image_record.own(self.course)] = {**about, **({"before": before} if before else {})}
        image_record.write(path, record)

    def _checks(self, known: dict[str, images.Image]) -> Iterator[Check]:
        """What the image must pass: all that its parents must, its own packages' imports, the course's notebooks."""
        names = [found[0] for one in self.packages if (found := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", one))]
        common = self.root / "images" / "checks"
        yield Check(f"packages of {self.course} import", common / "imports.py", tuple(names))
        yield from image_tests.checks(self.root, known[self.upon], known)
        with TemporaryDirectory(prefix="campushub-notebooks-") as scratch:
            for folder in (self._material(Path(scratch)), self.settings.folders.courses / self.course / "source"):
                for path in self._notebooks(folder):
                    name = str(path.relative_to(folder))
                    words = (f"{NOTEBOOKS}/{path.name}", name)
                    yield Check(name, common / "notebook.py", words, mounts=((path.parent, NOTEBOOKS), *self._data()))

    def _data(self) -> tuple[tuple[Path, str], ...]:
        folder = self.settings.folders.course_data(self.course)
        return ((folder, DATA),) if folder.exists() else ()

    def _notebooks(self, folder: Path) -> list[Path]:
        """What is to run in a folder that instructors write: nothing that a link leads to, which may be somebody else's."""
        if folder.is_symlink() or not folder.is_dir():
            return []
        found = {path for pattern in self.settings.courses[self.course].notebooks for path in folder.glob(pattern)}
        own = (path for path in found if path.resolve() == folder.resolve() / path.relative_to(folder))
        return sorted(path for path in own if ".ipynb_checkpoints" not in path.parts)

    def _material(self, scratch: Path) -> Path:
        """The course's material as students get it, in a folder that they may read."""
        copy = self.settings.folders.material_copy(self.course)
        archive = copies.read(copy, "archive", self.settings.courses[self.course].branch)
        if archive:
            subprocess.run(["tar", "-x", "--no-same-owner", "-C", str(scratch)], input=archive, check=True)
        scratch.chmod(0o755)
        return scratch


def _remember(settings: Settings, course: str, packages: list[str], why: str) -> None:
    """Keep why a course's packages are not in use; an empty reason takes that away."""
    path = settings.folders.course_images
    kept = {key: value for key, value in image_record.not_taken(path).items() if key != course}
    if why:
        kept[course] = {"packages": packages, "why": why}
    if kept != image_record.not_taken(path):
        write_durably(path, (json.dumps(kept, indent=2) + "\n").encode(), mode=0o644)
