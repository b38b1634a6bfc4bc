"""nbgrader's exchange over CampusHub's service: its own plug-in classes, so that nbgrader's commands and formgrader work.

Who somebody is comes from the token and when it is from the server; nothing here is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry, Student
from nbgrader.exchange import abc
from traitlets import Bool, Integer

from campushub_client import collected, folders, release_check
from campushub_client.collected import BOOKKEEPING, SUBMISSION_FILE
from campushub_client.feedback import score_of
from campushub_client.service import Service, ServiceError, Unconfirmed

AT_ONCE, BYTES_AT_ONCE = 100, 64 * 1024**2  # of what is collected, in one request


class Exchange(abc.Exchange):
    """What every verb needs: the service, and its refusals as nbgrader's own errors."""

    def start(self) -> Any:
        try:
            return super().start()
        except ServiceError as refused:
            self.fail(str(refused))

    def init_src(self) -> None:
        self.service = Service.from_environment()
        self.course, self.name = self.coursedir.course_id, self.coursedir.assignment_id
        if not self.course:
            self.fail("No course is set; open this server from your courses page.")

    def init_dest(self) -> None:
        """Every verb knows its place itself."""

    def folder(self, kind: str, student: str) -> Path:
        return Path(self.coursedir.format_path(kind, student, self.name))


class FetchAssignment(Exchange, abc.ExchangeFetchAssignment):
    def copy_files(self) -> None:
        target = folders.home_of_assignments(self.course) / self.name
        new = folders.unpack(self.service.release_files(self.course, self.name), target, keep=True)
        self.log.info("Fetched %s into %s: %s", self.name, target, ", ".join(new) or "nothing was missing")


class Submit(Exchange, abc.ExchangeSubmit):
    confirmed = Bool(
        False, help="Submit although a notebook is missing, or tests were changed; --Submit.confirmed=True says so."
    ).tag(config=True)

    def copy_files(self) -> None:
        source = folders.home_of_assignments(self.course) / self.name
        if not source.is_dir():
            self.fail(f"There is no folder {source}. Fetch the assignment first.")
        try:
            with folders.packed(source) as packed:
                receipt = self.service.submit(self.course, self.name, packed, confirmed=self.confirmed)
        except Unconfirmed as asked:
            again = f"nbgrader submit {self.name} --Submit.confirmed=True"
            told = [str(asked), *asked.told.get("remarks", ())]
            self.fail(f"{' '.join(told)} Nothing was submitted yet. To submit all the same: {again}")
        for remark in receipt["remarks"]:
            self.log.warning("%s", remark)
        late = "late" if receipt["late"] else "on time"
        self.log.info("Submitted %s, attempt %s, %s, receipt %s", *_told(receipt, late))


def _told(receipt: dict[str, Any], late: str) -> tuple[Any, ...]:
    return receipt["assignment"], receipt["attempt"], late, receipt["submission"]


class FetchFeedback(Exchange, abc.ExchangeFetchFeedback):
    def copy_files(self) -> None:
        listed = self.service.assignments(self.course)["assignments"]
        backs = [back for found in listed if found["name"] == self.name for back in found["feedback"]]
        if not backs:
            self.fail(f"There is no feedback for {self.name} yet.")
        for back in backs:
            target = folders.home_of_assignments(self.course) / self.name / "feedback" / f"attempt-{back['attempt']}"
            folders.replace(self.service.feedback_files(back["submission"]), target)
            self.log.info("Feedback: %s", target)


class ReleaseAssignment(Exchange, abc.ExchangeReleaseAssignment):
    check = Bool(True, help="have the grader look it over first").tag(config=True)
    check_seconds = Integer(1800, help="how long to wait for the grader").tag(config=True)

    def copy_files(self) -> None:
        source = self.folder(self.coursedir.release_directory, ".")
        if not source.is_dir():
            self.fail(f"{self.name} was not generated yet. Press Generate first.")
        self._check()
        with folders.packed(source, left_out={".ipynb_checkpoints", "__pycache__"}) as packed:
            self.service.release(self.course, self.name, packed, due_of(self.coursedir, self.name))
        self.log.info("Released %s of %s", self.name, self.course)

    def _check(self) -> None:
        """Go on when the grader has nothing against it, or when it was said that this does not matter."""
        if not self.check:
            return
        against = release_check.ask(self.service, self.course, self.name, seconds=self.check_seconds, say=self.log.info)
        for line in against:
            self.log.warning("%s", line)
        if against and not self.force:
            self.fail(
                f"{self.name} was not released; the lines above say why. {release_check.REMEDY.format(name=self.name)}"
            )


def due_of(coursedir: Any, name: str) -> str | None:
    """An assignment's due date in the gradebook as ISO 8601; nbgrader keeps it in UTC, without a zone."""
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        try:
            due = gradebook.find_assignment(name).duedate
        except MissingEntry:
            return None
    return due.replace(tzinfo=UTC).isoformat() if due else None


class Collect(Exchange, abc.ExchangeCollect):
    """Of everybody the attempt that counts (or the latest before the due date, when nbgrader is asked for that)."""

    def copy_files(self) -> None:
        only = self.coursedir.student_id if self.coursedir.student_id not in ("", "*") else None
        note = collected.Note.of(Path(self.coursedir.root), self.name)
        believed = only is None and not self.before_duedate
        word, told = self.service.news(self.course, self.name, note.word() if believed else "", student_id=only)
        if told is None:
            self.log.info("Collected nothing: there is nothing new of %s", self.name)
            return
        laid = self._collect(self._chosen(told))
        if believed:
            note.keep(word, laid)

    def _chosen(self, told: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        chosen: dict[str, dict[str, Any]] = {}
        for submission in told:
            good = not submission["late"] if self.before_duedate else submission["counts"]
            if good or submission["student_id"] not in chosen:
                chosen[submission["student_id"]] = submission
        return chosen

    def _collect(self, chosen: dict[str, dict[str, Any]]) -> dict[Path, int]:
        """Bring what is not there yet; the files that say which submission lies where, and when each was written."""
        laid, new = {}, []
        for student, submission in chosen.items():
            folder = self.folder(self.coursedir.submitted_directory, student)
            found, written = collected.there(folder)
            laid[folder / SUBMISSION_FILE] = written
            if found != submission["submission"]:
                new.append(submission)
        add_to_gradebook(self.coursedir, new)
        for batch in _batches(new):
            laid.update(self._bring(batch))
        self.log.info("Collected %s of %s submissions of %s", len(new), len(chosen), self.name)
        return laid

    def _bring(self, batch: list[dict[str, Any]]) -> dict[Path, int]:
        laid = {}
        packed = self.service.submission_files(self.course, self.name, [one["submission"] for one in batch])
        with folders.unpacked(packed, Path(self.coursedir.root)) as scratch:
            for one in batch:
                folder = self.folder(self.coursedir.submitted_directory, one["student_id"])
                at = datetime.fromisoformat(one["at"]).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
                written = collected.lay(scratch / one["submission"], folder, submission=one["submission"], at=at)
                laid[folder / SUBMISSION_FILE] = written
        return laid


def _batches(submissions: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for one in submissions:
        more = sum(file["size"] for file in one["files"])
        if batch and (len(batch) == AT_ONCE or size + more > BYTES_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += more
    if batch:
        yield batch


def add_to_gradebook(coursedir: Any, people: list[dict[str, Any]]) -> None:
    """Name students in the gradebook. Its pages do not escape names, so what could be markup is taken out."""
    wanted = {person["student_id"]: _about(person) for person in people}
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        columns = (Student.id, Student.first_name, Student.last_name, Student.email)  # without the sum of their points
        known = {student: tuple(about) for student, *about in gradebook.db.query(*columns)}
        for student, about in wanted.items():
            if known.get(student) != tuple(about.values()):
                gradebook.db.merge(Student(id=student, **about))
        gradebook.db.commit()


def _about(person: dict[str, Any]) -> dict[str, str]:
    plain = person["full_name"].translate({ord(sign): None for sign in "<>&\"'`"})
    first, _, last = plain.rpartition(" ")
    return {"first_name": first, "last_name": last, "email": person["email"]}


class ReleaseFeedback(Exchange, abc.ExchangeReleaseFeedback):
    def copy_files(self) -> None:
        student = self.coursedir.student_id or "*"
        found = sorted(Path("/").glob(str(self.folder(self.coursedir.feedback_directory, student)).lstrip("/")))
        given = 0
        for folder in found:
            marker = folder / SUBMISSION_FILE
            if not marker.exists():
                self.log.warning("%s: this submission was not collected from CampusHub; not given back", folder)
                continue
            self._give_back(folder, marker.read_text(encoding="utf-8").strip())
            given += 1
        self.log.info("Gave %s submissions of %s back", given, self.name)

    def _give_back(self, folder: Path, submission: str) -> None:
        score, most = score_of(self.coursedir, self.name, folder.parent.name)
        with folders.packed(folder, left_out=BOOKKEEPING) as packed:
            self.service.give_back(submission, packed, score, most)


class List(Exchange, abc.ExchangeList):
    """What is handed out; with `remove`, an assignment is handed out no more."""

    def start(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super().start()
        return found

    def copy_files(self) -> None:
        self.listed = [] if self.remove else self._listed()

    def _listed(self) -> list[dict[str, Any]]:
        wanted = self.name if self.name not in ("", "*", None) else None
        found = self.service.assignments(self.course)["assignments"]
        return [one for one in found if wanted in (None, one["name"])]

    def list_files(self) -> list[dict[str, Any]]:
        return [self._released(found) for found in self.listed] if not (self.inbound or self.cached) else []

    def _released(self, found: dict[str, Any]) -> dict[str, Any]:
        folder = folders.home_of_assignments(self.course) / found["name"]
        notebooks = [Path(file["path"]) for file in found["files"] if file["path"].endswith(".ipynb")]
        return {
            "course_id": self.course,
            "assignment_id": found["name"],
            "status": "fetched" if folder.exists() else "released",
            "path": str(folder),
            "notebooks": [{"notebook_id": path.stem, "path": str(folder / path)} for path in notebooks],
        }

    def remove_files(self) -> list[dict[str, Any]]:
        self.service.withdraw(self.course, self.name)
        return []
