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
from tornado.web import Application, RequestHandler

from hub import image_record
from hub.adapters.sandboxes import Sandboxes, SandboxFailed
from hub.grading import read_result
from hub.secrets import Secrets
from hub.settings import Settings
from hub.settings_file import load

log = logging.getLogger("campushub.worker")

PORT = 8020
OWN_LIMITS = {"seconds", "memory"}  # what an assignment may have of its own
OVERHEAD = 2  # base64 and JSON make a submission larger


class Execute(RequestHandler):
    """Run one notebook: JSON with `course`, `image`, `notebook`, `files` (path to base64) and, where its assignment says so,
    `limits` (seconds, bytes of memory); JSON back as `hub.grading.merge` reads.
    """

    def initialize(self, settings: Settings, sandboxes: Sandboxes, room: asyncio.Semaphore) -> None:
        self.hub, self.sandboxes, self.room = settings, sandboxes, room

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
        limits = self.hub.sandbox.model_copy(update=own)
        given = {
            "notebook": asked["notebook"],
            "files": asked["files"],
            "seconds": limits.seconds,
            "output": limits.output,
        }
        began = time.monotonic()
        try:
            async with self.room:
                ended = await asyncio.to_thread(self.sandboxes.run, tag, json.dumps(given).encode(), limits)
        except SandboxFailed as failed:
            log.error("sandbox failed: %s", failed)
            return self.refuse(503, str(failed))
        result = {"cells": [], "ended": ended.reason} if ended.reason else read_result(ended.written)
        log.info("sandbox ended: reason=%s seconds=%.1f", ended.reason or result.get("ended"), time.monotonic() - began)
        return self.answer(200, result)

    def refuse(self, status: int, sentence: str) -> None:
        self.answer(status, {"error": sentence})

    def answer(self, status: int, data: dict[str, Any]) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(data))


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load(Path(os.environ["CAMPUSHUB_CONFIG"]))
    sandboxes = Sandboxes(docker.APIClient(timeout=60), settings.name)
    log.info("sandboxes left over and removed: %s", sandboxes.remove_left_over())
    given = {"settings": settings, "sandboxes": sandboxes, "room": asyncio.Semaphore(settings.sandbox.at_once)}
    size = settings.submission_limit * OVERHEAD
    Application([(r"/execute", Execute, given)]).listen(PORT, max_body_size=size, max_buffer_size=size)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
