"""The question to the grader whether an assignment may be handed out, and the wait for its answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from campushub_client.service import Service

LOOK_EVERY_SECONDS = 1.0
SILENT_SECONDS = 60  # in the queue, while the grader has asked for no work
REMEDY = (
    "Mend it and press Generate, then Release. To release it all the same, run this in a terminal of the grading server: "
    "nbgrader release_assignment {name} --force"
)
SILENT = (
    "The grader has not taken the check up: it is stopped, or busy with one long notebook. Release again in some minutes; "
    "if that does not help, ask the administrator to run `campushub status`."
)
TOO_LONG = "The check did not end within {seconds} s. Release again later, or ask the administrator for `campushub logs grader`."


def ask(
    service: Service,
    course: str,
    name: str,
    *,
    seconds: float,
    say: Callable[..., None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """What speaks against handing an assignment out, one line each; empty when nothing does. Raises ServiceError."""
    number, began, told = service.ask_to_check(course, name), clock(), ""
    say("Checking %s before it is handed out; its solution and what students get are run", name)
    while (job := service.job(number))["state"] in ("queued", "running"):
        waited = clock() - began
        if job["state"] == "queued" and waited > SILENT_SECONDS and not service.grader_is_there():
            return [SILENT]
        if waited > seconds:
            return [TOO_LONG.format(seconds=seconds)]
        step = "waiting for the grader" if job["state"] == "queued" else f"run {job['done']} of {job['total']}"
        if step != told:
            told = step
            say("Check: %s", step)
        sleep(LOOK_EVERY_SECONDS)
    return [] if job["state"] == "done" else str(job["message"]).splitlines()
