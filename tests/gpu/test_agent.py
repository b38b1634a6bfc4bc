"""The agent with this machine's Docker, a service that writes down what it hears, and a library in NVML's place. No GPU is involved."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from hub.adapters.gpu_containers import GpuContainers
from hub.gpu_seen import Holder, Seen
from hub.services.agent import Agent, turn
from tests.gpu.stand_in import MEBIBYTE, StandIn, gpu, process
from tests.instance import ROOT

A, B = "GPU-aaaaaaaa-0000", "GPU-bbbbbbbb-1111"
INSTANCE = "agent-test"


@dataclass
class ServiceHeard:
    """The service, as far as the agent knows it."""

    url: str = ""
    limits: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path and token
    sights: list[Seen] = field(default_factory=list)


def take_turn(agent: Agent, url: str, now: float) -> None:
    """In a thread of its own: a browser that another test has opened keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(turn(agent, url, "token", now))).result()


@pytest.fixture
def service() -> Iterator[ServiceHeard]:
    heard = ServiceHeard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.asked.append((self.path, self.headers["Authorization"]))
            heard.sights.append(Seen.of(told))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"limits": heard.limits}).encode())

        def log_message(self, *_: object) -> None:
            """Nothing: the test says what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def lent(engine: Any, image: str) -> Iterator[str]:
    """A container that was given a GPU and does not run: this machine's Docker may be too old to start it."""
    labels = {"campushub.instance": INSTANCE, "campushub.person": "asha", "campushub.server": "gpu-demo"}
    host = engine.create_host_config(network_mode="none")
    host["DeviceRequests"] = [{"Driver": "cdi", "DeviceIDs": [f"nvidia.com/gpu={A}"]}]
    made = engine.create_container(image, ["/rest"], host_config=host, labels=labels, name=f"{INSTANCE}-lent")["Id"]
    yield made
    engine.remove_container(made, force=True)


class Away:
    """A Docker that has ended."""

    def containers(self, **_: object) -> None:
        raise docker.errors.DockerException("connection refused")


@pytest.fixture
def agent(engine: Any, image: str) -> Agent:
    return Agent(INSTANCE, docker=GpuContainers(engine, INSTANCE))


def first_look(service: ServiceHeard, stand_in: StandIn, folder: Path) -> tuple[Seen, tuple[str, str | None]]:
    """What an agent's process tells first, and how it asks: path and header."""
    settings = folder / "hub.yaml"
    settings.write_text(f"name: {INSTANCE}\ndata: {folder}\n", encoding="utf-8")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "agent").write_text("the-agents-token\n", encoding="ascii")
    given = {"CAMPUSHUB_CONFIG": str(settings), "CAMPUSHUB_SERVICE_URL": service.url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "hub.services.agent"]
    with subprocess.Popen(command, env={**os.environ, **stand_in.environment, **given}) as agent:
        until = time.monotonic() + 30
        while not service.sights and time.monotonic() < until:
            time.sleep(0.1)
        agent.terminate()
    return service.sights[0], service.asked[0]


def test_the_agents_process_tells_the_service_what_there_is_and_who_has_it(
    service: ServiceHeard, stand_in: StandIn, containers: list[tuple[str, int]], lent: str, tmp_path: Path
) -> None:
    (first, pid), _ = containers
    stand_in.says(gpu(A), gpu(B, used=9), process(B, pid, used=7, sm=60), process(B, os.getpid(), used=2))
    found, asked = first_look(service, stand_in, tmp_path)
    assert asked == ("/gpus/seen", "token the-agents-token")
    assert [one.uuid for one in found.devices] == [A, B]
    assert Holder(lent, f"{INSTANCE}-lent", "asha", "gpu-demo", (A,), running=False) in found.holders
    assert Holder(first, first[:12], None, None, (B,), running=True, used=7, computes=True) in found.holders
    assert found.strangers == {B: 1}


def test_without_a_driver_the_agent_says_why_and_who_holds_what(
    service: ServiceHeard, no_driver: StandIn, lent: str, tmp_path: Path
) -> None:
    found, _ = first_look(service, no_driver, tmp_path)
    assert "libnvidia-ml.so.1 is not there" in found.trouble
    assert [one.container for one in found.holders if one.person == "asha"] == [lent]


def test_a_service_that_is_away_ends_nothing_and_is_logged_once(
    service: ServiceHeard, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    for url in ("http://127.0.0.1:9", "http://127.0.0.1:9", service.url):
        take_turn(agent, url, 0.0)
    said = [record.message for record in caplog.records if record.message.startswith("service:")]
    assert [message.partition(" ")[2][:10] for message in said] == ["CampusHub ", "well again"]


def test_without_docker_nothing_is_told_and_the_next_look_tells_again(service: ServiceHeard, agent: Agent) -> None:
    there, agent.docker = agent.docker, GpuContainers(Away(), INSTANCE)
    take_turn(agent, service.url, 0.0)
    assert (service.sights, list(agent.told.said)) == ([], ["docker"])
    agent.docker = there
    take_turn(agent, service.url, 10.0)
    assert len(service.sights) == 1


def test_a_limit_of_the_services_answer_holds_and_is_told_at_the_next_look(
    stand_in: StandIn, containers: list[tuple[str, int]]
) -> None:
    (first, pid), (second, _) = containers
    stand_in.says(gpu(A), gpu(B), process(A, pid))
    with stand_in.machine() as machine:
        agent = machine.agent({first: A, second: B})
        agent.look(0.0)
        agent.limit([{"container": first, "device": A, "bytes": 11 * MEBIBYTE}])
        limited = {one.container: one.limited for one in agent.look(10.0).holders}
    assert (limited[first], limited[second]) == (11 * MEBIBYTE, None)


def test_a_limit_for_a_container_that_has_ended_ends_nothing(stand_in: StandIn) -> None:
    stand_in.says(gpu(A))
    with stand_in.machine() as machine:
        agent = machine.agent({})
        agent.look(0.0)
        agent.limit([{"container": "c0" * 32, "device": A, "bytes": MEBIBYTE}])
        assert len(agent.look(10.0).devices) == 1
