"""What the grader is asked to do, and how far it is."""

from __future__ import annotations

import asyncio
import contextlib
import time

from tornado.web import HTTPError

from hub.results import result_of
from hub.services import at_submit
from hub.services.api import Api

VERBS = ("grade", "check")
WAIT_SECONDS = 10.0  # for a job, in one request
LONGEST_MESSAGE = 50_000  # characters; the findings of a check, one a line


class Jobs(Api):
    async def post(self) -> None:
        asked = self.body()
        course, assignment, verb = (str(asked.get(word, "")) for word in ("course", "assignment", "verb"))
        person = await self.need_staff(course, "grade")
        if verb not in VERBS or not assignment:
            raise HTTPError(400, reason="A job needs a course, an assignment and the verb 'grade' or 'check'.")
        student = asked.get("student_id")
        number = self.state.jobs.add(
            course=course,
            assignment=assignment,
            student_id=str(student) if student else None,
            verb=verb,
            person=person,
            at=self.state.now(),
        )
        self.answer({"job": number}, 202)


class Job(Api):
    async def get(self, number: str) -> None:
        job = self.state.jobs.one(int(number))
        if job is None:
            raise HTTPError(404, reason="There is no such job.")
        await self.need_staff(job["course"], "grade")
        self.answer({"job": job["id"], **{word: job[word] for word in ("state", "message", "done", "total")}})


class TakeJob(Api):
    """The next job, for the grader, or none after a while in which there was none.

    At its start the grader asks with `again`, and what was running is queued anew.
    """

    left = False  # the grader has gone away while it waited: a job would be lost to it

    def on_connection_close(self) -> None:
        self.left = True

    async def post(self) -> None:
        self.need("grader")
        self.state.grader_seen = time.monotonic()
        if self.body().get("again"):
            self.state.jobs.requeue()
        until = time.monotonic() + WAIT_SECONDS
        while not self.left:
            changed = self.state.jobs_changed
            if (job := self.state.jobs.take()) is not None:
                return self.answer(job)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), max(0.0, until - time.monotonic()))
            if time.monotonic() >= until:
                return self.set_status(204)
        return None


class JobProgress(Api):
    def post(self, number: str) -> None:
        self.need("grader")
        self.state.grader_seen = time.monotonic()
        told = self.body()
        message = str(told.get("message", ""))[:2000]
        goes_on = self.state.jobs.progress(
            int(number), done=int(told["done"]), total=int(told["total"]), message=message
        )
        self.answer({"stop": not goes_on})


class JobEnd(Api):
    def post(self, number: str) -> None:
        self.need("grader")
        told = self.body()
        self.state.jobs.end(int(number), str(told.get("message", ""))[:LONGEST_MESSAGE], ok=bool(told.get("ok")))
        self.set_status(204)


class Graded(Api):
    """What the grader gave a submission by itself; then whichever attempt counts is graded, if that is another."""

    def put(self, identity: str) -> None:
        self.need("grader")
        receipt = self.state.work.receipt(identity)
        if receipt is None:
            raise HTTPError(404, reason="There is no such submission.")
        try:
            result = result_of(identity, self.body().get("questions"))
        except (KeyError, TypeError, ValueError):
            raise HTTPError(400, reason="This is no result: a list of questions with name, score, max_score.") from None
        self.state.results.keep(result, self.state.now())
        at_submit.note_end(self.state)
        at_submit.follow(self.state, receipt)
        self.set_status(204)
