"""What the grader is asked to do, and how far it is."""

from __future__ import annotations

import time

from tornado.web import HTTPError

from hub.services.api import Api
from hub.services.exported import VERB as EXPORT

VERBS = ("grade", "check")
LONGEST_MESSAGE = 50_000  # characters; the findings of a check, one a line


class Jobs(Api):
    async def post(self) -> None:
        asked = self.body()
        course, assignment, verb = (str(asked.get(word, "")) for word in ("course", "assignment", "verb"))
        person = await self.need_staff(course, "grade")
        if verb not in VERBS or not assignment:
            raise HTTPError(400, reason="A job needs a course, an assignment and the verb 'grade' or 'check'.")
        student = asked.get("student_id")
        number = self.state.store.add_job(
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
        job = self.state.store.job(int(number))
        if job is None:
            raise HTTPError(404, reason="There is no such job.")
        await self.need_staff(job["course"], "grade")
        self.answer({"job": job["id"], **{word: job[word] for word in ("state", "message", "done", "total")}})


class TakeJob(Api):
    """The next job, for the grader; at its start it asks with `again`, and what was running is queued anew."""

    def post(self) -> None:
        self.need("grader")
        self.state.grader_seen = time.monotonic()
        if self.body().get("again"):
            self.state.store.requeue_jobs()
        job = self.state.store.take_job()
        if job is None:
            self.set_status(204)
            return
        self.answer(job)


class JobProgress(Api):
    def post(self, number: str) -> None:
        self.need("grader")
        self.state.grader_seen = time.monotonic()
        told = self.body()
        self.state.store.update_job(
            int(number), done=int(told["done"]), total=int(told["total"]), message=str(told.get("message", ""))[:2000]
        )
        self.set_status(204)


class JobEnd(Api):
    def post(self, number: str) -> None:
        self.need("grader")
        told, job = self.body(), self.state.store.job(int(number))
        state, message = "done" if told.get("ok") else "failed", str(told.get("message", ""))
        if job is not None and job["verb"] == EXPORT and told.get("ok"):
            self.state.exported.keep(int(number), message)
            message = "The marks were given out."
        self.state.store.update_job(int(number), state=state, message=message[:LONGEST_MESSAGE])
        self.set_status(204)
