"""Whether what notebooks would fetch is on the campus machine, and what to do where it is not.

A course has its data, copies of its repositories, the packages of its image, perhaps a mirror of packages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.downloads import Download, Found, Kind, Wanted

PACKAGE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:==\s*([\w.+!-]+))?")
HARMLESS = {"raw", "download", "dl", "inline"}  # what a query may say without meaning another file
INSIDE = "/data/"  # where a course's data lies in its servers


@dataclass(frozen=True)
class Entry:
    """Something of a course's data: its path below /data, and what it answers to."""

    name: str
    path: str
    urls: tuple[str, ...] = ()
    library: str = ""
    unpacked: bool = False

    @property
    def file(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Provided:
    """What a course has. `packages` are those of its image, name to version; empty when they are not known."""

    entries: tuple[Entry, ...] = ()
    repositories: frozenset[str] = frozenset()
    package_mirror: bool = False
    packages: Mapping[str, str] = field(default_factory=dict)

    @property
    def versions(self) -> dict[str, str]:
        return {same_name(name): version for name, version in self.packages.items()}


NOTHING = Provided()


@dataclass(frozen=True)
class Verdict:
    """Whether a download is there; how, or what to do."""

    found: Found
    there: bool
    word: str

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        one = self.found.download
        return {
            "notebook": self.found.notebook,
            "cell": self.found.cell,
            "line": one.line,
            "kind": one.kind.value,
            "needs": one.needs,
            "urls": [wanted.url for wanted in one.wanted],
            "packages": list(one.packages),
            "there": self.there,
            "word": self.word,
        }


def entries(index: str) -> tuple[Entry, ...]:
    """The entries of a course's `.campushub.json`; what is no entry is left out."""
    try:
        listed = json.loads(index).get("entries", [])
    except (ValueError, AttributeError, RecursionError):
        return ()
    known = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(_entry(one) for one in known if isinstance(one.get("path"), str))


def _entry(one: Mapping[str, Any]) -> Entry:
    urls = one.get("urls")
    known = tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else ()
    name, library = str(one.get("name", "")), str(one.get("library") or "")
    return Entry(name, one["path"], known, library, bool(one.get("unpacked")))


def judge(found: Found, provided: Provided) -> Verdict:
    """Whether the hub has what is wanted."""
    one = found.download
    match one.kind:
        case Kind.PACKAGE | Kind.CONDA:
            return Verdict(found, *_of_packages(one, provided))
        case Kind.REPOSITORY if one.wanted and all(_is_mirrored(wanted.url, provided) for wanted in one.wanted):
            return Verdict(found, True, "The hub has a copy of this repository.")
    had = [entry_for(wanted, provided) for wanted in one.wanted]
    if not had or None in had or one.kind is Kind.SHOWN:
        return Verdict(found, False, remedy(one))
    paths = ", ".join(dict.fromkeys(f"{INSIDE}{entry.path}" for entry in had if entry))
    if one.by_path:
        return Verdict(found, False, f"It is in the course's data; this way does not find it: name {paths} here.")
    return Verdict(found, True, f"In the course's data: {paths}.")


def entry_for(wanted: Wanted, provided: Provided) -> Entry | None:
    """The course's entry that answers: by its address, by the file that a library looks for, by its path."""
    return next((entry for entry in provided.entries if _answers(entry, wanted)), None)


def _answers(entry: Entry, wanted: Wanted) -> bool:
    if wanted.url.startswith(INSIDE):
        below = wanted.url.removeprefix(INSIDE).strip("/")
        inside = below.startswith((f"{entry.path}/", f"{entry.name}/")) and entry.unpacked
        return below in (entry.path, entry.name) or inside
    if wanted.library and wanted.library == entry.library and wanted.file and wanted.file == entry.file:
        return True
    if wanted.library == entry.library == "torch-hub":
        begin = wanted.url.partition("/zipball/")[0]
        return any(url.startswith((f"{begin}/", begin.replace("//github", "//codeload.github"))) for url in entry.urls)
    if wanted.whole:
        return any(_same(url) == _same(wanted.url) for url in entry.urls)
    return len(wanted.url) > len("https://") and any(url.startswith(wanted.url) for url in entry.urls)


def _same(url: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """What two addresses of the same file have in common; servers answer by the same rule."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".") + (f":{parts.port}" if parts.port not in (None, 80, 443) else "")
    except ValueError:
        return url, "", ()
    asked = parse_qsl(parts.query, keep_blank_values=True)
    return host, unquote(parts.path) or "/", () if all(name in HARMLESS for name, _ in asked) else tuple(asked)


def _is_mirrored(url: str, provided: Provided) -> bool:
    return _repository(url) in {_repository(one) for one in provided.repositories}


def _repository(url: str) -> str:
    """The same for all ways to write a repository's address."""
    bare = re.sub(r"^[a-z]+://([^@/]*@)?|^git@", "", url.strip()).replace(":", "/", 1)
    return bare.rstrip("/").removesuffix(".git").casefold()


def _of_packages(one: Download, provided: Provided) -> tuple[bool, str]:
    versions = provided.versions
    named = [PACKAGE.match(package) for package in one.packages]
    plain = [
        found for found in named if found and "://" not in found.string and not found.string.startswith("those of")
    ]
    there = [found[1] for found in plain if _is_had(found, versions)]
    if one.packages and len(there) == len(one.packages):
        return True, f"In the course's image already: {', '.join(there)}. The line can go."
    if provided.package_mirror and one.kind is Kind.PACKAGE and len(plain) == len(named):
        return True, "From the campus mirror of packages."
    lacking = [found.string for found in plain if found[1] not in there] or list(one.packages)
    other = [found[1] for found in plain if found[2] and same_name(found[1]) in versions and found[1] not in there]
    has = "".join(f" The image has {name} {versions[same_name(name)]}." for name in other)
    return False, (
        f"Take the line out, put {', '.join(lacking) or 'the packages'} into campushub-packages.txt of the course's material, "
        f"and ask the administrator for `course image`.{has}"
    )


def _is_had(found: re.Match[str], versions: Mapping[str, str]) -> bool:
    have = versions.get(same_name(found[1]))
    return have is not None and (not have or found[2] in (None, have.partition("+")[0], have))


def same_name(package: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def remedy(one: Download) -> str:
    """What to do about a download that the hub has not."""
    match one.kind:
        case Kind.FILE if all(wanted.whole and "://" in wanted.url for wanted in one.wanted) and one.wanted:
            return "Give the lines below to the administrator."
        case Kind.FILE if any(wanted.url.startswith(INSIDE) for wanted in one.wanted):
            return (
                "No data of the course lies there; ask the administrator for an entry under `data`, or mend the path."
            )
        case Kind.FILE | Kind.UNSEEN:
            return (
                "Put the file beside the notebook; or write the whole address here, so that the administrator can provide it "
                "under the course's `data`."
            )
        case Kind.HUGE:
            return (
                "Fetch it once where there is an internet, pack the folder, and ask the administrator for an entry under "
                f"`data` with `unpack: true`; then name the folder below {INSIDE} here."
            )
        case Kind.REPOSITORY:
            return (
                "Take the files into the course's material; or ask the administrator for an entry under `repositories`."
            )
        case Kind.SHOWN:
            return (
                "Students see an empty place: put the picture beside the notebook, or give a link that one may click."
            )
        case Kind.PROGRAM:
            return "Ask the administrator for the program in the course's image."
    return "It does not work without the internet; take it out."
