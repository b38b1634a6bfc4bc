"""A stand-in for the index that a package mirror keeps: real wheels, as PEP 503 lists them, from an upstream with troubles."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Literal

from tests.instance import free_port

Trouble = Literal["", "away", "error", "breaks off", "altered"]


def wheel(name: str, version: str, *, needs: str = "", size: int = 0) -> bytes:
    """A package of one module that knows its version, filled up to about a size that does not compress."""
    info = f"{name}-{version}.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": f"__version__ = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}_data.txt": "x" * size,
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return made.getvalue()


@dataclass
class PackageIndex:
    """The index: packages by project, what it was asked for, and the trouble that it is in."""

    port: int
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    trouble: Trouble = ""
    asked: list[str] = field(default_factory=list)

    def add(self, name: str, version: str, *, needs: str = "", size: int = 0) -> None:
        made = wheel(name, version, needs=needs, size=size)
        self.files.setdefault(name, {})[f"{name}-{version}-py3-none-any.whl"] = made

    def page(self, project: str) -> bytes | None:
        """A project's page: every file with its hash."""
        if project not in self.files:
            return None
        links = (
            f'<a href="/files/{project}/{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>'
            for name, data in self.files[project].items()
        )
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()

    def sent(self, path: str) -> bytes | None:
        """What is at a path."""
        match path.strip("/").split("/"):
            case ["simple", project]:
                return self.page(project)
            case ["files", project, name]:
                data = self.files.get(project, {}).get(name)
                return bytes([*data[:-1], data[-1] ^ 1]) if data and self.trouble == "altered" else data
        return None


class Server(ThreadingHTTPServer):
    """An index that listens on every address of this machine."""

    def __init__(self, index: PackageIndex) -> None:
        super().__init__(("", index.port), Answer)
        self.index = index


class Answer(BaseHTTPRequestHandler):
    """One request, answered as the index' trouble allows."""

    server: Server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        index = self.server.index
        index.asked.append(self.path)
        self.close_connection = True
        if index.trouble == "away":
            return
        data = index.sent(self.path)
        status = 500 if index.trouble == "error" else 200 if data is not None else 404
        told = data if data is not None and status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if "/files/" in self.path else "text/html")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        if self.command == "GET":
            broken = index.trouble == "breaks off" and "/files/" in self.path
            self.wfile.write(told[: len(told) // 2] if broken else told)

    def log_message(self, format: str, *words: object) -> None:
        """Says nothing: the tests look at what was asked."""


@contextmanager
def package_index() -> Iterator[PackageIndex]:
    """An index that serves until the end of the block."""
    index = PackageIndex(free_port())
    with Server(index) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield index
        finally:
            server.shutdown()
