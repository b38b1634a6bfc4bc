"""What a course's material and assignments would fetch, and whether the hub has it: reads the copy, the sources, the index.

Material is read out of the bare copy on this machine, at the commit that students get. Nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub import image_record, mirror
from hub.adapters import copies
from hub.downloads import Found, Kind, find
from hub.downloads.find import Unread
from hub.downloads.lines import checksum_commands, data_lines
from hub.downloads.verdicts import Provided, Verdict, entries, judge
from hub.mirror import INDEX
from hub.settings import Settings

LARGEST, MOST = 20 * 1024**2, 2000  # bytes of a file that is read, files of a course


@dataclass(frozen=True)
class Look:
    """What was found in some files, and what could not be read."""

    found: tuple[Found, ...] = ()
    unread: tuple[Unread, ...] = ()
    files: int = 0

    def __add__(self, other: Look) -> Look:
        return Look(self.found + other.found, self.unread + other.unread, self.files + other.files)


@dataclass(frozen=True)
class Checked:
    """The answer for one course."""

    course: str
    look: Look
    verdicts: tuple[Verdict, ...]

    @property
    def missing(self) -> list[Verdict]:
        return [one for one in self.verdicts if not one.there]

    def summary(self) -> str:
        """One sentence."""
        files, all_of_them = _count(self.look.files, "file"), _count(len(self.verdicts), "download")
        if not self.verdicts:
            return f"{files} read; nothing is fetched."
        return f"{files} read; {all_of_them}, {len(self.missing) or 'none'} of them NOT there."

    def lines(self) -> Iterator[str]:
        """For a terminal: each download with its verdict, then what would provide what is not there."""
        for one in self.verdicts:
            yield f"{one.found.place}: {one.found.download.needs}"
            yield f"  {'there' if one.there else 'NOT there'}: {one.word}"
        yield from (str(one) for one in self.look.unread)
        yield f"course {self.course}: {self.summary()}"
        if wanted := data_lines(self.course, self.verdicts):
            yield from ("", "Into config/hub.yaml:", "", *wanted)
            yield from ("", "The checksums, on a machine with the internet:", "", *checksum_commands(self.verdicts))

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "course": self.course,
            "files": self.look.files,
            "downloads": [one.as_data() for one in self.verdicts],
            "unread": [str(one) for one in self.look.unread],
            "missing": len(self.missing),
            "data_lines": data_lines(self.course, self.verdicts),
            "checksum_commands": checksum_commands(self.verdicts),
        }


def check(course: str, look: Look, provided: Provided) -> Checked:
    """The verdict on each download; an address that the code does not tell has none."""
    known = [one for one in look.found if one.download.kind is not Kind.UNSEEN]
    return Checked(course, look, tuple(judge(one, provided) for one in known))


def provided(settings: Settings, course: str) -> Provided:
    """What a course's servers have now."""
    copied = [one for one in mirror.repositories_of(settings, course) if one.copy.exists()]
    about = settings.courses[course]
    return Provided(
        entries=index(settings, course),
        repositories=frozenset(address for one in copied for address in one.addresses),
        package_mirror=bool(settings.package_mirror.upstream),
        packages=image_record.packages(image_record.read(settings.folders.images), course, about.image),
    )


def index(settings: Settings, course: str) -> tuple[Any, ...]:
    """The entries of the course's data; none when it has no data."""
    path = settings.folders.course_data(course) / INDEX
    try:
        return entries(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ()


def commit(settings: Settings, course: str) -> str:
    """The commit of the material that students get; empty when there is none."""
    return copies.commit(settings.folders.material_copy(course), settings.courses[course].branch)


def look_at_material(settings: Settings, course: str, at: str) -> Look:
    """What the course's material fetches at a commit."""
    copy = settings.folders.material_copy(course)
    known = {path: about for path, about in copies.sizes(copy, at).items() if find.is_read(path)} if at else {}
    looked = _left_out({path: size for path, (_, size) in known.items()})
    read = [path for path, (_, size) in known.items() if size <= LARGEST][:MOST]
    for path, content in zip(read, copies.contents(copy, (known[path][0] for path in read)), strict=False):
        looked += _in_file(path, content)
    return looked


def look_at_sources(folder: Path) -> Look:
    """What the sources of assignments in a course's folder fetch; nothing that a link leads to, which may be another's."""
    if folder.is_symlink() or not folder.is_dir():
        return Look()
    top = folder.resolve()
    own = {
        f"source/{path.relative_to(folder)}": path
        for path in sorted(folder.rglob("*"))
        if find.is_read(str(path.relative_to(folder)))
        and path.is_file()
        and path.resolve() == top / path.relative_to(folder)
    }
    sizes = {name: path.stat().st_size for name, path in own.items()}
    looked = _left_out(sizes)
    for name, path in [(name, path) for name, path in own.items() if sizes[name] <= LARGEST][:MOST]:
        looked += _in_file(name, path.read_bytes())
    return looked


def _in_file(path: str, content: bytes) -> Look:
    found, unread = find.in_file(path, content)
    return Look(tuple(found), tuple(unread), 1)


def _left_out(sizes: Mapping[str, int]) -> Look:
    """What is not read, with the reason."""
    large = [path for path, size in sizes.items() if size > LARGEST]
    unread = [Unread(path, "", f"has more than {LARGEST // 1024**2} MB and was not read.") for path in large]
    if len(sizes) - len(large) > MOST:
        unread.append(Unread("the other files", "", f"were not read: at most {MOST} are."))
    return Look((), tuple(unread), 0)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
