"""Asking the grader before a release: what it says, that it says nothing, that it takes too long. The clock is an argument."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from campushub_client import release_check
from campushub_client.service import Service, ServiceError

QUEUED = {"state": "queued", "message": "", "done": 0, "total": 0}
RUNNING = {"state": "running", "message": "", "done": 1, "total": 2}
DONE = {"state": "done", "message": "Nothing speaks against handing it out.", "done": 2, "total": 2}
FAILED = {"state": "failed", "message": "a.ipynb: is wrong.\nb.ipynb: too.", "done": 2, "total": 2}


@contextmanager
def service(jobs: list[dict[str, Any]], *, grader: bool = True) -> Iterator[Service]:
    """A service that says this of a job, the last one for ever."""
    left = list(jobs)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer({"grader": grader} if self.path == "/health" else left.pop(0) if len(left) > 1 else left[0])

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert asked == {"course": "demo", "assignment": "ps1", "verb": "check"}
            self.answer({"job": 7})

        def answer(self, data: dict[str, Any]) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(data).encode())

        def log_message(self, *_: object) -> None:
            """Nothing: the test says what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Service(f"http://127.0.0.1:{server.server_port}", "token")
    finally:
        server.shutdown()
        server.server_close()


def ask(of: Service, said: list[str] | None = None) -> list[str]:
    """The answer, by a clock that goes ten seconds on whenever one would wait."""
    now = [0.0]

    def wait(_: float) -> None:
        now[0] += 10

    def say(text: str, *values: object) -> None:
        if said is not None:
            said.append(text % values)

    found: list[str] = release_check.ask(of, "demo", "ps1", seconds=600, say=say, clock=lambda: now[0], sleep=wait)
    return found


def test_nothing_against_it_and_how_far_it_is() -> None:
    said: list[str] = []
    with service([QUEUED, QUEUED, RUNNING, DONE]) as found:
        assert ask(found, said) == []
    assert said[1:] == ["Check: waiting for the grader", "Check: run 1 of 2"]


def test_each_reason_is_a_line() -> None:
    with service([FAILED]) as found:
        assert ask(found) == ["a.ipynb: is wrong.", "b.ipynb: too."]


@pytest.mark.parametrize(
    ("job", "grader", "said"), [(QUEUED, False, "not taken the check up"), (RUNNING, False, "600 s")]
)
def test_grader_that_is_silent_or_slow(job: dict[str, Any], said: str, *, grader: bool) -> None:
    with service([job], grader=grader) as found:
        (line,) = ask(found)
    assert said in line


def test_grader_that_works_on_others_is_waited_for() -> None:
    with service([*[QUEUED] * 30, DONE]) as found:
        assert ask(found) == []


def test_service_that_is_gone_is_said() -> None:
    with pytest.raises(ServiceError, match="does not answer"):
        ask(Service("http://127.0.0.1:1", "token"))
