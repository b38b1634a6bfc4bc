"""The hub that ours is measured against: JupyterHub with DockerSpawner as upstream documents it, nothing of ours.

The same locked packages, plainly installed by pip on the same Debian image; a network, a proxy and volumes of its own.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import docker
import docker.errors
import requests

from hub import image_build, images, wheelhouse
from hub.adapters.engine import Engine
from hub.folders import Folders
from tests.benchmarks.click import Student
from tests.instance import ROOT, free_port

HERE = Path(__file__).resolve().parent
LABEL = "campushub.bench"
READY_SECONDS = 60


@contextmanager
def running(name: str, people: list[str]) -> Iterator[tuple[Student, ...]]:
    """A stock hub with these people signed in; taken away at the end. `name` is the run's."""
    client = docker.from_env(timeout=120)
    try:
        _clear_left_over(client)
        server, hub = _images()
        port = free_port()
        _start(client, name, hub, server, port)
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        students = tuple(Student(url, person, "", f"{name}-stock-server-{person}") for person in people)
        for student in students:
            student.sign_in("any")
        yield students
    finally:
        remove(client, name)
        client.close()


def _start(client: docker.DockerClient, name: str, hub: str, server: str, port: int) -> None:
    client.networks.create(f"{name}-stock", labels={LABEL: name})
    container = client.containers.create(
        hub,
        name=f"{name}-stock-hub",
        labels={LABEL: name},
        environment={"BENCH_NAME": name, "BENCH_IMAGE": server},
        volumes={"/var/run/docker.sock": {"bind": "/var/run/docker.sock", "mode": "rw"}},
        ports={"8000/tcp": ("127.0.0.1", port)},
    )
    client.networks.get(f"{name}-stock").connect(container, aliases=["jupyterhub"])
    container.start()


def _wait_for(url: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            if requests.get(f"{url}/hub/health", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise AssertionError(f"the stock hub does not answer at {url}")


def remove(client: docker.DockerClient, name: str) -> None:
    """Take everything of one run's stock hub away; its images stay, for the next."""
    for container in client.containers.list(all=True, filters={"name": f"^/{name}-stock-"}):
        container.remove(force=True)
    for network in client.networks.list(filters={"label": f"{LABEL}={name}"}):
        network.remove()
    for volume in client.volumes.list(filters={"name": f"{name}-stock-"}):
        volume.remove()


def _clear_left_over(client: docker.DockerClient) -> None:
    """Remove what runs that were cut off have left: a run that still goes on has its folder."""
    for network in client.networks.list(filters={"label": LABEL}):
        name = network.attrs["Labels"][LABEL]
        if not Path("/var/lib", name).exists():
            remove(client, name)


def _images() -> tuple[str, str]:
    """Tags of the server's and the hub's image, built when they are not there."""
    arguments = {"PARENT": _tag("debian"), "PROXY": _tag("proxy")}
    return server_image(), _image("stock_hub", "hub", arguments)


def server_image() -> str:
    """The tag of the server's image, built when it is not there."""
    return _image("stock_server", "base", {"PARENT": _tag("debian")})


def _tag(name: str) -> str:
    """The tag of an image of ours that stock is built on, built when it is not there."""
    with TemporaryDirectory(prefix="campushub-bench-", dir="/var/tmp") as scratch:
        image_build.build(ROOT, Folders(Path(scratch)), names=[name], report=partial(print, file=sys.stderr))
    return images.tag(name, images.content_ids(ROOT, images.read(ROOT))[name])


def _image(folder: str, lock_of: str, arguments: dict[str, str]) -> str:
    engine, lock = Engine.connect(), ROOT / "images" / lock_of / "requirements.txt"
    files = sorted(path for path in (HERE / folder).iterdir() if path.is_file())
    content = hashlib.sha256(repr(arguments).encode() + lock.read_bytes() + b"".join(map(Path.read_bytes, files)))
    tag = f"campushub-bench/{folder.replace('_', '-')}:{content.hexdigest()[:12]}"
    if engine.image(tag) is None:
        with TemporaryDirectory(prefix="campushub-bench-") as scratch:
            context = Path(scratch) / "context"
            context.mkdir()
            for path in (*files, lock):
                shutil.copy(path, context)
            wheelhouse.fill(lock, Path(scratch) / "wheels")
            wheelhouse.link(Path(scratch) / "wheels", context / "wheels")
            engine.build(context, tag, arguments)
    return tag
