"""Answers to requests for what the course has provided, as a web server would give them: urllib's, requests's, urllib3's
and httpx's.

What is not provided and lies outside is refused at once; all else goes where it would have gone.
"""

from __future__ import annotations

import io
import mimetypes
import os
from collections.abc import AsyncIterator, Callable, Iterator
from http.client import HTTPResponse
from typing import Any, BinaryIO
from urllib.request import BaseHandler, Request

from campushub_client import provided

BUFFER = 64 * 1024


def _open(url: str, method: str) -> BinaryIO | None:
    """The file that answers a request; none when it is to go its way. Raises NotHere."""
    entry = provided.find(url) if method in ("GET", "HEAD") else None
    if entry is not None:
        try:
            return entry.path.open("rb")
        except OSError:  # it has just been taken away
            raise provided.NotHere(url) from None
    if provided.is_outside(url):
        raise provided.NotHere(url)
    return None


def _headers(file: BinaryIO) -> dict[str, str]:
    kind, packed = mimetypes.guess_type(file.name)
    if packed or kind is None:
        kind = "application/octet-stream"  # a header that says "packed" would have it unpacked on the way
    elif kind.startswith("text/"):
        kind += "; charset=utf-8"
    return {"Content-Type": kind, "Content-Length": str(os.fstat(file.fileno()).st_size)}


class _Line(io.RawIOBase):
    """A connection on which an answer has arrived."""

    def __init__(self, head: bytes, body: BinaryIO) -> None:
        self._head, self._body = io.BytesIO(head), body

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, BUFFER)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._head.read(len(buffer)) or self._body.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._body.close()
        super().close()


class Provided(BaseHandler):
    """Stands before urllib's own handlers, proxies included, and answers what is provided."""

    handler_order = 50

    def http_open(self, request: Request) -> HTTPResponse | None:
        file = _open(request.full_url, request.get_method())
        if file is None:
            return None
        head = "".join(f"{name}: {value}\r\n" for name, value in _headers(file).items())
        line: Any = _Line(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode("ascii"), file)
        response = HTTPResponse(line, method=request.get_method())
        response.begin()
        response.url, response.msg = request.full_url, response.reason  # as urllib's own handlers do
        return response

    https_open = ftp_open = http_open


def send_of_requests(send: Callable[..., Any]) -> Callable[..., Any]:
    """The adapter's own way to send, for what is neither provided nor outside."""
    import requests

    def answered(self: Any, request: Any, *given: Any, **named: Any) -> Any:
        try:
            file = _open(request.url, request.method)
        except provided.NotHere as refused:
            raise requests.exceptions.ConnectionError(refused.reason, request=request) from None
        if file is None:
            return send(self, request, *given, **named)
        return self.build_response(request, _urllib3_response(file, request.method, request.url, preload_content=False))

    return answered


def urlopen_of_urllib3(urlopen: Callable[..., Any]) -> Callable[..., Any]:
    """The pool's own way to ask, for what is not provided: of that, a name outside is refused where names are looked up."""

    def answered(self: Any, method: str, url: str, *given: Any, **named: Any) -> Any:
        try:
            file = _open(url, method.upper())
        except provided.NotHere:
            file = None
        if file is None:
            return urlopen(self, method, url, *given, **named)
        return _urllib3_response(file, method.upper(), url, preload_content=named.get("preload_content", True))

    return answered


def _urllib3_response(file: BinaryIO, method: str, url: str, *, preload_content: bool) -> Any:
    from urllib3 import HTTPResponse as Raw

    headers, body = _headers(file), file
    if method == "HEAD":
        file.close()
        body = io.BytesIO()
    about = {"status": 200, "reason": "OK", "request_method": method, "request_url": url}
    return Raw(body, headers=headers, decode_content=False, preload_content=preload_content, **about)


def handle_of_httpx(handle: Callable[..., Any]) -> Callable[..., Any]:
    """The transport's own way to send, for what is neither provided nor outside."""

    def answered(self: Any, request: Any) -> Any:
        return _httpx_response(request) or handle(self, request)

    return answered


def handle_async_of_httpx(handle: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a transport that does not block."""

    async def answered(self: Any, request: Any) -> Any:
        return _httpx_response(request, later=True) or await handle(self, request)

    return answered


def _httpx_response(request: Any, *, later: bool = False) -> Any:
    """What httpx is to be given; none when the request is to go its way."""
    import httpx

    try:
        file = _open(str(request.url), request.method)
    except provided.NotHere as refused:
        raise httpx.ConnectError(str(refused.reason), request=request) from None
    if file is None:
        return None
    headers = _headers(file)
    parts = _parts(file, nothing=request.method == "HEAD")
    return httpx.Response(200, headers=headers, content=_given_later(parts) if later else parts, request=request)


def _parts(file: BinaryIO, *, nothing: bool) -> Iterator[bytes]:
    with file:
        while not nothing and (part := file.read(BUFFER)):
            yield part


async def _given_later(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
