"""nbgrader's step `Execute`, replaced: the notebook goes to the worker and only outputs come back."""

from __future__ import annotations

import base64
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import requests
from campushub_client.collected import BOOKKEEPING
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Integer, Unicode

from hub import checked
from hub.evidence import judge, plant
from hub.grading import merge
from hub.trouble import Trouble

PARTS = ("notebook", "checker")  # what the worker calls them
CONNECT_SECONDS = 5
WAIT_SECONDS = 600  # for a free place among the sandboxes, on top of the notebook's own time


TURN = threading.Lock()  # nbgrader is not made for threads: one at a time has its turn, unless it waits for a sandbox


@contextmanager
def turn_given_away() -> Iterator[None]:
    """Let others have their turn meanwhile."""
    TURN.release()
    try:
        yield
    finally:
        TURN.acquire()
        os.environ["NBGRADER_EXECUTION"] = "autograde"  # nbgrader deletes it behind each notebook, be it there or not


class WorkerSilent(Trouble):
    """The worker does not answer or cannot make a sandbox; no submission is judged by that."""


class SandboxExecute(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader's class has no types
    """Runs a notebook in the worker's sandbox."""

    worker = Unicode(help="address of the worker").tag(config=True)
    token = Unicode(help="the grader's token for the worker").tag(config=True)
    course = Unicode(help="whose image the sandbox runs").tag(config=True)
    image = Unicode(help="name of the course's image").tag(config=True)
    seconds = Integer(300, help="wall-clock time of one submission").tag(config=True)
    memory = Integer(0, help="bytes of memory of one submission; 0: the worker's own").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        files, parts = files_of(Path(resources["metadata"]["path"])), checked.parts(nb)
        marks = [secrets.token_hex(8) for _ in parts]
        planted = [plant(*one) for one in zip(parts, marks, strict=True)]
        with turn_given_away():
            told = self._run(planted, files)
        merged = [merge(*one) for one in zip(planted, (told, told.get("checker") or {}), strict=False)]
        ran = [judge(*one) for one in zip(parts, merged, marks, strict=True)]
        return nbformat.from_dict(checked.joined(nb, ran)), resources

    def _run(self, parts: list[dict[str, Any]], files: dict[str, str]) -> dict[str, Any]:
        """What the sandbox says of a notebook that ran there, and the checker of its part. Raises WorkerSilent."""
        whose = {"course": self.course, "image": self.image}
        limits = {"seconds": self.seconds, "memory": self.memory}
        asked = {**whose, "limits": limits, "files": files, **dict(zip(PARTS, parts, strict=False))}
        try:
            answer = requests.post(
                f"{self.worker}/execute",
                json=asked,
                headers={"Authorization": f"token {self.token}"},
                timeout=(CONNECT_SECONDS, self.seconds + WAIT_SECONDS),
            )
            told: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError):
            raise WorkerSilent("The worker does not answer, so nothing could be run.") from None
        if not answer.ok:
            raise WorkerSilent(str(told.get("error")))
        return told


def files_of(folder: Path) -> dict[str, str]:
    """The files beside a notebook, base64 by relative path. Links are left out: they could lead to anything."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {
        str(path.relative_to(folder)): base64.b64encode(path.read_bytes()).decode()
        for path in found
        if path.suffix != ".ipynb" and path not in (folder / name for name in BOOKKEEPING)
    }
