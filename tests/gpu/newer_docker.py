"""A newer Docker beside the machine's own, with CDI and without a GPU: Debian 13's, in a root of its own.

It has bridges and rules like any other, so it is started in a network namespace of the tests' own. Its root is bootstrapped
once and kept in CACHE, with the images it was given; whoever wants it newer removes that folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import docker
import yaml

from hub import images
from hub.debian import apt_sources, mirrors
from tests.gpu.machine_network import in_machine_network, need_own_network
from tests.instance import ROOT

CACHE = Path("/var/cache/campushub-tests")
SHARED = Path("/var/lib/chtest-newer-docker")  # what its containers may mount is in here
READ_ONLY = (Path("/etc/ssl/certs"), ROOT)
SUITE = "trixie"  # Debian 12's Docker 20.10 knows no CDI, 13's is 26.1.5
PACKAGES = "ca-certificates,docker.io,iptables"
SETTINGS = {"features": {"cdi": True}}  # by itself only from 28.2 (moby #49963)
MACHINE_DEVICES = Path("/run/cdi")
MACHINE_SOCKET = Path("/var/run/docker.sock")
START_SECONDS = 60


@dataclass(frozen=True)
class NewerDocker:
    """A Docker whose containers see `root` as their machine, and of this machine what is in SHARED and READ_ONLY."""

    root: Path

    @property
    def host(self) -> str:
        """DOCKER_HOST of who speaks to it; its containers find the same socket at /var/run/docker.sock."""
        return f"unix://{self.root / 'run' / 'docker.sock'}"

    @property
    def devices(self) -> Path:
        """Where it looks for CDI's specs."""
        return self.root / "etc" / "cdi"

    @property
    def shared(self) -> Path:
        """A folder that is the same for its containers and for who runs the tests."""
        return SHARED

    def client(self) -> Any:
        return docker.DockerClient(base_url=self.host, timeout=120)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["docker", f"--host={self.host}", *words], capture_output=True, text=True, check=False)

    def keep_images(self, tags: Sequence[str]) -> None:
        """Have these images of the machine's own Docker, and no other."""
        there = set(self.command("images", "--format={{.Repository}}:{{.Tag}}").stdout.split())
        if missing := [tag for tag in tags if tag not in there]:
            save = ["docker", f"--host=unix://{MACHINE_SOCKET}", "save", *missing]
            with subprocess.Popen(save, stdout=subprocess.PIPE) as saved:
                load = ["docker", f"--host={self.host}", "load", "--quiet"]
                subprocess.run(load, stdin=saved.stdout, stdout=subprocess.DEVNULL, check=True)
            assert saved.returncode == 0, f"not every one of {missing} is in the machine's Docker"
        if old := sorted(there.difference(tags)):
            self.command("rmi", "--force", *old)


def built(names: Sequence[str]) -> dict[str, str]:
    """Have these images in the machine's own Docker; their tags by name."""
    config = CACHE / "build.yaml"
    config.parent.mkdir(parents=True, exist_ok=True)
    settings = {"admins": ["nobody"], "name": "chtest-build", "data": str(CACHE / "build")}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    in_machine_network([str(ROOT / "campushub"), f"--config={config}", "images", "build", *names])
    ids = images.content_ids(ROOT, images.read(ROOT))
    return {name: images.tag(name, ids[name]) for name in names}


@contextmanager
def running_docker() -> Iterator[NewerDocker]:
    """Start it, with no container, network or device of an earlier time; it ends with all it holds."""
    need_own_network()
    with alone():
        started = NewerDocker(bootstrapped())
        for folder in (started.root / "run", started.devices, SHARED):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        (started.root / "etc" / "docker" / "daemon.json").write_text(json.dumps(SETTINGS), encoding="ascii")
        log = CACHE / "dockerd.log"
        with log.open("w") as said, daemon_in_its_root(started, said) as daemon:
            try:
                wait_until_ready(started, daemon, log)
                clear(started)
                with seen_by_ansible(started.devices):
                    yield started
                clear(started)
            finally:
                daemon.terminate()
                daemon.wait(timeout=60)
        shutil.rmtree(SHARED)


@contextmanager
def seen_by_ansible(devices: Path) -> Iterator[None]:
    """Have the folder of its devices where the machine's would be, for this process and those it starts."""
    MACHINE_DEVICES.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", str(devices), str(MACHINE_DEVICES)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(MACHINE_DEVICES)], check=True)


@contextmanager
def alone() -> Iterator[None]:
    """One run at a time has the root."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("a", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def bootstrapped() -> Path:
    """Its root, made when what goes in has changed."""
    name = hashlib.sha256(f"{SUITE} {PACKAGES}".encode()).hexdigest()[:12]
    root, part = CACHE / f"{SUITE}-{name}", CACHE / "part"
    if not root.exists():
        for old in (*CACHE.glob(f"{SUITE}-*"), part):
            shutil.rmtree(old, ignore_errors=True)
        mirror, _ = mirrors(apt_sources())
        options = ("--quiet", "--variant=minbase", "--format=directory", f"--include={PACKAGES}")
        in_machine_network(["mmdebstrap", *options, SUITE, str(part), f"deb {mirror} {SUITE} main"])
        part.rename(root)
    return root


def daemon_in_its_root(started: NewerDocker, log: IO[str]) -> subprocess.Popen[bytes]:
    """Start dockerd, in a process group of its own: Ctrl-C is for the tests, which have things to remove in it."""
    places = {"root": str(started.root), "shared": [str(SHARED)], "read_only": [str(place) for place in READ_ONLY]}
    group = MACHINE_SOCKET.stat().st_gid
    words = [
        *("unshare", "--mount", "--propagation=slave"),
        *(sys.executable, str(Path(__file__).with_name("own_root.py")), json.dumps(places)),
        *("/usr/sbin/dockerd", "--host=unix:///run/docker.sock", f"--group={group}"),
    ]
    return subprocess.Popen(words, stdout=log, stderr=log, process_group=0)


def wait_until_ready(started: NewerDocker, daemon: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while started.command("info").returncode:
        said = log.read_text(encoding="utf-8")[-2000:]
        assert daemon.poll() is None, said
        assert time.monotonic() < until, said
        time.sleep(0.3)


def clear(started: NewerDocker) -> None:
    """Remove every container at once, without waiting for it to end, and their networks."""
    containers = started.command("ps", "--all", "--quiet").stdout.split()
    if containers:
        started.command("rm", "--force", "--volumes", *containers)
    started.command("network", "prune", "--force")
