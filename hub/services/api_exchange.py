"""Handing out, handing in and giving back, for servers and the grader."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import unquote

from tornado.web import HTTPError, stream_request_body

from hub.adapters import changes
from hub.adapters.work import Assignment, Feedback
from hub.rules import Rules
from hub.services import at_submit
from hub.services.api import Api
from hub.services.dates import dates_moved
from hub.services.outlook import Outlook, given_back, may_fetch, outlooks
from hub.services.streaming import CHUNK, Streaming

MOST_TOGETHER = 200  # submissions in one tar


def parse_due(text: str | None) -> datetime | None:
    """A due date as it is given, ISO 8601 with a zone; without one it is UTC, as nbgrader keeps it."""
    if not text:
        return None
    try:
        due = datetime.fromisoformat(text)
    except ValueError:
        raise HTTPError(
            400, reason=f"'{text[:40]}' is not a due date; write it like 2026-12-01T18:00:00+05:30."
        ) from None
    return due if due.tzinfo else due.replace(tzinfo=UTC)


class Assignments(Api):
    """What is handed out in a course, with the person's own receipts and feedback."""

    async def get(self) -> None:
        course = self.get_argument("course")
        if self.state.secrets.is_token(self.token, "grader"):  # nbgrader lists before it does anything else
            listed = [{**_told(one), "receipts": [], "feedback": []} for one in self.state.work.assignments(course)]
            return self.answer({"course": course, "assignments": listed})
        person = await self.need_member(course, "fetch")
        found = outlooks(self.state, person, course)
        feedback = given_back(self.state, [standing for one in found for standing in one.standings])
        return self.answer(
            {
                "course": course,
                "title": self.state.settings.courses[course].title,
                "role": str(person.courses.get(course, "admin")),
                "announcement": told.as_data() if (told := self.state.announcements.current(course)) else None,
                "now": self.state.now().isoformat(),
                "assignments": [_told_to_one(one, feedback) for one in found],
            }
        )


def _told(found: Assignment) -> dict[str, Any]:
    return {
        "name": found.name,
        "due": found.due.isoformat() if found.due else None,
        "released_at": found.released_at.isoformat() if found.released_at else None,
        "files": [asdict(file) for file in found.files],
    }


def _told_to_one(found: Outlook, feedback: dict[str, Feedback]) -> dict[str, Any]:
    return {
        **_told(found.assignment),
        **found.as_data(),
        **({} if found.chance.opened else {"files": []}),
        "feedback": [
            {
                "submission": receipt.submission,
                "attempt": receipt.attempt,
                "score": back.score,
                "max_score": back.max_score,
                "lost": back.lost,
                "released_at": back.released_at.isoformat(),
            }
            for receipt in found.receipts
            if (back := feedback.get(receipt.submission)) is not None
        ],
    }


class Streamed(Streaming, Api):
    """A request whose body is a tar."""

    async def prepare(self) -> None:
        self.begin()


class Packed(Api):
    """An answer that is a tar of a stored folder."""

    async def send(self, kind: str, name: str) -> None:
        await self.send_tar(await asyncio.to_thread(self.state.work.blobs.packed, kind, name))

    async def send_tar(self, stream: IO[bytes]) -> None:
        self.set_header("Content-Type", "application/x-tar")
        with stream:
            while chunk := await asyncio.to_thread(stream.read, CHUNK):
                self.write(chunk)
                await self.flush()


class FetchRelease(Packed):
    async def get(self, course: str, name: str) -> None:
        person = await self.need_member(course, "fetch")
        found = self.state.work.assignment(course, unquote(name))
        if found is None or found.release is None:
            raise HTTPError(404, reason=f"'{unquote(name)}' is not handed out in this course now.")
        if why_not := may_fetch(self.state, person, course, found.name):
            raise HTTPError(403, reason=why_not)
        self.state.members.note_fetch(course, found.name, person.name, self.state.now())
        await self.send("releases", found.release)


class Opened(Api):
    """A student's server tells that the assignment's notebook is before them."""

    async def put(self, course: str, name: str) -> None:
        person = await self.need_member(course, "fetch")
        if self.state.work.assignment(course, unquote(name)) is None:
            raise HTTPError(404, reason=f"There is no assignment '{unquote(name)}' in this course.")
        self.state.members.note_opening(course, unquote(name), person.name, self.state.now())
        self.set_status(204)


@stream_request_body
class Release(Streamed):
    async def prepare(self) -> None:
        self.person = await self.need_staff(self.path_args[0], "release")
        await super().prepare()

    async def put(self, course: str, name: str) -> None:
        due = parse_due(self.get_argument("due", None))
        found = await asyncio.to_thread(
            self.state.work.release, course, unquote(name), self.packed(), due=due, now=self.began
        )
        dates_moved(self.state, course, found.name, by=self.person)
        self.answer({"name": found.name, "files": [asdict(file) for file in found.files]})


class AssignmentChange(Api):
    async def patch(self, course: str, name: str) -> None:
        person = await self.need_staff(course, "release")
        self.state.work.set_due(course, unquote(name), parse_due(self.body().get("due")))
        dates_moved(self.state, course, unquote(name), by=person)
        self.set_status(204)

    async def delete(self, course: str, name: str) -> None:
        await self.need_staff(course, "release")
        self.state.work.withdraw(course, unquote(name))
        self.set_status(204)


@stream_request_body
class Submit(Streamed):
    async def prepare(self) -> None:
        self.person = await self.need_member(self.path_args[0], "submit")
        await super().prepare()

    async def put(self, course: str, name: str) -> None:
        key = self.request.headers.get("Idempotency-Key", "")[:100] or secrets.token_hex(16)
        receipt = await asyncio.to_thread(
            self.state.work.submit,
            course,
            unquote(name),
            self.person.name,
            self.packed(),
            key=key,
            now=self.began,
            confirmed=self.get_argument("confirmed", "") == "yes",
        )
        rules = self.state.rulebook.of(course, unquote(name))
        at_submit.ask(self.state, receipt, rules)
        self.answer({**receipt.as_data(), "attempts": rules.attempts}, 201)


class Submissions(Api):
    """Every submission of an assignment, or one student's, by the dates of now, oldest first, for whoever collects.

    With them goes a word for how they stand. Who sends it the next time, as `known`, gets none while nothing has changed.
    """

    async def get(self, course: str, name: str) -> None:
        await self.need_staff(course, "collect")
        name, student, known = unquote(name), self.get_argument("student_id", None), self.get_argument("known", "")
        word = changes.word(self.state.store, course, name)
        listed = None if known == word else await asyncio.to_thread(self._listed, course, name, student)
        self.answer({"word": word, "submissions": listed})

    def _listed(self, course: str, name: str, student: str | None) -> list[dict[str, Any]]:
        person = self.state.work.person_of(student) if student else None
        if student and person is None:
            return []
        receipts = self.state.work.receipts(course, name=name, person=person)
        standings = self.state.rulebook.standings(course, receipts)
        people = self.state.work.submitters(one.receipt.person for one in standings)
        return [
            {
                **one.receipt.as_data(),
                **_who(people[one.receipt.person]),
                "counts": one.counts,
                "percent_lost": one.percent_lost,
            }
            for one in standings
        ]


class RulesOf(Api):
    """An assignment's rules, for the grader and for scripts in the grading server; the command changes some of them."""

    async def get(self, course: str, name: str) -> None:
        await self.need_staff(course, "collect")
        self.answer(self.state.rulebook.of(course, unquote(name)).as_data())

    def post(self, course: str, name: str) -> None:
        self.need("command")
        self.need_course(course)
        before = self.state.rulebook.of(course, unquote(name)).as_data()
        try:
            found = Rules.of_data({**before, **self.body()})
        except (TypeError, ValueError) as wrong:
            raise HTTPError(400, reason=f"These are no rules: {wrong}") from None
        self.state.rulebook.keep(course, unquote(name), found)
        dates_moved(self.state, course, unquote(name), by="administrator")
        self.set_status(204)


def _who(person: dict[str, str]) -> dict[str, str]:
    return {key: person[key] for key in ("student_id", "full_name", "email")}


class SubmissionFiles(Packed):
    """The files of submissions of an assignment in one tar, each below its id."""

    async def get(self, course: str, name: str) -> None:
        await self.need_staff(course, "collect")
        asked = list(dict.fromkeys(self.get_argument("ids").split(",")))
        if len(asked) > MOST_TOGETHER:
            raise HTTPError(400, reason=f"At most {MOST_TOGETHER} submissions are sent together.")
        if self.state.work.of_assignment(course, unquote(name), asked) != set(asked):
            raise HTTPError(404, reason="There is no such submission of this assignment.")
        await self.send_tar(await asyncio.to_thread(self.state.work.blobs.packed_together, "submissions", asked))


class FetchFeedback(Packed):
    async def get(self, identity: str) -> None:
        receipt = self.state.work.receipt(identity)
        back = self.state.work.feedback([identity]).get(identity)
        if receipt is None or back is None:
            raise HTTPError(404, reason="There is no feedback for this submission yet.")
        person = await self.need_member(receipt.course, "read_own")
        if person.name != receipt.person:
            raise HTTPError(403, reason="This is somebody else's.")
        await self.send("feedback", back.folder)


@stream_request_body
class GiveBack(Streamed):
    async def prepare(self) -> None:
        receipt = self.state.work.receipt(self.path_args[0])
        if receipt is None:
            raise HTTPError(404, reason="There is no such submission.")
        await self.need_staff(receipt.course, "return_feedback")
        await super().prepare()

    async def put(self, identity: str) -> None:
        score, most = (self.get_argument(word, None) for word in ("score", "max_score"))
        await asyncio.to_thread(
            self.state.work.give_back,
            identity,
            self.packed(),
            score=float(score) if score else None,
            max_score=float(most) if most else None,
            now=self.began,
        )
        self.set_status(204)
