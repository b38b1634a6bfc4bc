"""A network of its own for the browser, so that it does not see Docker's come and go.

Chromium drops what it is loading when an address of its machine changes (ERR_NETWORK_CHANGED), and every server that starts
on the same machine changes one. A student's browser is on another machine, and so is this one as far as it can tell: it
reaches the machine by one wire, at the other end of which `localhost` is found.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True)
class OwnNetwork:
    """A namespace with one wire: a program that starts Chromium in it, and the machine's address at the other end."""

    program: Path
    machine: str


@contextmanager
def own_network(program: str) -> Iterator[OwnNetwork]:
    """Make the namespace and its wire; both go at the end."""
    name = f"chtest-{secrets.token_hex(3)}"
    here, there = f"{name}-h", f"{name}-b"
    wire = f"100.64.{secrets.randbelow(256)}"  # of RFC 6598's, which no hub takes
    number = secrets.randbelow(63) * 4
    machine, browser = f"{wire}.{number + 1}", f"{wire}.{number + 2}"
    try:
        ip("netns", "add", name)
        ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        ip("address", "add", f"{machine}/30", "dev", here)
        ip("link", "set", here, "up")
        ip("-n", name, "address", "add", f"{browser}/30", "dev", there)
        for device in ("lo", there):
            ip("-n", name, "link", "set", device, "up")
        ip("-n", name, "route", "add", "default", "via", machine)
        with TemporaryDirectory(prefix="chtest-browser-") as scratch:
            starter = Path(scratch) / "browser"
            starter.write_text(
                f'#!/bin/sh\nexec {shutil.which("ip")} netns exec {name} {program} "$@"\n', encoding="ascii"
            )
            starter.chmod(0o755)
            yield OwnNetwork(starter, machine)
    finally:
        ip("netns", "delete", name, check=False)
        ip("link", "delete", here, check=False)


def ip(*words: str, check: bool = True) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"
