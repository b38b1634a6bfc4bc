"""The service's API as Python: one method a verb, errors as sentences.

A request that does not reach the service is tried again; a submission has a key, so that trying again stores it once.
Whoever may have to send it anew later gives the key; a request alone makes its own.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import requests

CONNECT_SECONDS, ANSWER_SECONDS = 5, 120
GPU_SECONDS = 5  # an open page asks again soon
MARKS_SECONDS = 7  # three times of it is less than another writer of the gradebook waits
TRIES = 3
CHUNK = 1024**2
SILENT = (
    "CampusHub's exchange does not answer right now. Nothing is lost: your files are in your home. "
    "Try again in a minute."
)


class ServiceError(Exception):
    """What the service refused, or that it does not answer; its text is for people."""


class Unconfirmed(ServiceError):
    """A submission that waits for its person's yes; `told` names what is missing or changed."""

    def __init__(self, sentence: str, told: dict[str, Any]) -> None:
        super().__init__(sentence)
        self.told = told


@dataclass(frozen=True)
class Service:
    """The service as one token's holder sees it."""

    url: str
    token: str

    @classmethod
    def from_environment(cls) -> Service:
        """Where the spawner says it is; raises ServiceError outside of CampusHub."""
        url, file = os.environ.get("CAMPUSHUB_SERVICE_URL"), os.environ.get("CAMPUSHUB_TOKEN_FILE")
        token = Path(file).read_text(encoding="ascii").strip() if file else os.environ.get("JUPYTERHUB_API_TOKEN")
        if not url or not token:
            raise ServiceError("This works only in a server that CampusHub has started.")
        return cls(url.rstrip("/"), token)

    def assignments(self, course: str) -> dict[str, Any]:
        """What is handed out in a course, with the person's receipts and feedback."""
        return self._json("GET", f"assignments?course={quote(course)}")

    def release_files(self, course: str, name: str) -> IO[bytes]:
        """The tar of what was handed out."""
        return self._tar(f"assignments/{_path(course, name)}/files")

    def submit(
        self, course: str, name: str, packed: IO[bytes], *, confirmed: bool = False, key: str = ""
    ) -> dict[str, Any]:
        """Hand a tar in; the receipt, for the same key the same. Raises Unconfirmed for what its person has to agree to."""
        path = f"assignments/{_path(course, name)}/submission{'?confirmed=yes' if confirmed else ''}"
        return self._upload(path, packed, key=key or secrets.token_hex(16))

    def feedback_files(self, submission: str) -> IO[bytes]:
        return self._tar(f"submissions/{quote(submission)}/feedback")

    def release(self, course: str, name: str, packed: IO[bytes], due: str | None) -> dict[str, Any]:
        query = f"?due={quote(due)}" if due else ""
        return self._upload(f"assignments/{_path(course, name)}/release{query}", packed)

    def set_due(self, course: str, name: str, due: str | None) -> None:
        self._json("PATCH", f"assignments/{_path(course, name)}", {"due": due})

    def withdraw(self, course: str, name: str) -> None:
        self._json("DELETE", f"assignments/{_path(course, name)}")

    def opened(self, course: str, name: str) -> None:
        """Tell that an assignment's notebook is before its student."""
        self._json("PUT", f"assignments/{_path(course, name)}/opened", {})

    def submissions(self, course: str, name: str, student_id: str | None = None) -> list[dict[str, Any]]:
        """Every submission of an assignment, or one student's, oldest first."""
        return self.news(course, name, student_id=student_id)[1] or []

    def news(
        self, course: str, name: str, known: str = "", *, student_id: str | None = None
    ) -> tuple[str, list[dict[str, Any]] | None]:
        """How an assignment's submissions stand, as a word, and all of them or one student's, oldest first.

        Told the word of an earlier answer, there are none when everything is as it was then.
        """
        query = f"known={quote(known)}" + (f"&student_id={quote(student_id)}" if student_id else "")
        told = self._json("GET", f"assignments/{_path(course, name)}/submissions?{query}")
        return told["word"], told["submissions"]

    def rules(self, course: str, name: str) -> dict[str, Any]:
        """An assignment's rules, as plain values."""
        return self._json("GET", f"assignments/{_path(course, name)}/rules")

    def submission_files(self, course: str, name: str, submissions: Iterable[str]) -> IO[bytes]:
        """Submissions of an assignment in one tar, the files of each below its id."""
        return self._tar(f"assignments/{_path(course, name)}/submissions/files?ids={','.join(submissions)}")

    def give_back(self, submission: str, packed: IO[bytes], score: float, max_score: float) -> None:
        query = f"score={score:g}&max_score={max_score:g}"
        self._upload(f"submissions/{quote(submission)}/feedback/release?{query}", packed)

    def people(self, course: str) -> list[dict[str, str]]:
        """The roster: student_id, name, full_name, email, role, section of each."""
        listed: list[dict[str, str]] = self._json("GET", f"roster/{quote(course)}")["people"]
        return listed

    def log_marks(self, course: str, changes: list[dict[str, Any]]) -> None:
        """Have changes of marks written into the course's log, once, however often the network fails."""
        path = f"marks/{_path(course, secrets.token_hex(16))}"
        until = datetime.now(UTC) + timedelta(seconds=TRIES * MARKS_SECONDS)  # later nobody waits for it any more
        self._ask("PUT", path, seconds=MARKS_SECONDS, json={"changes": changes, "until": until.isoformat()})

    def ask_to_grade(self, course: str, name: str, student_id: str | None) -> int:
        """Queue grading; the job's number."""
        wanted = {"course": course, "assignment": name, "student_id": student_id, "verb": "grade"}
        return int(self._json("POST", "jobs", wanted)["job"])

    def ask_to_check(self, course: str, name: str) -> int:
        """Queue the check of an assignment before its release; the job's number."""
        return int(self._json("POST", "jobs", {"course": course, "assignment": name, "verb": "check"})["job"])

    def grader_is_there(self) -> bool:
        """Whether the grader has asked for work lately."""
        return bool(self._json("GET", "health")["grader"])

    def job(self, number: int) -> dict[str, Any]:
        return self._json("GET", f"jobs/{number}")

    def take_job(self, *, again: bool) -> dict[str, Any] | None:
        return self._json("POST", "jobs/take", {"again": again}) or None

    def tell_progress(self, number: int, done: int, total: int, message: str) -> bool:
        """Tell how far a job is; whether it is to go on."""
        told = self._json("POST", f"jobs/{number}/progress", {"done": done, "total": total, "message": message})
        return not told.get("stop")

    def tell_result(self, submission: str, questions: list[dict[str, Any]]) -> None:
        """Tell what a submission was given: name, score (none: by hand), max_score, message of each question."""
        self._json("PUT", f"submissions/{quote(submission)}/result", {"questions": questions})

    def end_job(self, number: int, message: str, *, ok: bool) -> None:
        self._json("POST", f"jobs/{number}/end", {"ok": ok, "message": message})

    def end_unused(self) -> None:
        """Have the server of this token ended, since nobody uses it."""
        self._json("POST", "servers/unused", {})

    def gpu(self) -> dict[str, Any]:
        """How this token's person stands with the GPUs: a place in the queue, an offer, a lease, or none."""
        return dict(self._ask("GET", "gpu", seconds=GPU_SECONDS).json())

    def renew_gpu(self) -> dict[str, Any]:
        """Begin the lease's time anew; how they stand then."""
        return self._json("POST", "gpu/renew", {})

    def return_gpu(self) -> None:
        """End the lease, and the server that has the GPU."""
        self._json("POST", "gpu/return", {})

    def _json(self, method: str, path: str, data: Any = None) -> dict[str, Any]:
        answer = self._ask(method, path, json=data)
        return dict(answer.json()) if answer.content else {}

    def _upload(self, path: str, packed: IO[bytes], *, key: str = "") -> dict[str, Any]:
        answer = self._ask("PUT", path, file=packed, headers={"Idempotency-Key": key} if key else {})
        return dict(answer.json()) if answer.content else {}

    def _tar(self, path: str) -> IO[bytes]:
        answer = self._ask("GET", path, stream=True)
        answer.raw.decode_content = True
        body: IO[bytes] = answer.raw
        return body

    def _ask(
        self,
        method: str,
        path: str,
        *,
        file: IO[bytes] | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = ANSWER_SECONDS,
        **more: Any,
    ) -> requests.Response:
        told = {"Authorization": f"token {self.token}", **(headers or {})}
        for left in reversed(range(TRIES)):
            body = _chunks(file) if file else None
            try:
                with requests.Session() as session:
                    session.trust_env = False  # a proxy or a .netrc of the person's is not for what is beside them
                    answer = session.request(
                        method,
                        f"{self.url}/{path}",
                        data=body,
                        headers=told,
                        timeout=(min(CONNECT_SECONDS, seconds), seconds),
                        **more,
                    )
            except requests.RequestException:
                if not left or method == "POST":
                    raise ServiceError(SILENT) from None
                time.sleep(1)
                continue
            if answer.ok:
                return answer
            if answer.status_code not in (502, 503) or not left:
                raise _refusal(answer)
            time.sleep(1)
        raise ServiceError(SILENT)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk


def _path(course: str, name: str) -> str:
    return f"{quote(course, safe='')}/{quote(name, safe='')}"


def _refusal(answer: requests.Response) -> ServiceError:
    try:
        told = dict(answer.json())
        sentence = str(told.pop("error"))
    except (ValueError, KeyError, TypeError):
        silent = answer.status_code >= 500
        return ServiceError(SILENT if silent else f"CampusHub refused this (status {answer.status_code}).")
    return Unconfirmed(sentence, told) if answer.status_code == 409 and "missing" in told else ServiceError(sentence)
