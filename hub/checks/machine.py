"""The machine below the hub: room on its disks, its clock, the names it can look up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from hub import debian, mirror
from hub.adapters import databases
from hub.checks import UP, Examined, Finding
from hub.settings import Settings
from hub.status import largest_homes
from hub.trouble import Trouble
from hub.values import size_text

MEGABYTE = 1024**2
FEWEST_INODES = 10_000
AHEAD = timedelta(minutes=2)  # between the clock and the last time that was written down
LOOK_UP_SECONDS = 10


def disk(examined: Examined) -> Iterator[Finding]:
    settings, docker = examined.settings, examined.engine.root_folder()
    yield from room(settings.data, settings.reserve, lambda: _largest(settings))
    if docker.exists() and docker.stat().st_dev != settings.data.stat().st_dev:
        prune = "`sudo docker system df` says what takes it; `sudo docker image prune` removes images without a name"
        yield from room(docker, settings.reserve, lambda: prune)


def room(place: Path, reserve: int, advice: Callable[[], str]) -> Iterator[Finding]:
    """What is short on the disk of a folder; `advice` is asked for only then."""
    found = os.statvfs(place)
    free = found.f_bavail * found.f_frsize
    if free < reserve:
        yield Finding(
            f"Only {free // MEGABYTE} MB are free below {place}; under {size_text(reserve)} no server starts and no "
            "work is accepted.",
            f"df {place}",
            f"Make room: {advice()}. Or set a lower `reserve` in config/hub.yaml, then `{UP}`.",
        )
    if found.f_files > 0 and found.f_favail < min(FEWEST_INODES, found.f_files // 20):
        yield Finding(
            f"Only {found.f_favail} more files can be made below {place}, whatever room is free.",
            f"df --inodes {place}",
            f"`sudo du --inodes -d 2 {place} | sort -n | tail` shows where most of them are; remove what nobody needs.",
        )


def _largest(settings: Settings) -> str:
    homes = [f"{name} ({size // MEGABYTE} MB)" for name, size in largest_homes(settings.folders.homes)]
    return f"the largest homes are {', '.join(homes)}" if homes else "there are no homes yet"


def clock(examined: Examined) -> Iterator[Finding]:
    if Path("/run/systemd/system").exists():
        yield from synchronised(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    store = examined.settings.folders.service / "store.sqlite"
    last = databases.last_written(store) if store.exists() else ""
    if last and datetime.fromisoformat(last) > examined.now + AHEAD:
        yield Finding(
            "The machine's clock has been set back: the store holds times that have not come yet, so due dates and "
            "receipts are not in order.",
            f"last time in {store}: {last}; now: {examined.now.isoformat(timespec='seconds')}",
            "`date` says whether the clock is right. If not: `sudo timedatectl set-ntp true`, or `sudo date --set=TIME`. "
            "If it was wrong before and is right now, this ends by itself at the time above.",
        )


def synchronised(command: list[str]) -> Iterator[Finding]:
    """Whether the clock follows others, by the word of systemd's own tool."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stdout.strip() == "no":
        yield Finding(
            "Nothing keeps this machine's clock right, and what is late is decided by it.",
            f"`{' '.join(command)}` says no",
            "`sudo apt-get install systemd-timesyncd && sudo timedatectl set-ntp true`; a campus that closes NTP names "
            "its own server in /etc/systemd/timesyncd.conf",
        )


def names(examined: Examined) -> Iterator[Finding]:
    settings = examined.settings
    servers = [one for one in examined.engine.containers_of(settings.name) if one.state == "running"]
    mirror_runs = any(one.part == "mirror" for one in servers)
    for host in sorted(_hosts(settings)):
        if mirror_runs and not _found_by_mirror(examined, host):
            yield Finding(
                f"The name {host} is not found, so nothing that courses have there arrives.",
                f"looked up in the container {settings.name}-mirror",
                f"`getent hosts {host}` on this machine: if it is not found there either, put /etc/resolv.conf right; "
                f"if it is, `sudo docker restart {settings.name}-mirror`. A wrong name stands in config/hub.yaml.",
            )
    if settings.domain and not _found_here(settings.domain):
        yield Finding(
            f"The name {settings.domain} is not found, so nobody comes to {settings.url}.",
            f"`getent ahosts {settings.domain}`",
            "Have the campus' name servers know it as this machine's address.",
        )
    packages = urlsplit(debian.mirrors(debian.apt_sources())[0]).hostname or ""
    if not _apt_has_a_proxy() and not _found_here(packages):
        yield Finding(
            f"The name of the Debian mirror, {packages}, is not found: no security updates, and no images can be built.",
            f"`getent ahosts {packages}`",
            "Put /etc/resolv.conf right, or name a mirror that is reached in /etc/apt/sources.list.",
        )
    for server in servers:
        if server.person and examined.engine.name_servers(server.name) != ["127.0.0.1"]:
            yield Finding(
                f"The server {server.name} may look names up, which is a way out of the closed network.",
                f"docker inspect {server.name}: HostConfig.Dns",
                f"`sudo docker rm -f {server.name}`; its person starts it again, closed.",
            )


def _hosts(settings: Settings) -> set[str]:
    """The hosts from which the mirror fetches."""
    sources = mirror.sources(settings)
    named = {urlsplit(source).hostname for source in sources if "://" in source}
    named |= {source.split("@", 1)[1].split(":", 1)[0] for source in sources if source.startswith("git@")}
    return {host for host in named if host}


def _found_by_mirror(examined: Examined, host: str) -> bool:
    code = "import socket, sys; socket.getaddrinfo(sys.argv[1], 443)"
    command = ["timeout", str(LOOK_UP_SECONDS), "python", "-c", code, host]
    try:
        examined.engine.run_in(f"{examined.settings.name}-mirror", command)
    except Trouble:
        return False
    return True


def _found_here(host: str) -> bool:
    command = ["timeout", str(LOOK_UP_SECONDS), "getent", "ahosts", host]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _apt_has_a_proxy() -> bool:
    """Whether apt asks another machine, which then looks names up itself."""
    done = subprocess.run(["apt-config", "dump", "Acquire::http::Proxy"], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip())
