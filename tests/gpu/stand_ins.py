"""What stands for a GPU server where there is none: a Debian in a container, NVIDIA's packages by name only, and a Docker that tells
of itself what a test says. No GPU and nothing of NVIDIA's is involved.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from hub import debian
from tests.gpu.machine_network import in_machine_network
from tests.gpu.newer_docker import MACHINE_SOCKET

PLACE = "/srv/stand-ins"  # of the folder in the container
NVIDIA_CTK = """\
#!/bin/sh -e
echo "$@" >> /var/log/nvidia-ctk
case "$1" in
cdi) printf 'cdiVersion: 0.5.0\\nkind: nvidia.com/gpu\\ndevices: []\\n' > "${3#--output=}" ;;
system) mkdir -p /dev/char && ln -s ../nvidiactl /dev/char/195:255 ;;
esac
"""
# Docker reads its settings when it starts, and only then.
DOCKERD = f"""\
#!/bin/sh -e
cp /etc/docker/daemon.json {PLACE}/started.json
"""


def own_docker() -> dict[str, str]:
    """The environment in which `docker` speaks to the machine's own, whichever other tests speak to."""
    return {**os.environ, "DOCKER_HOST": f"unix://{MACHINE_SOCKET}"}


def run(*words: str, **more: Any) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=own_docker(), **more)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return str(done.stdout)


@dataclass
class Told:
    """What the Docker that stands in tells of itself at /info, beside CDI, which follows from the settings it started with."""

    version: str = "26.1.5+dfsg1"
    running: int = 0
    runtimes: dict[str, Any] = field(default_factory=lambda: {"runc": {"path": "runc"}})
    default: str = "runc"


@dataclass(frozen=True)
class Server:
    """A machine that stands for a GPU server: a container's name, the folder that it shares with this one, and its Docker."""

    name: str
    folder: Path
    docker: Told

    def run(self, *words: str) -> str:
        return run("docker", "exec", self.name, *words)

    def fails(self, *words: str) -> bool:
        return (
            subprocess.run(
                ["docker", "exec", self.name, *words], capture_output=True, check=False, env=own_docker()
            ).returncode
            != 0
        )

    def write(self, path: str, text: str) -> None:
        """Write a file on it, with the folders it lies in."""
        command = 'mkdir -p "$(dirname "$0")" && cat > "$0"'
        run("docker", "exec", "-i", self.name, "sh", "-c", command, path, input=text)

    @property
    def inventory(self) -> str:
        about = {
            "ansible_connection": "community.docker.docker",
            "ansible_host": self.name,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        return json.dumps({"all": {"hosts": {"gpu-server": about}}})


@contextmanager
def image(suite: str) -> Iterator[str]:
    """A Debian as an image for such servers, without any repository of its own."""
    tag = f"chtest-gpus:{suite}"
    mirror, _ = debian.mirrors(debian.apt_sources())
    with TemporaryDirectory(prefix="chtest-gpus-") as scratch:
        archive = Path(scratch) / "root.tar"
        without = '--customize-hook=rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*'
        include = "--include=python3-apt,python3-requests"
        words = ["mmdebstrap", "--quiet", "--variant=apt", include, without, suite, str(archive), mirror]
        in_machine_network(words)
        run("docker", "import", str(archive), tag)
    yield tag
    run("docker", "rmi", tag)


@contextmanager
def server(tag: str, folder: Path) -> Iterator[Server]:
    """A server that is on no network, with a driver, and a Docker that was started with other settings of its own."""
    name, told = f"chtest-gpus-{folder.name[-20:].strip('-_')}", Told()
    (folder / "driver").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05\n", encoding="ascii")
    with answering(folder, told):
        run(
            "docker",
            "run",
            "--detach",
            f"--name={name}",
            "--network=none",
            f"--volume={folder}:{PLACE}",
            tag,
            "sleep",
            "900",
        )
        try:
            found = Server(name, folder, told)
            found.run("ln", "-s", f"{PLACE}/docker.sock", "/var/run/docker.sock")
            found.write("/usr/sbin/dockerd", DOCKERD)
            found.run("chmod", "755", "/usr/sbin/dockerd")
            found.write("/etc/docker/daemon.json", '{"log-driver": "local", "features": {"buildkit": true}}')
            yield found
        finally:
            run("docker", "rm", "--force", name)


@contextmanager
def answering(folder: Path, told: Told) -> Iterator[None]:
    """A Docker's socket in a folder, at which what a test says is told."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            started = folder / "started.json"
            settings = json.loads(started.read_text(encoding="utf-8")) if started.exists() else {}
            cdi = settings.get("features", {}).get("cdi", False)
            body = {
                "Version": told.version,
                "ApiVersion": "1.45",
                "ServerVersion": told.version,
                "ContainersRunning": told.running,
                "Runtimes": told.runtimes,
                "DefaultRuntime": told.default,
                "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"] if cdi else [],
            }
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def address_string(self) -> str:
            return "a unix socket"

        def log_message(self, *_: object) -> None:
            return

    with ThreadingUnixStreamServer(str(folder / "docker.sock"), Answer) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield
        listening.shutdown()


def nvidia_repository(folder: Path) -> None:
    """A signed apt repository of packages that have NVIDIA's names, laid out as NVIDIA's is, and its key beside it."""
    base, tool = "nvidia-container-toolkit-base", {"usr/bin/nvidia-ctk": NVIDIA_CTK}
    place = folder / architecture()
    packages = [
        *(Package(base, version, files=tool) for version in ("1.20.0-1", "1.21.0-1")),
        Package("nvidia-container-toolkit", "1.20.0-1", f"Depends: {base}, libnvidia-container1\n"),
        Package("libnvidia-container1", "1.20.0-1"),
    ]
    _index(place / "Packages", "./", [one.build(place) for one in packages])
    _sign(place, "Packages", folder / "key.asc")


def docker_repository(folder: Path, suite: str) -> None:
    """The same of Docker's own packages, laid out as Docker's is; Debian's old one lies beside it, in no repository."""
    conflicts = "Conflicts: docker.io\n"
    packages = [
        Package("docker-ce", "5:29.0.0-1", conflicts, {"usr/bin/dockerd": DOCKERD}),
        Package("docker-ce-cli", "5:29.0.0-1", conflicts),
        Package("containerd.io", "2.0.0-1"),
    ]
    top, index = folder / "dists" / suite, f"stable/binary-{architecture()}/Packages"
    _index(top / index, "pool/", [one.build(folder / "pool") for one in packages])
    _sign(top, index, folder / "key.asc")
    Package("docker.io", "20.10.24+dfsg1-1").build(folder)


@dataclass(frozen=True)
class Package:
    """A Debian package that has nothing but a name and perhaps some programs."""

    name: str
    version: str
    more: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def build(self, place: Path) -> Path:
        """The package in a folder, its control fields beside it."""
        place.mkdir(parents=True, exist_ok=True)
        file = place / f"{self.name}_{self.version.replace(':', '-')}.deb"
        about = (
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: {architecture()}\n{self.more}"
            f"Maintainer: tests <tests@example.org>\nDescription: stands in for {self.name}\n"
        )
        with TemporaryDirectory() as scratch:
            for name, text in {"DEBIAN/control": about, **self.files}.items():
                path = Path(scratch) / "tree" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="ascii")
                path.chmod(0o644 if name == "DEBIAN/control" else 0o755)
            run("dpkg-deb", "--build", "--root-owner-group", str(Path(scratch) / "tree"), str(file))
        file.with_suffix(".control").write_text(about, encoding="ascii")
        return file


def architecture() -> str:
    return run("dpkg", "--print-architecture").strip()


def _index(path: Path, prefix: str, files: Iterable[Path]) -> None:
    """What a repository says of its packages."""
    entries = []
    for file in files:
        about, content = file.with_suffix(".control").read_text(encoding="ascii"), file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        entries.append(f"{about}Filename: {prefix}{file.name}\nSize: {len(content)}\nSHA256: {digest}\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(entries), encoding="ascii")


def _sign(top: Path, index: str, public: Path) -> None:
    """Write the signed list of a repository's one index, by a key that is made for it and forgotten."""
    if shutil.which("gpg") is None:
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "gpg", "gpg-agent")
    content = (top / index).read_bytes()
    head = f"Suite: {top.name}\nArchitectures: {architecture()}\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
    release = f"{head} {hashlib.sha256(content).hexdigest()} {len(content)} {index}\n"
    with TemporaryDirectory() as keys:
        gpg = ("gpg", "--homedir", keys, "--batch", "--quiet", "--passphrase=", "--pinentry-mode=loopback")
        run(*gpg, "--quick-generate-key", "tests@example.org", "rsa3072", "sign", "never")
        run(*gpg, "--clearsign", "--output", str(top / "InRelease"), input=release)
        public.write_text(run(*gpg, "--armor", "--export"), encoding="ascii")
        run("gpgconf", "--homedir", keys, "--kill", "all")
