"""A student's click, as their browser makes its requests: from the button to JupyterLab with what it should show.

The same for every hub: the hub's pages, the stream of the start's progress, the sign-in of the server, its first page.
"""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import docker
import requests

PATIENCE = 180  # seconds for one answer


class NotReady(Exception):
    """A server that did not become ready, with what was seen last."""


@dataclass(frozen=True)
class Student:
    """Somebody signed in at a hub, with one server; `server` is its name, empty for the hub's default one."""

    hub: str
    name: str
    server: str
    container: str
    http: requests.Session = field(default_factory=requests.Session, compare=False)

    @property
    def base(self) -> str:
        return f"{self.hub}/user/{self.name}/{self.server}".rstrip("/") + "/"

    def sign_in(self, password: str) -> None:
        """Through the hub's own form; to the page of one's account, since another would start the server."""
        page = self.http.get(f"{self.hub}/hub/login", timeout=PATIENCE)
        token = re.search(r'name="_xsrf" value="([^"]*)"', page.text)
        form = {"username": self.name, "password": password, "_xsrf": token[1] if token else ""}
        answer = self.http.post(f"{self.hub}/hub/login?next=%2Fhub%2Fhome", form, timeout=PATIENCE)
        if not answer.ok or "/hub/login" in answer.url:
            raise NotReady(f"{self.name} could not sign in at {self.hub}: {answer.status_code}")

    def ask(self, method: str, path: str, data: Any = None) -> requests.Response:
        """One request to the person's own server, with its token against forged requests."""
        token = self.http.cookies.get("_xsrf", path=urlsplit(self.base).path) or ""
        return self.http.request(
            method, self.base + path, json=data, headers={"X-XSRFToken": token}, timeout=PATIENCE * 4
        )


def click(student: Student) -> float:
    """Start the student's server as a click does; seconds until JupyterLab answers with what the click leads to.

    Raises NotReady.
    """
    began = time.monotonic()
    try:
        page = _get(student, f"{student.hub}/hub/spawn/{student.name}/{student.server}".rstrip("/"))
        if "/hub/spawn-pending/" in page.url:
            _wait_for_the_hub(student, page)
            page = _get(student, page.url)
        if urlsplit(page.url).path.endswith("/git-pull"):
            page = _pull(student, page.url)
        _need(urlsplit(page.url).path.startswith(urlsplit(student.base).path + "lab"), page)
        _get(student, student.base + "api/status")
    except requests.RequestException as error:
        raise NotReady(f"{student.name}: {error}") from None
    return time.monotonic() - began


def _get(student: Student, url: str) -> requests.Response:
    answer = student.http.get(url, timeout=PATIENCE)
    _need(answer.ok, answer)
    return answer


def _need(good: bool, answer: requests.Response) -> None:
    if not good:
        raise NotReady(f"{answer.status_code} at {answer.url}")


def _wait_for_the_hub(student: Student, page: requests.Response) -> None:
    """Listen to the start's progress, as the page that waits does."""
    address = re.search(r'"(/hub/api/users/[^"]+/progress[^"]*)"', page.text)
    if not address:
        raise NotReady(f"no progress on {page.url}")
    for told in _events(student, urljoin(page.url, html.unescape(address[1]))):
        if told.get("failed"):
            raise NotReady(f"{student.name}: {told.get('message')}")
        if told.get("ready"):
            return
    raise NotReady(f"{student.name}: the progress ended without an end")


def _pull(student: Student, url: str) -> requests.Response:
    """Do what the script of nbgitpuller's page does; the page that it leads to."""
    query: dict[str, str] = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    wanted = [(key, query[key]) for key in ("repo", "branch", "targetpath", "depth") if key in query]
    for told in _events(student, f"{student.base}git-pull/api?{urlencode(wanted)}"):
        if told.get("phase") == "error":
            raise NotReady(f"{student.name}: {told.get('message')}")
    return _get(student, student.base + query["urlpath"])


def _events(student: Student, url: str) -> Iterator[dict[str, Any]]:
    with student.http.get(url, stream=True, timeout=PATIENCE) as stream:
        _need(stream.ok, stream)
        for line in stream.iter_lines():
            if line.startswith(b"data:"):
                yield json.loads(line.removeprefix(b"data:"))


def stop(student: Student) -> None:
    """Stop the server by the hub's API and wait until the hub knows it gone; nothing is done when it does not run."""
    named = f"servers/{student.server}" if student.server else "server"
    token = student.http.cookies.get("_xsrf", path="/hub/") or ""
    account = f"{student.hub}/hub/api/users/{student.name}"
    student.http.delete(f"{account}/{named}", params={"_xsrf": token}, timeout=PATIENCE)
    until = time.monotonic() + PATIENCE
    while student.http.get(account, params={"_xsrf": token}, timeout=PATIENCE).json().get("servers"):
        if time.monotonic() > until:
            raise NotReady(f"the server of {student.name} does not stop")
        time.sleep(0.2)


def anonymous_megabytes(client: docker.DockerClient, container: str) -> float:
    """Anonymous memory of all processes of a container (proc(5), smaps_rollup)."""
    numbers = [row[0] for row in client.api.top(container, "-o pid")["Processes"]]
    texts = [Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii") for number in numbers]
    return sum(int(found) for text in texts for found in re.findall(r"^Anonymous:\s+(\d+) kB", text, re.M)) / 1024
