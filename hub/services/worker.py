"""The worker's process: runs submissions in sandboxes for the grader. Has Docker's socket and no course folder."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

import docker
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

from hub import image_record
from hub.adapters.sandboxes import Contents, Ended, Made, Sandboxes, SandboxFailed
from hub.grading import read_result
from hub.mirror import INDEX
from hub.secrets import Secrets
from hub.services.places import PATIENCE_SECONDS, Places
from hub.services.pool import Pool
from hub.settings import Sandbox, Settings
from hub.settings_file import load

log = logging.getLogger("campushub.worker")

PORT = 8020
OWN_LIMITS = {"seconds", "memory"}  # what an assignment may have of its own
LOOK_SECONDS = 30
OVERHEAD = 2  # base64 and JSON make a submission larger


class Execute(RequestHandler):
    """Run one notebook: JSON with `course`, `image`, `notebook`, `files` (path to base64) and, where its assignment says so,
    `limits` (seconds, bytes of memory); JSON back as `hub.grading.merge` reads.

    With `checker`, the notebook of checked tests, both run beside each other, and the answer's `checker` is the same of that one.
    """

    def initialize(self, settings: Settings, pool: Pool, places: Places) -> None:
        self.hub, self.pool, self.places = settings, pool, places

    def check_xsrf_cookie(self) -> None:
        """Only the grader comes here, with a token."""

    async def post(self) -> None:
        given_token = self.request.headers.get("Authorization", "").removeprefix("token ")
        if not Secrets(self.hub.folders.secrets).is_token(given_token, "worker"):
            return self.refuse(403, "This is for the grader.")
        asked = json.loads(self.request.body)
        record = image_record.read(self.hub.folders.images)
        tag = image_record.tag_for(record, str(asked.get("course", "")), str(asked["image"]))
        if tag is None:
            return self.refuse(
                409, f"The image '{asked['image']}' is not on this machine; run `campushub images build`."
            )
        own = {word: int(limit) for word, limit in asked.get("limits", {}).items() if limit and word in OWN_LIMITS}
        try:
            contents = Contents(tag, self.data_of(str(asked.get("course", ""))))
            result = await self.run(contents, asked, self.hub.sandbox.model_copy(update=own))
        except SandboxFailed as failed:
            log.error("sandbox failed: %s", failed)
            return self.refuse(503, str(failed))
        return self.answer(200, result)

    def data_of(self, course: str) -> Path | None:
        """What the course provides, if it does: sandboxes without are the same for every course, and wait for each."""
        folder = self.hub.folders.course_data(course)
        if folder.parent != self.hub.folders.course_data("x").parent or not folder.is_dir():
            return None
        return folder if any(one.name != INDEX for one in folder.iterdir()) else None

    async def run(self, contents: Contents, asked: dict[str, Any], limits: Sandbox) -> dict[str, Any]:
        """Run what was given in sandboxes of its own. Raises SandboxFailed."""
        given = {"student": _given(asked["notebook"], asked["files"], limits)}
        if asked.get("checker"):
            given["checker"] = _given(asked["checker"], {}, limits)
        made: list[Made] = []
        try:
            async with self.places.one() as place:
                began = time.monotonic()
                made = await self.take(contents, list(given), limits)
                if self.places.wanted:
                    self.refill(contents, list(given), limits)
                running = asyncio.create_task(asyncio.to_thread(self.pool.sandboxes.run, made, list(given.values())))
                if not (await asyncio.wait([running], timeout=PATIENCE_SECONDS))[0] and await place.step_aside():
                    for one in made:
                        await asyncio.to_thread(self.pool.sandboxes.put_last, one)
                ended = await running
        finally:
            for one in made:
                await asyncio.to_thread(self.pool.sandboxes.remove, one)
        self.refill(contents, list(given), limits)
        result = together([read(one) for one in ended])
        log.info("sandbox ended: reason=%s seconds=%.1f", result.get("ended"), time.monotonic() - began)
        return result

    async def take(self, contents: Contents, roles: list[str], limits: Sandbox) -> list[Made]:
        """A sandbox for each role, or none at all. Raises SandboxFailed."""
        made: list[Made] = []
        try:
            for role in roles:
                made.append(await self.pool.take(contents, limits, role))
        except SandboxFailed:
            for one in made:
                await asyncio.to_thread(self.pool.sandboxes.remove, one)
            raise
        return made

    def refill(self, contents: Contents, roles: list[str], limits: Sandbox) -> None:
        """Have the next ones made meanwhile, so that no place is held by a sandbox that only comes up."""
        for role in roles:
            IOLoop.current().add_callback(self.pool.refill, contents, limits, role)

    def refuse(self, status: int, sentence: str) -> None:
        self.answer(status, {"error": sentence})

    def answer(self, status: int, data: dict[str, Any]) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(data))


def read(ended: Ended) -> dict[str, Any]:
    return {"cells": [], "ended": ended.reason} if ended.reason else read_result(ended.written)


def together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The student's result with the checker's in it, which ends for the student's reason where the student's has one."""
    first, *others = results
    return (
        {**first, "checker": {**others[0], "ended": first.get("ended") or others[0].get("ended")}} if others else first
    )


def _given(notebook: dict[str, Any], files: dict[str, str], limits: Sandbox) -> bytes:
    told = {"notebook": notebook, "files": files, "seconds": limits.seconds, "output": limits.output}
    return json.dumps(told).encode() + b"\n"


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load(Path(os.environ["CAMPUSHUB_CONFIG"]))
    sandboxes = Sandboxes(docker.APIClient(timeout=60), settings.name, settings.folders.sandbox_hosts)
    log.info("sandboxes left over and removed: %s", sandboxes.remove_left_over())
    pool, places = Pool(sandboxes), Places(settings.sandbox.places(os.cpu_count() or 1))
    given = {"settings": settings, "pool": pool, "places": places}
    size = settings.submission_limit * OVERHEAD
    Application([(r"/execute", Execute, given)]).listen(PORT, max_body_size=size, max_buffer_size=size)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await pool.expire()


if __name__ == "__main__":
    asyncio.run(main())
