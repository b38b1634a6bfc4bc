"""The GPU's addresses of a person's server: Jupyter's own handlers, before a service that answers as ours does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from campushub_client import gpu
from campushub_client.service import SILENT
from jupyter_server.auth import AllowAllAuthorizer, IdentityProvider
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

LEASE = {"state": "active", "course": "nn", "server": "gpu-nn", "slot": "a", "until": "2026-12-01T15:40:00+00:00"}


class Answers(BaseHTTPRequestHandler):
    """A service that answers what `answers` says for a path, and notes what it was asked and with which token."""

    answers: dict[str, tuple[int, dict[str, Any] | None]]
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.asked.append((f"{self.command} {self.path}", self.headers["Authorization"]))
        status, told = self.answers[self.path]
        self.send_response(status)
        self.end_headers()
        if told is not None:
            self.wfile.write(json.dumps(told).encode())

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Answers]]:
    handler = type("OfThisTest", (Answers,), {"answers": {}, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("CAMPUSHUB_SERVICE_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "ours")
        monkeypatch.delenv("CAMPUSHUB_TOKEN_FILE", raising=False)
        monkeypatch.setenv(gpu.WORD, "1")
        yield handler
        server.shutdown()


async def ask(method: str, verb: str) -> requests.Response:
    """A request to a person's server that has the GPU's addresses and no others."""
    application = Application(
        base_url="/",
        cookie_secret="of this test",
        identity_provider=IdentityProvider(token="theirs"),
        authorizer=AllowAllAuthorizer(),
        headers={},
    )
    gpu.load(SimpleNamespace(web_app=application))
    server = HTTPServer(application)
    socket, port = bind_unused_port()
    server.add_socket(socket)
    try:
        url = f"http://127.0.0.1:{port}/campushub/{verb}"
        headers = {"Authorization": "token theirs"}
        return await asyncio.to_thread(requests.request, method, url, headers=headers, timeout=10)
    finally:
        server.stop()
        await server.close_all_connections()


async def test_standing_is_passed_on_with_the_machines_time(service: type[Answers]) -> None:
    service.answers["/gpu"] = (200, LEASE)
    told = (await ask("GET", "gpu")).json()
    assert told.pop("now")
    assert told == LEASE
    assert service.asked == [("GET /gpu", "token ours")]


async def test_renewal_brings_the_standing_anew(service: type[Answers]) -> None:
    service.answers["/gpu/renew"] = (200, {**LEASE, "until": "2026-12-01T18:40:00+00:00"})
    assert (await ask("POST", "gpu/renew")).json()["until"] == "2026-12-01T18:40:00+00:00"
    assert service.asked == [("POST /gpu/renew", "token ours")]


@pytest.mark.parametrize("status", [409, 422])
async def test_refusal_is_in_the_services_own_words(service: type[Answers], status: int) -> None:
    service.answers["/gpu/renew"] = (status, {"error": "Two people wait for a GPU."})
    answer = await ask("POST", "gpu/renew")
    assert (answer.status_code, answer.json()) == (409, {"message": "Two people wait for a GPU."})


async def test_gpu_is_handed_back_once(service: type[Answers]) -> None:
    service.answers["/gpu/return"] = (204, None)
    assert (await ask("POST", "gpu/return")).ok
    assert service.asked == [("POST /gpu/return", "token ours")]


async def test_silent_service_is_a_sentence_there_too(service: type[Answers], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPUSHUB_SERVICE_URL", "http://127.0.0.1:1")
    assert (await ask("POST", "gpu/return")).json() == {"message": SILENT}


async def test_hub_without_gpus_has_no_such_address(service: type[Answers], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(gpu.WORD)
    assert (await ask("GET", "gpu")).status_code == 404
    assert service.asked == []


def test_looking_at_it_is_no_use_of_the_server() -> None:
    assert gpu.Standing._track_activity is False
    assert gpu.Renewal._track_activity is True
