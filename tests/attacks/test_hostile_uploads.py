"""Hostile uploads over HTTP, with a server's real token: who, when, how much, and what stays of it afterwards.

That each of these succeeds in nbgrader's own exchange is shown in tests/unit/test_stock_exchange.py; what the archive's files become,
one by one, in tests/unit/test_hostile_uploads.py.
"""

from __future__ import annotations

import http.client
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from hub.settings_file import load
from tests.attacks.uploads.made import NAME, NOTEBOOK, UPLOADS, tar
from tests.benchmarks.inside import exec_in, tokens
from tests.benchmarks.submit import RELEASE
from tests.coursework import RIGHT, notebook, student_id
from tests.instance import Instance, Person

EXPECTED = yaml.safe_load((Path(__file__).parent / "uploads" / "expected.yaml").read_text(encoding="utf-8"))
TESTS = "assert answer() == 42"
GOOD = nbformat.writes(notebook(RIGHT, tests=TESTS)).encode()
MEGABYTE = 1024**2
LIMIT = 20 * MEGABYTE  # of the tests' instance
FOR_LARGE = {"large", "huge-output"}  # made for a smaller limit


@dataclass(frozen=True)
class Sender:
    """Somebody's server, as the service sees it."""

    instance: Instance
    name: str
    token: str

    @property
    def address(self) -> str:
        return f"{load(self.instance.config).address('service')}:8010"

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"token {self.token}", **more}

    def send(
        self, upload: bytes, *, key: str = "", query: str = "", name: str = NAME, course: str = "demo", **more: str
    ) -> tuple[int, dict[str, Any]]:
        path = f"/courses/api/assignments/{course}/{name}/submission?confirmed=yes{query}"
        headers = self.headers(**({"Idempotency-Key": key} if key else {}), **more)
        return self.ask("PUT", path, upload, headers)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        with closing(http.client.HTTPConnection(self.address, timeout=60)) as connection:
            connection.request(method, path, body, headers or self.headers())
            answer = connection.getresponse()
            text = answer.read()
        with suppress(ValueError):
            return answer.status, dict(json.loads(text))
        return answer.status, {}

    def kept(self) -> list[str]:
        with sqlite3.connect(f"file:{self.instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
            query = "select id from submissions where person = ? and assignment = ? order by attempt"
            return [str(row[0]) for row in store.execute(query, [self.name, NAME])]


@pytest.fixture(scope="module")
def senders(instance: Instance) -> dict[str, Sender]:
    code = RELEASE.format(name=NAME)
    exec_in(instance, "service", code, nbformat.writes(notebook("", tests=TESTS)).encode())
    return {name: Sender(instance, name, token) for name, token in tokens(instance, ["student", "student2"]).items()}


@pytest.fixture
def mallory(senders: dict[str, Sender]) -> Iterator[Sender]:
    """Who attacks; afterwards a submission is taken at once, and nothing half received is left."""
    sender = senders["student"]
    yield sender
    began = time.monotonic()
    assert sender.send(tar({NOTEBOOK: GOOD}))[0] == 201
    assert time.monotonic() - began < 2
    until = time.monotonic() + 20
    while list((sender.instance.data / "service").glob("*/.*")):
        assert time.monotonic() < until, "something half received is left"
        time.sleep(0.1)


def test_nobody_hands_in_as_somebody_else_or_at_another_time(mallory: Sender) -> None:
    upload = tar({NOTEBOOK: GOOD, f"student2+{NAME}+2020-01-01 00:00:00.0 UTC+x/{NOTEBOOK}": GOOD})
    forged = {"X-Forwarded-User": "student2", "JUPYTERHUB_USER": "student2", "Date": "Wed, 01 Jan 2020 00:00:00 GMT"}
    query = "&person=student2&student_id=student2&at=2020-01-01T00:00:00Z&now=2020-01-01T00:00:00Z"
    status, receipt = mallory.send(upload, query=query, **forged)
    assert status == 201, receipt
    assert receipt["person"] == "student"
    assert abs(datetime.fromisoformat(receipt["at"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("token", ["", "0" * 32, "nobody's"])
def test_without_a_servers_token_nothing_is_taken(mallory: Sender, token: str) -> None:
    assert Sender(mallory.instance, "", token).send(tar({NOTEBOOK: GOOD}))[0] == 403


def test_what_was_acknowledged_cannot_be_changed_or_taken_away(mallory: Sender) -> None:
    _, receipt = mallory.send(tar({NOTEBOOK: GOOD}), key="the first")
    folder = mallory.instance.data / "service" / "submissions" / receipt["submission"]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert mallory.send(tar({NOTEBOOK: GOOD, "more.txt": b"later"}), key="the first")[1] == receipt
    place = f"assignments/demo/{NAME}/submissions"
    for method in ("PUT", "POST", "PATCH", "DELETE"):
        for path in (f"submissions/{receipt['submission']}", f"{place}/files?ids={receipt['submission']}", place):
            assert mallory.ask(method, f"/courses/api/{path}", b"")[0] in (403, 404, 405)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_others_submissions_are_not_read(mallory: Sender, senders: dict[str, Sender]) -> None:
    theirs = senders["student2"].send(tar({NOTEBOOK: GOOD}))[1]["submission"]
    for path in (
        f"assignments/demo/{NAME}/submissions",
        f"assignments/demo/{NAME}/submissions/files?ids={theirs}",
        f"submissions/{theirs}/feedback",
    ):
        assert mallory.ask("GET", f"/courses/api/{path}")[0] in (403, 404)


@pytest.mark.parametrize(("course", "name"), [("demo", "never-there"), ("second", NAME), ("nowhere", NAME)])
def test_what_is_not_handed_out_to_one_takes_nothing(mallory: Sender, course: str, name: str) -> None:
    before = mallory.kept()
    assert mallory.send(tar({NOTEBOOK: GOOD}), course=course, name=name)[0] in (403, 404, 422)
    assert mallory.kept() == before


def test_double_click_and_retries_are_one_submission(mallory: Sender) -> None:
    before = set(mallory.kept())
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: mallory.send(tar({NOTEBOOK: GOOD}), key="clicked twice"), range(8)))
    assert {status for status, _ in told} == {201}
    assert len({receipt["submission"] for _, receipt in told}) == 1
    assert len(set(mallory.kept()) - before) == 1


def begun(mallory: Sender, *headers: str) -> socket.socket:
    """A connection on which a submission was begun, with these headers."""
    host, port = mallory.address.split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    first = f"PUT /courses/api/assignments/demo/{NAME}/submission HTTP/1.1"
    lines = [first, f"Host: {host}", f"Authorization: token {mallory.token}", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return connection


def test_sender_who_leaves_before_the_end_leaves_nothing(mallory: Sender) -> None:
    before, upload = mallory.kept(), tar({NOTEBOOK: GOOD})
    with begun(mallory, f"Content-Length: {len(upload)}") as connection:
        connection.sendall(upload[: len(upload) * 99 // 100])
    time.sleep(0.5)
    assert mallory.kept() == before


def test_more_than_the_limit_takes_no_more_room_than_the_limit(mallory: Sender) -> None:
    before = mallory.kept()
    with begun(mallory, "Transfer-Encoding: chunked") as connection:
        for _ in range(60):
            connection.sendall(b"%x\r\n" % MEGABYTE + bytes(MEGABYTE) + b"\r\n")
        incoming = list((mallory.instance.data / "service" / "incoming").iterdir())
        assert sum(path.stat().st_size for path in incoming) <= LIMIT + 4 * MEGABYTE
        connection.sendall(b"0\r\n\r\n")
        assert b" 413 " in connection.recv(200)
    assert mallory.kept() == before


def test_size_that_is_beyond_everything_is_refused_before_it_comes(mallory: Sender) -> None:
    with begun(mallory, f"Content-Length: {5 * 1024**3}") as connection:
        assert connection.recv(200)[:12] in (b"HTTP/1.1 413", b"HTTP/1.1 400", b"")


def test_many_who_send_slowly_keep_nobody_waiting(mallory: Sender) -> None:
    slow = [begun(mallory, f"Content-Length: {MEGABYTE}") for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"x" * 100)
        began = time.monotonic()
        assert mallory.send(tar({NOTEBOOK: GOOD}))[0] == 201
        assert time.monotonic() - began < 2
    finally:
        for connection in slow:
            connection.close()


def test_everybody_is_collected_after_the_whole_archive_was_sent(mallory: Sender, senders: dict[str, Sender]) -> None:
    for name, make in UPLOADS.items():
        status, told = mallory.send(make(GOOD))
        refused = EXPECTED[name]["ours"] == "refused" and name not in FOR_LARGE
        assert status == (422 if refused else 201), (name, status, told)
        assert not refused or EXPECTED[name]["says"] in told["error"], (name, told)
    assert senders["student2"].send(tar({NOTEBOOK: GOOD}))[0] == 201
    instance = mallory.instance
    done = instance.part("grader").exec_run(["env", "CAMPUSHUB_COURSE=demo", "nbgrader", "collect", NAME])
    assert done.exit_code == 0, done.output.decode()
    for name in ("student", "student2"):
        folder = instance.data / "courses" / "demo" / "submitted" / student_id(instance, name) / NAME
        assert (folder / NOTEBOOK).is_file()
        assert (folder / "submission_id.txt").read_text(encoding="utf-8") == senders[name].kept()[-1]


def test_names_that_are_markup_do_nothing_on_the_receipt(mallory: Sender, student: Person) -> None:
    _, receipt = mallory.send(UPLOADS["markup-in-a-name"](GOOD))
    page = student.get(f"/courses/receipts/{receipt['submission']}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
