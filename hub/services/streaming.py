"""Request bodies that are kept in a file as they arrive, and the files of a browser's form in one."""

from __future__ import annotations

import asyncio
import mmap
import re
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from tornado.web import HTTPError, RequestHandler

from hub.exchange import Refused

if TYPE_CHECKING:
    from hub.services.state import State

CHUNK = 1024**2
DROPPED_AT_MOST = 2 * 1024**3
LONGEST_HEAD = 8 * 1024  # bytes before a part's content
BOUNDARY = re.compile(r'boundary="?([^";]{1,200})"?', re.IGNORECASE)
FILE_NAME = re.compile(r'filename="([^"]*)"', re.IGNORECASE)
TORN = "What arrived is not whole. Choose the files again."


class Streaming(RequestHandler):
    """A request whose body is kept in a file as it arrives; for classes that are decorated with `stream_request_body`.

    What is beyond the limit is read and dropped up to a bound, since a sender that is cut off never reads why.
    """

    state: State

    def begin(self) -> None:
        """Make ready for the body, once it is known that its sender may send it."""
        self.began = self.state.now()
        self.state.work.blobs.check_room()
        self.room = self.state.settings.submission_limit + 2 * CHUNK
        self.request.connection.set_max_body_size(self.room + DROPPED_AT_MOST)  # type: ignore[union-attr]  # HTTP/1
        # Without a name, so that a killed service leaves nothing either.
        self.incoming: IO[bytes] = TemporaryFile(dir=self.state.work.blobs.top / "incoming")  # noqa: SIM115 (till on_finish)
        self.request._body_future.add_done_callback(self._torn)

    def _torn(self, body: asyncio.Future[None]) -> None:
        """Free the room of a body whose sender left in the middle: of that Tornado tells a handler nothing else."""
        if body.cancelled() or body.exception() is not None:
            self.incoming.close()

    async def data_received(self, chunk: bytes) -> None:
        if not hasattr(self, "incoming"):
            return  # it was refused before
        self.room -= len(chunk)
        if self.room >= 0:
            await asyncio.to_thread(self.incoming.write, chunk)

    def on_finish(self) -> None:
        if hasattr(self, "incoming"):
            self.incoming.close()

    def packed(self) -> IO[bytes]:
        """What arrived; raises HTTPError when that is not all of it."""
        if self.room < 0:
            megabytes = self.state.settings.submission_limit // CHUNK
            raise HTTPError(413, reason=f"This is larger than {megabytes} MB. Remove large files and try again.")
        self.incoming.seek(0)
        return self.incoming


def files_of_form(body: mmap.mmap | bytes, kind: str, *, most: int) -> Iterator[tuple[str, int, int]]:
    """The files of a form as browsers send it (RFC 7578): name, where the content begins and ends; `kind` is its type.

    Raises Refused for what is no such form, is not whole, or has more than so many files.
    """
    found = BOUNDARY.search(kind) if kind.lower().startswith("multipart/form-data") else None
    if found is None:
        raise Refused(TORN)
    mark = b"--" + found[1].encode()
    place, count = body.find(mark), 0
    while place >= 0 and body[place + len(mark) : place + len(mark) + 2] != b"--":
        head = body.find(b"\r\n\r\n", place, place + LONGEST_HEAD)
        end = body.find(b"\r\n" + mark, head + 2)
        if head < 0 or end < 0:
            raise Refused(TORN)
        name = FILE_NAME.search(body[place:head].decode(errors="replace"))
        if name and name[1]:
            count += 1
            if count > most:
                raise Refused(f"These are more than {most} files. Put them into a zip, and choose that.")
            yield name[1].replace("%22", '"'), head + 4, max(end, head + 4)
        place = end + 2
    if place < 0:
        raise Refused(TORN)
