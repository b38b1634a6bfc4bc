"""A second Docker, empty, without any way out: what is built there is built of what the machine has kept.

It has a network namespace of its own with nothing but a loopback device (in the machine's own, it would take away the first
Docker's bridge), and so do the commands that speak to it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.own_network import ip

START_SECONDS = 60


@dataclass(frozen=True)
class SecondDocker:
    """A Docker that listens on `socket`, in the network namespace `namespace`."""

    socket: Path
    namespace: str

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """A command that speaks to this Docker, and to nobody else."""
        environment = {**os.environ, "DOCKER_HOST": f"unix://{self.socket}"}
        words = [*_inside(self.namespace), *command]
        return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)


def _inside(namespace: str) -> list[str]:
    """Not `ip netns exec`, which hides the control groups."""
    return ["nsenter", f"--net=/run/netns/{namespace}"]


@contextmanager
def second_docker(folder: Path, data: Path) -> Iterator[SecondDocker]:
    """Start it with its images in `data` and all else in `folder`; it and what it holds go at the end."""
    name = f"chtest-{secrets.token_hex(3)}"
    folder.mkdir(parents=True, exist_ok=True)
    socket, settings = folder / "docker.sock", folder / "daemon.json"
    settings.write_text("{}", encoding="ascii")
    ip("netns", "add", name)
    ip("-n", name, "link", "set", "lo", "up")
    words = [
        *(*_inside(name), "dockerd", f"--config-file={settings}", f"--host=unix://{socket}"),
        *(f"--data-root={data}", f"--exec-root={folder / 'exec'}", f"--pidfile={folder / 'pid'}"),
        *("--bridge=none", "--iptables=false", f"--containerd-namespace={name}"),
        f"--containerd-plugins-namespace={name}-plugins",
    ]
    try:
        with (folder / "log").open("w") as log, subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT) as daemon:
            try:
                started = SecondDocker(socket, name)
                _wait_until_ready(started, daemon, folder / "log")
                yield started
            finally:
                daemon.terminate()
                daemon.wait(timeout=60)
    finally:
        ip("netns", "delete", name, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(started: SecondDocker, daemon: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while started.run(["docker", "info"]).returncode:
        assert time.monotonic() < until, log.read_text(encoding="utf-8")[-2000:]
        assert daemon.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        time.sleep(0.3)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A folder with a file system of so many bytes of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    file, mount = folder / "disk", folder / "mount"
    with file.open("wb") as disk:
        disk.truncate(size)
    mount.mkdir(exist_ok=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(file)], check=True)
    subprocess.run(["mount", "-o", "loop", str(file), str(mount)], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)
        file.unlink()
