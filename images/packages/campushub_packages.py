"""The package mirror: devpi, told to be a cache that people read and nothing else.

devpi keeps the pages and files of one upstream index and checks every file against the hash that the index gives. Added
here: a request that would write, or asks for more than pip needs, is refused; the upstream is asked every minute whether it
is there, and while it is not, devpi answers at once with what it has; the files that were used longest ago go when the
cache is larger than it may be, or the disk is short.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

INDEX = "root/pypi"
READ = re.compile(rf"/{INDEX}/(\+simple/[A-Za-z0-9._-]+/?|\+[ef]/.+)")
STATE = "/state"
REFUSED = "This mirror gives packages out and takes nothing.\n"
AWAY = "The hub's package mirror cannot reach the internet, and has not kept this.\n"
LOOK_SECONDS, PAUSE_SECONDS, PATIENCE_SECONDS = 60, 5, 5


@dataclass(frozen=True)
class Told:
    """What the hub says: where the cache lies, whose packages it keeps, and its bytes."""

    folder: Path
    upstream: str
    most: int
    reserve: int
    port: int

    @classmethod
    def of(cls, environment: Any = os.environ) -> Told:
        return cls(
            Path(environment["CAMPUSHUB_PACKAGES"]),
            environment["CAMPUSHUB_UPSTREAM"],
            int(environment["CAMPUSHUB_CACHE_BYTES"]),
            int(environment["CAMPUSHUB_RESERVE_BYTES"]),
            int(environment["CAMPUSHUB_PORT"]),
        )

    @property
    def server(self) -> Path:
        """devpi's own folder: another one for another upstream, whose packages need not be the same under one name."""
        return self.folder / hashlib.sha256(self.upstream.encode()).hexdigest()[:12]


def main() -> None:
    told = Told.of()
    prepare(told)
    scratch = told.folder / "answers"  # of what people read slowly; /tmp is memory
    scratch.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(scratch)
    command = [
        "devpi-server",
        f"--serverdir={told.server}",
        f"--listen=0.0.0.0:{told.port}",
        "--restrict-modify=nobody",
        f"--request-timeout={PATIENCE_SECONDS}",
        "--threads=150",  # a class that waits for one large file must not keep others out
        "--connection-limit=500",
        # It makes a key for people's sign-in out of half a gigabyte of memory and 9 seconds; nobody signs in.
        "--argon2-memory-cost=64",
        "--argon2-time-cost=1",
        "--argon2-parallelism=1",
    ]
    os.execvp(command[0], command)


def prepare(told: Told) -> None:
    """Make devpi's folder when it is not there, whole or not at all, and remove those of earlier upstreams."""
    for path in told.folder.iterdir():
        if path != told.server and path.is_dir():
            shutil.rmtree(path)
    if told.server.exists():
        return
    beside = told.folder / "new"
    exported = beside / "exported"
    exported.mkdir(parents=True)
    (exported / "dataindex.json").write_text(json.dumps(description(told.upstream)), encoding="utf-8")
    subprocess.run(["devpi-import", f"--serverdir={beside / 'server'}", str(exported)], check=True)
    (beside / "server").rename(told.server)
    shutil.rmtree(beside)


def description(upstream: str) -> dict[str, Any]:
    """The mirror as devpi exports one. Its only user has a password that no word matches."""
    mirror = {
        "type": "mirror",
        "volatile": False,
        "title": "packages",
        "mirror_url": upstream,
        "mirror_web_url_fmt": "",
        # The list of every project has tens of megabytes; pip never asks for it.
        "mirror_no_project_list": True,
        # A campus' mirror gives no serial, or gives one that runs behind.
        "mirror_ignore_serial_header": True,
    }
    return {
        "dumpversion": "2",
        "pythonversion": list(sys.version_info[:2]),
        "devpi_server": "6",
        "secret": None,
        "uuid": "",
        "users": {"root": {"username": "root", "pwhash": "*"}},
        "indexes": {INDEX: {"indexconfig": mirror, "projects": {}, "files": []}},
    }


@dataclass(frozen=True)
class Kept:
    """What the cache has: files, their bytes on the disk, and when one was last used (seconds since 1970, 0 for never)."""

    files: int = 0
    bytes: int = 0
    used: float = 0


def prune(folder: Path, most: int, reserve: int) -> Kept:
    """Remove the files that were used longest ago until the cache is small enough and the disk has room; what is left."""
    files = sorted(_used(folder))
    size, free, removed = sum(size for _, size, _ in files), shutil.disk_usage(folder).free, 0
    for _, of_file, path in files:
        if size <= most and free >= reserve:
            break
        path.unlink(missing_ok=True)
        size, free, removed = size - of_file, free + of_file, removed + 1
    left = files[removed:]
    return Kept(len(left), size, max((used for used, _, _ in left), default=0))


def _used(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Time of last use, bytes and path of every kept file; one that is on its way is left out."""
    for top, _, names in os.walk(folder / "+files"):
        for path in (Path(top, name) for name in names if not name.endswith("-tmp")):
            try:
                about = path.stat()
            except OSError:
                continue
            yield max(about.st_atime, about.st_mtime), about.st_blocks * 512, path


class Keeper:
    """Looks after the cache while devpi serves it: whether the upstream is there, and how large the cache is."""

    def __init__(self, config: Any, told: Told) -> None:
        self.config, self.told = config, told
        self.why, self.since, self.looked, self.kept = "", time.time(), 0.0, Kept()
        self.doubt = threading.Event()

    def run(self) -> None:
        while True:
            self.look()
            self.kept = prune(self.told.server, self.told.most, self.told.reserve)
            time.sleep(PAUSE_SECONDS)
            self.doubt.wait(PAUSE_SECONDS if self.why else LOOK_SECONDS)
            self.doubt.clear()

    def look(self) -> None:
        """Ask the upstream for the smallest thing; devpi is offline while there is no answer."""
        why = answer_of(self.told.upstream)
        if bool(why) != bool(self.why):
            self.since = time.time()
            sys.stderr.write(f"upstream {self.told.upstream}: {why or 'answers again'}\n")
        self.why, self.looked = why, time.time()
        # While it is offline, devpi lists the files that it has kept and no others, so that pip takes one of those.
        self.config.args.offline_mode = bool(why)

    def state(self) -> dict[str, Any]:
        """What the hub's command tells an administrator. Times are seconds since 1970."""
        upstream = {"upstream": self.told.upstream, "why_away": self.why, "since": self.since, "looked": self.looked}
        return upstream | {"most": self.told.most} | asdict(self.kept)


class Coming:
    """The files that come from the upstream just now: each comes once, and whoever else wants it waits for that."""

    def __init__(self, server: Path) -> None:
        self.server, self.mutex = server, threading.Lock()
        self.locks: WeakValueDictionary[str, Any] = WeakValueDictionary()

    @contextmanager
    def turn(self, path: str) -> Iterator[Callable[[Iterable[bytes]], Iterable[bytes]]]:
        """A turn at a path, until the block ends or, if the answer was passed to what this gives, until that is sent."""
        if not path.startswith(f"/{INDEX}/+f/") or self.is_kept(path):
            yield lambda answer: answer
            return
        with self.mutex:
            lock = self.locks.setdefault(path, threading.Lock())
        lock.acquire()
        if self.is_kept(path):  # by the turn before
            lock.release()
            yield lambda answer: answer
            return
        sending = []

        def keep(answer: Iterable[bytes]) -> Iterable[bytes]:
            sending.append(answer)
            return Sent(answer, lock.release)

        try:
            yield keep
        finally:
            if not sending:
                lock.release()

    def is_kept(self, path: str) -> bool:
        return (self.server / "+files" / path.lstrip("/")).is_file()


class Sent:
    """An answer on its way, and what is to be done once when it has ended, or its reader has left."""

    def __init__(self, answer: Iterable[bytes], end: Callable[[], None]) -> None:
        self.answer, self.parts, self.end = answer, iter(answer), end

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self.parts)

    def close(self) -> None:
        try:
            if hasattr(self.answer, "close"):
                self.answer.close()
        finally:
            self.end()
            self.end = lambda: None


def answer_of(upstream: str) -> str:
    """Why the upstream is of no use now; empty when it answers."""
    import httpx

    authorities = os.environ.get("REQUESTS_CA_BUNDLE")
    trusted = ssl.create_default_context(cafile=authorities if authorities and Path(authorities).exists() else None)
    try:
        answer = httpx.head(f"{upstream}pip/", verify=trusted, timeout=PATIENCE_SECONDS, follow_redirects=True)
    except (httpx.HTTPError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return f"status {answer.status_code}" if answer.status_code >= 500 else ""


def devpiserver_pyramid_configure(config: Any, pyramid_config: Any) -> None:
    """devpi's hook before it serves."""
    _ = pyramid_config.registry["xom"].http  # one made while devpi is offline would never ask again
    keeper = Keeper(config, Told.of())
    pyramid_config.registry["campushub_keeper"] = keeper
    pyramid_config.add_tween("campushub_packages.reading_only")
    threading.Thread(target=keeper.run, daemon=True).start()


def reading_only(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:
    """What stands before devpi: lets through what pip reads."""
    from pyramid.response import Response

    keeper: Keeper = registry["campushub_keeper"]
    coming = Coming(keeper.told.server)

    def answer(request: Any) -> Any:
        if request.method not in ("GET", "HEAD"):
            return Response(REFUSED, status=403, content_type="text/plain")
        if request.path == STATE:
            return Response(json_body=keeper.state())
        if not READ.fullmatch(request.path):
            return Response(REFUSED, status=403, content_type="text/plain")
        with coming.turn(request.path) as keep:
            found = handler(request)
            if request.method == "GET" and found.status_code == 200:
                length, found.app_iter = found.content_length, keep(found.app_iter)
                found.content_length = length  # which a new answer takes away
        if found.status_code == 502:
            keeper.doubt.set()
            if keeper.why:  # pip would try a 502 again and again
                return Response(AWAY, status=404, content_type="text/plain")
        return found

    return answer


try:
    from devpi_server.config import hookimpl
except ImportError:  # outside of the image, where the tests read this file
    pass
else:
    devpiserver_pyramid_configure = hookimpl(devpiserver_pyramid_configure)

if __name__ == "__main__":
    main()
