"""What a course has provided on the campus machine: its index, which file answers a URL, and the sentence where none does.

The hub writes the index and may replace it while notebooks run; it is read again when it has changed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.parse import parse_qsl, unquote, urlsplit

INDEX = ".campushub.json"
HARMLESS = {"raw", "download", "dl", "inline"}  # what a query may say without meaning another file
OUR_URLS = ("JUPYTERHUB_API_URL", "CAMPUSHUB_SERVICE_URL", "PIP_INDEX_URL")  # hosts on the campus that may have a name
NUMBERS = re.compile(r"[\d.]+|.*:.*")  # an address of IPv4, or of IPv6
REFUSED = (
    "{url} is not on the campus machine, and nothing outside it can be reached from here. "
    "Ask your instructor to have it provided."
)
SHOWN = 200  # characters of a URL, beyond which its query is left out


class NotHere(URLError):
    """Something outside the campus machine was asked for; its text is the sentence for the person."""

    def __init__(self, url: str) -> None:
        super().__init__(sentence(url))


class Entry(NamedTuple):
    """One thing that a course provides: the file that answers its URLs, and what libraries look for.

    `file` is its name for a library; `tree` the folder of what was unpacked, none when nothing was.
    """

    file: str
    path: Path
    tree: Path | None
    library: str | None
    urls: tuple[str, ...]


def root() -> Path:
    return Path(os.environ.get("CAMPUSHUB_DATA") or "/data")


_read: dict[Path, tuple[tuple[int, int, int], tuple[Entry, ...]]] = {}


def entries() -> tuple[Entry, ...]:
    """What is provided now; nothing where there is no index, or none that can be read."""
    path = root() / INDEX
    try:
        found = path.stat()
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if path not in _read or _read[path][0] != stamp:
            _read[path] = stamp, tuple(_parsed(json.loads(path.read_text(encoding="utf-8"))))
    except (OSError, ValueError, RecursionError):
        return ()
    return _read[path][1]


def _parsed(index: Any) -> Iterator[Entry]:
    """The entries of an index; one of a shape that is not known is left out."""
    listed = index.get("entries") if isinstance(index, dict) else None
    for one in listed if isinstance(listed, list) else ():
        try:
            yield _entry(one)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue


def _entry(one: Mapping[str, Any]) -> Entry:
    unpacked = bool(one.get("unpacked"))
    inside = Path(one["archive"] if unpacked else one["path"])
    return Entry(
        file=inside.name if unpacked else str(inside.relative_to(one["name"])),
        path=root() / inside,
        tree=root() / one["path"] if unpacked else None,
        library=one.get("library"),
        urls=tuple(map(str, one.get("urls", ()))),
    )


def find(url: str) -> Entry | None:
    """What answers a URL: by http or https, whatever stands behind `#`."""
    wanted = _key(url)
    return next((one for one in entries() if any(_key(known) == wanted for known in one.urls)), None)


def _key(url: str) -> tuple[str, int | None, str, tuple[tuple[str, str], ...]]:
    """What two URLs of the same file have in common."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return url, None, "", ()
    asked = parse_qsl(parts.query, keep_blank_values=True)
    query = () if all(name in HARMLESS for name, _ in asked) else tuple(asked)
    return host, None if port in (80, 443) else port, unquote(parts.path) or "/", query


def is_outside(url: str) -> bool:
    """Whether a URL leads off the campus machine; names without a dot, addresses and the machine's own name do not."""
    host = _host(url)
    if "." not in host or NUMBERS.fullmatch(host) or host.endswith(".localhost"):
        return False
    return host != os.uname().nodename.lower() and all(host != _host(os.environ.get(name, "")) for name in OUR_URLS)


def _host(url: str) -> str:
    try:
        return (urlsplit(url.strip()).hostname or "").rstrip(".")
    except ValueError:
        return ""


def sentence(url: str) -> str:
    """What a person reads who has asked for something that is not here."""
    short = url.partition("#")[0]
    return REFUSED.format(url=short if len(short) <= SHOWN else short.partition("?")[0])
