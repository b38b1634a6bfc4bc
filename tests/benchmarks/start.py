"""`campushub bench start`: from `docker run` until a server answers, and what it holds in memory, without a hub in the way.

Our plain image beside the same locked packages installed by pip as they come, in turns. A hub and a service that know one
person are a thread of this program.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import requests

from hub import image_build, images
from hub.folders import Folders
from tests.benchmarks import stock
from tests.benchmarks.click import anonymous_megabytes
from tests.benchmarks.figures import Figure, as_data, table
from tests.benchmarks.spawn import REST_SECONDS, as_program, machine, say
from tests.instance import ROOT

PREFIX, TOKEN, ASSIGNMENT = "/user/bench/", "b" * 32, "first-steps"
NOTEBOOK = ROOT / "config" / "examples" / "demo" / "assignments" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
SECONDS = 60
MEASURED = "from `docker run` until the server answers on its API (status 200); page cache warm, no volume, no limit on either side"


@dataclass
class Side:
    """One of the two images and what was measured of it."""

    name: str
    image: str
    ready: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    failures: int = 0


class Campus(BaseHTTPRequestHandler):
    """The hub's API and the service's, as far as a server asks them."""

    def do_GET(self) -> None:
        if self.path.startswith("/service/assignments?"):
            one: dict[str, Any] = {"name": ASSIGNMENT, "due": None, "files": [], "receipts": [], "feedback": []}
            return self.tell({"course": "bench", "title": "Bench", "announcement": None, "assignments": [one]})
        if self.path.endswith("/files"):
            return self.send(_packed(), "application/x-tar")
        return self.tell({"name": "bench", "kind": "user", "scopes": ["access:servers"], "groups": []})

    do_POST = do_GET  # noqa: N815 (the name that http.server looks for)

    def tell(self, data: dict[str, Any]) -> None:
        self.send(json.dumps(data).encode(), "application/json")

    def send(self, body: bytes, kind: str) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        headers = {"X-JupyterHub-Version": "6.1.1", "Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Nobody reads it."""


def _packed() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(NOTEBOOK, arcname=NOTEBOOK.name)
    return packed.getvalue()


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--json", action="store_true")
    words.add_argument("--n", type=int, default=9)
    options = words.parse_args()
    client, began = docker.from_env(timeout=120), datetime.now(UTC)
    sides = (Side("ours", our_image()), Side("stock", stock.server_image()))
    gateway = client.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    campus = ThreadingHTTPServer((gateway, 0), Campus)
    threading.Thread(target=campus.serve_forever, daemon=True).start()
    address = f"http://{gateway}:{campus.server_address[1]}"
    for number in range(options.n + 1):  # the first of each fills the page cache and is not counted
        for side in sides if number % 2 else sides[::-1]:
            with _running(client, side, address, counted=number > 0) as container:
                if number == 0 and container is not None:
                    _look_inside(client, side, container)
    campus.shutdown()
    conditions = {
        "measured": MEASURED,
        "repeats": f"in turns, medians of {options.n}",
        "memory": f"all processes, {REST_SECONDS} s after ready; in ours the panel has listed and fetched and Validate has run",
        **machine(began),
    }
    figures = {
        "ready_s": Figure("docker run to the first answer", "s", tuple(sides[0].ready), tuple(sides[1].ready)),
        "memory_mb": Figure("anonymous memory of a server", "MB", tuple(sides[0].memory), tuple(sides[1].memory)),
        "failures": Figure("servers that failed", "", (sides[0].failures,), (sides[1].failures,)),
    }
    told = json.dumps(as_data("start", options.n, conditions, figures), indent=2)
    sys.stdout.write((told if options.json else "\n".join(table(list(figures.values()), conditions))) + "\n")
    return 1 if any(side.failures for side in sides) else 0


def our_image() -> str:
    image_build.build(ROOT, Folders(Path("/var/lib/chtest-bench")), names=["base"], report=say)
    return images.tag("base", images.content_ids(ROOT, images.read(ROOT))["base"])


@contextmanager
def _running(client: docker.DockerClient, side: Side, address: str, *, counted: bool) -> Iterator[Any]:
    """A server in a container, ready; none when it does not answer."""
    began = time.monotonic()
    container = client.containers.run(
        side.image, detach=True, init=True, environment=_environment(address), labels={stock.LABEL: "start"}
    )
    try:
        container.reload()
        ready = _answers(f"http://{container.attrs['NetworkSettings']['IPAddress']}:8888{PREFIX}api", began)
        if ready is None:
            side.failures += 1
            say(f"{side.name}: no answer\n{container.logs(tail=20).decode()}")
        elif counted:
            side.ready.append(ready)
            say(f"{side.name}: {ready:.2f} s")
        yield container if ready is not None else None
    finally:
        container.remove(force=True, v=True)


def _answers(url: str, began: float) -> float | None:
    """Seconds until an address answers."""
    while time.monotonic() - began < SECONDS:
        try:
            if requests.get(url, timeout=5).ok:
                return time.monotonic() - began
        except requests.RequestException:
            time.sleep(0.01)
    return None


def _look_inside(client: docker.DockerClient, side: Side, container: Any) -> None:
    """Panel and Validate are used in ours; then memory is read a minute after it was ready."""
    until = time.monotonic() + REST_SECONDS
    if side.name == "ours":
        base = f"http://{container.attrs['NetworkSettings']['IPAddress']}:8888{PREFIX}campushub/"
        for method, verb in (("GET", "assignments"), ("POST", "fetch"), ("POST", "validate")):
            data = json.dumps({"name": ASSIGNMENT}) if method == "POST" else None
            answer = requests.request(
                method, base + verb, data=data, headers={"Authorization": f"token {TOKEN}"}, timeout=120
            )
            if not answer.ok or (verb == "validate" and not answer.json()["notebooks"]):
                side.failures += 1
                say(f"{side.name}: {verb}: {answer.status_code} {answer.text[:300]}")
    say(f"{side.name}: resting for {REST_SECONDS} s")
    time.sleep(max(0, until - time.monotonic()))
    side.memory.append(anonymous_megabytes(client, container.name))


def _environment(address: str) -> dict[str, str]:
    return {
        "JUPYTERHUB_API_TOKEN": TOKEN,
        "JUPYTERHUB_API_URL": f"{address}/hub/api",
        "JUPYTERHUB_ACTIVITY_URL": f"{address}/hub/api/activity",
        "JUPYTERHUB_SERVICE_URL": f"http://0.0.0.0:8888{PREFIX}",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_ROOT_DIR": "/home/jovyan",
        "JUPYTERHUB_USER": "bench",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-bench",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{PREFIX}oauth_callback",
        "JUPYTERHUB_OAUTH_SCOPES": '["access:servers"]',
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:servers"]',
        "JUPYTER_CONFIG_PATH": "/opt/env/etc/campushub/work",  # as ours is started; stock has no such folder
        "CAMPUSHUB_COURSE": "bench",
        "CAMPUSHUB_ROLE": "work",
        "CAMPUSHUB_IDLE_MINUTES": "60",
        "CAMPUSHUB_SERVICE_URL": f"{address}/service",
    }


if __name__ == "__main__":
    as_program(main)
