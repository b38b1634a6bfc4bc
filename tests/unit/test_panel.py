"""The panel's Submit, by Jupyter's own handlers, before the service's own address and a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
import requests
from campushub_client import folders, panel
from jupyter_server.auth import AllowAllAuthorizer, IdentityProvider
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from hub.courses import Role
from hub.roster import Entry
from hub.rules import Rules
from hub.services.api_exchange import Submit
from hub.services.service import NAME
from hub.services.state import Caller, State
from tests.coursework import notebook
from tests.small_hub import NOW, packed

SETTINGS = "data: {data}\nreserve: 1M\ncourses: {{nn: {{title: N}}}}\n"
TESTS = "assert answer() == 42"
PRESS, OTHER = "0123456789abcdef" * 2, "f" * 32


class OfAsha(State):
    """The service as it is when every token is that of asha's server."""

    async def caller(self, token: str) -> Caller | None:  # noqa: ARG002 (as State has it)
        return Caller("asha", "nn")


class Home:
    """A student's folder of an assignment, and their server."""

    def __init__(self, folder: Path, url: str, state: State) -> None:
        self.folder, self.url, self.state = folder, url, state

    def write(self, answer: str) -> None:
        nbformat.write(notebook(answer, tests=TESTS), self.folder / "ps.ipynb")

    async def submit(self, **wanted: Any) -> requests.Response:
        url, headers = f"{self.url}/campushub/submit", {"Authorization": "token theirs"}
        data = {"name": "ps", **wanted}
        return await asyncio.to_thread(requests.post, url, json=data, headers=headers, timeout=30)

    async def receipt(self, **wanted: Any) -> tuple[str, int]:
        """The submission and its attempt."""
        answer = await self.submit(**wanted)
        assert answer.ok, answer.text
        return answer.json()["submission"], answer.json()["attempt"]

    def attempts(self) -> list[int]:
        return [one.attempt for one in self.state.work.receipts("nn")]


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    config = tmp_path / "hub.yaml"
    config.write_text(SETTINGS.format(data=tmp_path / "data"), encoding="utf-8")
    state = OfAsha.open(config, "http://127.0.0.1:9")
    state.members.bring_in("nn", [Entry(2, "asha", "Asha A", "", Role.STUDENT, "")], keep=True)
    state.work.release(
        "nn", "ps", packed(**{"ps.ipynb": nbformat.writes(notebook("", tests=TESTS))}), due=None, now=NOW
    )
    service = Application([(rf"/assignments/{NAME}/{NAME}/submission", Submit, {"state": state})])
    own = Application(
        base_url="/",
        cookie_secret="of this test",
        identity_provider=IdentityProvider(token="theirs"),
        authorizer=AllowAllAuthorizer(),
        headers={},
    )
    panel.load(SimpleNamespace(web_app=own))
    servers = [HTTPServer(service), HTTPServer(own)]
    sockets = [bind_unused_port() for _ in servers]
    for server, (socket, _) in zip(servers, sockets, strict=True):
        server.add_socket(socket)
    urls = [f"http://127.0.0.1:{port}" for _, port in sockets]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CAMPUSHUB_COURSE", "nn")
    monkeypatch.setenv("CAMPUSHUB_SERVICE_URL", urls[0])
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "ours")
    monkeypatch.delenv("CAMPUSHUB_TOKEN_FILE", raising=False)
    folder = folders.home_of_assignments("nn") / "ps"
    folder.mkdir(parents=True)
    found = Home(folder, urls[1], state)
    found.write("def answer(): return 42")
    yield found
    for server in servers:
        server.stop()
        await server.close_all_connections()
    state.store.engine.dispose()


async def test_press_that_is_sent_again_is_one_attempt_with_one_receipt(home: Home) -> None:
    first = await home.receipt(press=PRESS)
    home.write("def answer(): return 42")  # saved again as it was
    assert await home.receipt(press=PRESS) == first
    assert home.attempts() == [1]


async def test_press_that_is_sent_again_with_other_files_is_another_attempt(home: Home) -> None:
    first = await home.receipt(press=PRESS)
    home.write("def answer(): return 43")
    second = await home.receipt(press=PRESS)
    assert (first[1], second[1]) == (1, 2)
    home.write("def answer(): return 42")
    assert await home.receipt(press=PRESS) == first
    assert home.attempts() == [1, 2]


async def test_the_only_attempt_is_not_refused_when_its_press_is_sent_again(home: Home) -> None:
    home.state.rulebook.keep("nn", "ps", Rules(attempts=1))
    first = await home.receipt(press=PRESS)
    assert await home.receipt(press=PRESS) == first
    refused = await home.submit(press=OTHER)
    assert refused.status_code == 409
    assert "attempt is used" in refused.json()["message"]


async def test_press_that_was_asked_about_goes_on_when_its_person_agrees(home: Home) -> None:
    nbformat.write(nbformat.v4.new_notebook(), home.folder / "ps.ipynb")
    asked = await home.submit(press=PRESS)
    assert asked.status_code == 409
    assert asked.json()["lost"] == {"ps.ipynb": ["answer"]}
    assert home.attempts() == []
    assert (await home.receipt(press=PRESS, confirmed=True))[1] == 1


async def test_every_press_of_its_own_and_every_request_without_one_is_an_attempt(home: Home) -> None:
    wanted: tuple[dict[str, str], ...] = ({"press": PRESS}, {"press": OTHER}, {}, {})
    assert [(await home.receipt(**one))[1] for one in wanted] == [1, 2, 3, 4]


async def test_press_that_is_none_is_refused_and_nothing_is_stored(home: Home) -> None:
    for press in ("", "short", PRESS + "0", PRESS.upper(), PRESS[:-1] + "\n", 7, ["a"]):
        refused = await home.submit(press=press)
        assert refused.status_code == 400, press
        assert "32 hexadecimal digits" in refused.json()["message"]
    assert home.attempts() == []
