"""`wget` and `curl` in a notebook or a terminal: what the course provides is there at once, the rest is told whom to ask.

Of both it understands what says where a file goes. Nothing is copied: a link leads to the campus machine's one copy. Whatever is
neither provided nor outside, as a server on the campus, is left to the real program, or fetched as it stands.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from campushub_client import caches, provided

REAL = "/usr/bin"


class Program(NamedTuple):
    """What a program's options are: letters and names that take a word, and the codes by which it tells how it ended."""

    letters: str
    names: frozenset[str]
    no_such_host: int
    broken: int


PROGRAMS = {
    # wget(1) and curl(1); an option that is not named here takes no word.
    "wget": Program(
        "oaeiBtOTwQPUlARDIX",
        frozenset(
            [
                "output-document",
                "output-file",
                "append-output",
                "execute",
                "input-file",
                "base",
                "tries",
                "timeout",
                "wait",
                "quota",
                "directory-prefix",
                "user-agent",
                "level",
                "accept",
                "reject",
                "domains",
                "header",
                "referer",
                "user",
                "password",
                "post-data",
                "post-file",
                "method",
                "body-data",
                "limit-rate",
                "load-cookies",
                "save-cookies",
                "ca-certificate",
                "max-redirect",
                "waitretry",
                "dns-timeout",
                "connect-timeout",
                "read-timeout",
                "progress",
            ]
        ),
        no_such_host=4,
        broken=1,
    ),
    "curl": Program(
        "oHAXdueFmbcCTxrwKzEQyYtDU",
        frozenset(
            [
                "output",
                "output-dir",
                "header",
                "user-agent",
                "request",
                "data",
                "data-raw",
                "data-binary",
                "data-urlencode",
                "json",
                "user",
                "referer",
                "form",
                "max-time",
                "connect-timeout",
                "retry",
                "retry-delay",
                "retry-max-time",
                "cookie",
                "cookie-jar",
                "continue-at",
                "upload-file",
                "proxy",
                "range",
                "write-out",
                "config",
                "max-redirs",
                "cacert",
                "cert",
                "key",
                "limit-rate",
                "url",
                "stderr",
                "dump-header",
                "resolve",
            ]
        ),
        no_such_host=6,
        broken=2,
    ),
}
KEEPS, GOES_ON = "no-clobber", ("continue", "timestamping")
SENDS = {"post-data", "post-file", "data", "data-raw", "data-binary", "data-urlencode", "json", "form", "upload-file"}
SPELT = {  # the long names of letters that matter here
    "wget": {"O": "output-document", "P": "directory-prefix", "q": "quiet", "c": "continue", "N": "timestamping"},
    "curl": {
        "o": "output",
        "O": "remote-name",
        "s": "silent",
        "d": "data",
        "F": "form",
        "T": "upload-file",
        "I": "head",
    },
}
PAIRS = {"nc": "no-clobber"}  # wget's letters that go by two


@dataclass
class Asked:
    """What somebody asked for: addresses, and the options with their words, in order."""

    program: str
    urls: list[str] = field(default_factory=list)
    options: list[tuple[str, str]] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        return any(name in names for name, _ in self.options)

    def last(self, name: str) -> str:
        return next((word for known, word in reversed(self.options) if known == name), "")


def main(words: Sequence[str]) -> int:
    """Do what a command line asks for; the code it ends with."""
    name, *rest = words
    asked = understood(name, rest)
    outside = [url for url in asked.urls if provided.find(url) is None and provided.is_outside(url)]
    if outside:
        for url in dict.fromkeys(outside):
            _tell(f"{name}: {provided.sentence(url)}")
        return PROGRAMS[name].no_such_host
    sends = asked.has(*SENDS, "head", "spider")
    if not asked.urls or sends or any(provided.find(url) is None for url in asked.urls):
        real = shutil.which(name, path=REAL)
        if real:
            os.execv(real, [real, *rest])
        if not asked.urls or sends:
            _tell(f"{name}: give an address, and where its file is to go; this image has nothing more of {name}.")
            return PROGRAMS[name].broken
    try:
        for url, place in _places(asked):
            _bring(asked, url, place)
    except (OSError, URLError) as error:
        _tell(f"{name}: {getattr(error, 'reason', error)}")
        return PROGRAMS[name].broken
    return 0


def understood(name: str, words: Sequence[str]) -> Asked:
    """A command line as addresses and options."""
    asked, about, rest = Asked(name), PROGRAMS[name], iter(words)
    for word in rest:
        if word.startswith("--") and len(word) > 2:
            option, sign, value = word[2:].partition("=")
            if not sign and option in about.names:
                value = next(rest, "")
            if option == "url":
                asked.urls.append(_address(value))
            asked.options.append((option, value))
        elif word.startswith("-") and len(word) > 1:
            asked.options += _letters(asked, word[1:], rest)
        elif word not in ("-", "--"):
            asked.urls.append(_address(word))
    return asked


def _letters(asked: Asked, letters: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The options of a word like `-qO-`."""
    about, spelt = PROGRAMS[asked.program], SPELT[asked.program]
    while letters:
        if asked.program == "wget" and letters[0] == "n":
            yield PAIRS.get(letters[:2], letters[:2]), ""
            letters = letters[2:]
        elif letters[0] in about.letters:
            yield spelt.get(letters[0], letters[0]), letters[1:] or next(rest, "")
            return
        else:
            yield spelt.get(letters[0], letters[0]), ""
            letters = letters[1:]


def _address(word: str) -> str:
    return word if re.match(r"[a-z][a-z0-9+.-]*://", word, re.IGNORECASE) else f"http://{word}"


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _places(asked: Asked) -> Iterator[tuple[str, Path | None]]:
    """Each address with the file it becomes; None is what is printed."""
    if asked.program == "wget":
        one, folder = asked.last("output-document"), Path(asked.last("directory-prefix") or ".")
        for url in asked.urls:
            yield url, (None if one == "-" else Path(one)) if one else folder / _name(url, query=True)
        return
    folder = Path(asked.last("output-dir") or ".")
    targets = [(name, word) for name, word in asked.options if name in ("output", "remote-name")]
    everywhere = asked.has("remote-name-all")
    for number, url in enumerate(asked.urls):
        kind, word = targets[number] if number < len(targets) else ("remote-name" if everywhere else "output", "-")
        yield url, folder / _name(url) if kind == "remote-name" else None if word == "-" else folder / word


def _name(url: str, *, query: bool = False) -> str:
    """The name a file gets by its address; wget keeps what stands behind the question mark."""
    parts = urlsplit(url)
    name = unquote(parts.path).rpartition("/")[2] or "index.html"
    return f"{name}?{parts.query}" if query and parts.query else name


def _bring(asked: Asked, url: str, place: Path | None) -> None:
    """Have the file of one address where it is to be. Raises OSError, URLError."""
    entry = provided.find(url)
    if place is not None and asked.has("create-dirs", "directory-prefix", "output-dir"):
        place.parent.mkdir(parents=True, exist_ok=True)
    if place is not None and asked.program == "wget" and not asked.has("output-document"):
        if os.path.lexists(place) and asked.has(KEEPS):
            return
        if not asked.has(*GOES_ON):
            place = _free(place)
    if place is None or entry is None or not caches.put(str(place), entry.path):
        _copy(url, entry, place)
    if place is not None and not asked.has("quiet", "silent"):
        told = f"‘{place}’ leads to the copy on the campus machine" if place.is_symlink() else f"‘{place}’ saved"
        _tell(f"{told} [{place.stat().st_size}]")


def _free(place: Path) -> Path:
    """The first name that is free: data.csv, data.csv.1, …; a link that an earlier call made is used again."""
    number = 0
    while os.path.lexists(found := place.with_name(f"{place.name}.{number}") if number else place):
        if caches.is_ours(found):
            return found
        number += 1
    return found


def _copy(url: str, entry: provided.Entry | None, place: Path | None) -> None:
    with entry.path.open("rb") if entry else urlopen(url) as source:
        if place is None:
            shutil.copyfileobj(source, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        with place.open("wb") as target:
            shutil.copyfileobj(source, target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
