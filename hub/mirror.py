"""What is to be on this machine so that a course's people need nothing from outside: which files and repositories, where, by what name.

Plain rules on the settings: fetching is `hub.adapters.fetching` and `hub.adapters.repos`, laying out `hub.adapters.shelves`,
and when that is done `hub.services.mirror`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.mirror_settings import Data
from hub.settings import Course, Settings

DATA = "/data"  # where servers and sandboxes find a course's data
INDEX = ".campushub.json"  # what is there, for programs
ARCHIVED = "archives"  # of DATA/docs: documentation that courses add
ARCHIVES = ".archives"  # of what was unpacked: they answer for their URLs
MATERIAL = "/srv/material"
REFUSE = "campushub::"  # the git remote helper of the images that says that a repository is not here
OUTSIDE = ("https://", "http://", "ssh://", "git://", "git@")


@dataclass(frozen=True)
class File:
    """Something with a SHA-256 that a course asks for; `kind` is data or docs."""

    kind: str
    course: str
    name: str
    source: str
    sha256: str
    unpack: bool

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.course}/{self.name}"


@dataclass(frozen=True)
class Repository:
    """A git repository that a course asks for; without a `branch` every branch is wanted. `addresses` are those that name it."""

    course: str
    name: str
    source: str
    branch: str | None
    copy: Path
    addresses: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"git/{self.course}/{self.name}" if self.name else f"git/{self.course}"


def files(settings: Settings) -> list[File]:
    """Every file that a course of this term asks for."""
    found = []
    for key, course in _of_this_term(settings):
        for name, about in course.data.items():
            found.append(File("data", key, name, about.source, about.sha256, about.unpack))
        for name, docs in course.docs.items():
            found.append(File("docs", key, name, docs.source, docs.sha256, unpack=True))
    return found


def repositories(settings: Settings) -> list[Repository]:
    """Every repository that a course of this term asks for."""
    return [one for key, _ in _of_this_term(settings) for one in repositories_of(settings, key)]


def sources(settings: Settings) -> list[str]:
    """Where all of it comes from: URLs and absolute paths."""
    return [*(one.source for one in repositories(settings)), *(one.source for one in files(settings))]


def repositories_of(settings: Settings, key: str) -> list[Repository]:
    """A course's material, if it has any, and what is beside it."""
    course, folder, found = settings.courses[key], settings.folders.material, []
    if course.material is not None:
        addresses = _spellings(course.material, *course.material_also)
        found.append(
            Repository(key, "", course.material, course.branch, settings.folders.material_copy(key), addresses)
        )
    for name, about in course.repositories.items():
        addresses = _spellings(about.source, *about.also)
        found.append(Repository(key, name, about.source, None, folder / key / f"{name}.git", addresses))
    return found


def _of_this_term(settings: Settings) -> Iterator[tuple[str, Course]]:
    return ((key, course) for key, course in settings.courses.items() if not course.archived)


def _spellings(*sources: str) -> tuple[str, ...]:
    """Every way to write these addresses: with .git and without, by HTTPS and by SSH."""
    found: dict[str, None] = {}
    for source in sources:
        base = re.sub(r"(\.git)?/*$", "", source)
        bases = [base]
        if not base.startswith("/"):
            host, path = _host_and_path(base)
            bases += [f"{before}{host}{between}{path}" for before, between in WAYS]
        found |= {one + end: None for one in bases for end in ("", ".git", "/")}
    return tuple(found)


WAYS = (("https://", "/"), ("http://", "/"), ("git@", ":"), ("ssh://git@", "/"), ("git://", "/"))


def _host_and_path(address: str) -> tuple[str, str]:
    if "://" not in address:
        host, _, path = address.partition("@")[2].partition(":")
        return host, path
    found = urlsplit(address)
    return found.netloc.rpartition("@")[2], found.path.lstrip("/")


def inside(repository: Repository) -> str:
    """The address of a repository's copy in a server."""
    below = f"{repository.course}/{repository.name}" if repository.name else repository.course
    return f"file://{MATERIAL}/{below}.git"


def git_variables(repositories: list[Repository]) -> dict[str, str]:
    """How git finds the copies by their public addresses, and says of every other one that it is not here (git-config(1), GIT_CONFIG_COUNT).

    Of several prefixes git takes the longest, so that a whole address wins over the refusal.
    """
    words = [
        (f"url.{inside(one)}.insteadOf", address)
        for one in repositories
        if one.copy.exists()
        for address in one.addresses
    ]
    words += [(f"url.{REFUSE}{start}.insteadOf", start) for start in OUTSIDE]
    words.append(("protocol.file.allow", "always"))  # for submodules
    numbered = enumerate(words)
    pairs = {
        f"GIT_CONFIG_{part}_{number}": one for number, pair in numbered for part, one in zip(PARTS, pair, strict=True)
    }
    return {"GIT_CONFIG_COUNT": str(len(words)), **pairs}


PARTS = ("KEY", "VALUE")


def entry(name: str, about: Data, size: int) -> dict[str, Any]:
    """What a course's index says of one thing that is there; size in bytes, paths below /data."""
    found: dict[str, Any] = {
        "name": name,
        "path": name if about.unpack else f"{name}/{about.file_name}",
        "urls": list(about.addresses),
        "library": about.library,
        "licence": about.licence,
        "sha256": about.sha256,
        "size": size,
        "unpacked": about.unpack,
    }
    if about.unpack:
        found["archive"] = f"{ARCHIVES}/{name}/{about.file_name}"
    return found
