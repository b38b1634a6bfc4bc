"""A web server that stands in for a data set's source outside: it can vanish in mid-transfer, change its bytes, and not know ranges."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Source:
    """What the server gives, by path; `breaks_after` bytes of an answer it hangs up."""

    files: dict[str, bytes] = field(default_factory=dict)
    breaks_after: int | None = None
    knows_ranges: bool = True
    status: int = 200
    asked: list[tuple[str, str]] = field(default_factory=list)  # path and Range
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    source: Source

    def do_GET(self) -> None:
        source, wanted = self.source, self.headers.get("Range", "")
        source.asked.append((self.path, wanted))
        content = source.files.get(self.path.partition("?")[0])
        if content is None or source.status != 200:
            self.send_error(404 if source.status == 200 else source.status)
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and source.knows_ranges else 0
        if first and first >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        rest = content[first:]
        self.wfile.write(rest if source.breaks_after is None else rest[: source.breaks_after])

    def log_message(self, *_: object) -> None:
        """Says nothing among the tests' lines."""


@contextmanager
def served(address: str = "127.0.0.1") -> Iterator[Source]:
    """A server on this machine while the block runs."""
    source = Source()
    with ThreadingHTTPServer((address, 0), type("Ours", (Handler,), {"source": source})) as server:
        source.url = f"http://{address}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield source
        finally:
            server.shutdown()
            thread.join()
