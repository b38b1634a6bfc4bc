"""Staff hand in for students: upload, look at what would be done, do it. What is done is `hub.services.hand_ins`'."""

from __future__ import annotations

import asyncio
import io
import mmap
from contextlib import ExitStack
from functools import partial
from typing import IO, Any
from urllib.parse import quote

from tornado.ioloop import IOLoop
from tornado.web import HTTPError, stream_request_body

from hub.exchange import Refused
from hub.services import hand_ins, views
from hub.services.page import Page
from hub.services.state import PREFIX
from hub.services.streaming import CHUNK, Streaming, files_of_form
from hub.services.waiting import KEPT, Looked

MOST_UPLOADS = 500  # files chosen at once


class HandingIn(Page):
    """A page of one assignment that is handed out."""

    def show_hand_in(self, course: str, name: str, **values: Any) -> None:
        about = {"looked": None, "number": "", "earlier": {}, "late": False, "done": None, **values}
        self.show(
            "hand_in.html",
            course=course,
            name=name,
            title=views.title(self.state, course),
            megabytes=self.state.work.limit // CHUNK,
            token=self.xsrf_token.decode() if isinstance(self.xsrf_token, bytes) else self.xsrf_token,
            **about,
        )

    def need_handed_out(self, course: str, name: str) -> None:
        self.need("hand_in_for", course)
        found = self.state.work.assignment(course, name)
        if found is None or found.release is None:
            raise HTTPError(404, reason=f"'{name}' is not handed out in this course now.")


class HandInPage(HandingIn):
    """Choose files; later, hand in what was looked at."""

    async def get(self, course: str, name: str) -> None:
        self.need_handed_out(course, name)
        self.show_hand_in(course, name)

    async def post(self, course: str, name: str) -> None:
        self.need_handed_out(course, name)
        looked = self.state.waiting.of(self.get_argument("number", ""), self.person.name, course, name)
        names, on_time = self.get_arguments("student"), self.get_argument("on_time", "") == "yes"
        if not names:
            raise Refused("Nobody was chosen. Go back and choose for whom you hand in.")
        done = await asyncio.to_thread(hand_ins.hand_in, self.state, self.person, looked, names, on_time=on_time)
        hand_ins.follow(self.state, self.person, looked, done, on_time=on_time)
        self.show_hand_in(course, name, looked=looked, done=done)


@stream_request_body
class HandInLook(Streaming, HandingIn):
    """Take an upload and show what it would do; nothing is handed in by this."""

    async def prepare(self) -> None:
        await super().prepare()
        if self.request.method == "POST" and not self._finished:
            self.need_handed_out(*self.path_args)
            self.begin()

    async def get(self, course: str, name: str) -> None:
        """Somebody who loads the page anew: to where files are chosen."""
        self.redirect(f"{PREFIX}{course}/assignments/{quote(name, safe='')}/hand-in")

    async def post(self, course: str, name: str) -> None:
        self.packed()
        kind = self.request.headers.get("Content-Type", "")
        looked = await asyncio.to_thread(self._look, course, name, kind)
        number = self.state.waiting.keep(looked)
        IOLoop.current().call_later(KEPT.total_seconds(), self.state.waiting.drop, number)
        before = {one.student.name: hand_ins.earlier(self.state, course, name, one) for one in looked.found}
        self.show_hand_in(course, name, looked=looked, number=number, earlier=before, late=self._late(course, name))

    def _look(self, course: str, name: str, kind: str) -> Looked:
        self.incoming.flush()
        with ExitStack() as stack:
            if not self.incoming.seek(0, io.SEEK_END):
                raise Refused("Nothing arrived. Choose the files again.")
            body = stack.enter_context(mmap.mmap(self.incoming.fileno(), 0, access=mmap.ACCESS_READ))
            uploads = [
                (told, stack.enter_context(Slice(self.incoming, start, end)))
                for told, start, end in files_of_form(body, kind, most=MOST_UPLOADS)
            ]
            if not uploads:
                raise Refused("No file was chosen. Go back and choose zips or notebooks.")
            return hand_ins.look(self.state, self.person, course, name, _apart(uploads))

    def _late(self, course: str, name: str) -> bool:
        """Whether something that is handed in now is late for anybody."""
        book = self.state.rulebook
        chance = partial(book.chance, book.of(course, name), now=self.state.now(), so_far=0)
        return any(chance(book.member(course, one["name"])).late for one in self.state.members.of(course))


class Slice(io.RawIOBase):
    """A part of a file as a file of its own."""

    def __init__(self, source: IO[bytes], start: int, end: int) -> None:
        self.source, self.start, self.size, self.place = source, start, end - start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self.place = base + offset
        return self.place

    def read(self, size: int = -1) -> bytes:
        left = max(0, self.size - self.place)
        self.source.seek(self.start + self.place)
        found = self.source.read(left if size < 0 else min(size, left))
        self.place += len(found)
        return found


def _apart(uploads: list[tuple[str, Any]]) -> list[tuple[str, IO[bytes]]]:
    """Uploads of the same name from two folders, told apart by a number."""
    found: list[tuple[str, IO[bytes]]] = []
    count: dict[str, int] = {}
    for name, source in uploads:
        count[name.casefold()] = times = count.get(name.casefold(), 0) + 1
        stem, dot, ending = name.rpartition(".")
        found.append((f"{stem} ({times}){dot}{ending}" if times > 1 else name, source))
    return found


HANDLERS = (
    (r"assignments/([^/]+)/hand-in", HandInPage),
    (r"assignments/([^/]+)/hand-in/look", HandInLook),
)
