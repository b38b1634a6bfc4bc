"""The grader's process: collects what is new, has nbgrader sanitise and score it, one job after the other.

Trusted: it holds course folders and gradebooks and runs nothing that a student wrote; that goes to the worker.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from campushub_client.course_config import configure
from campushub_client.exchange import Collect
from campushub_client.mark_log import watch
from campushub_client.service import Service, ServiceError
from nbgrader import api
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from hub import course_downloads, findings
from hub.downloads.verdicts import Provided
from hub.rules import Rules
from hub.secrets import Secrets
from hub.services import gradebook_marks, penalties, questions
from hub.services.autograde import Autograding
from hub.services.exported import VERB as EXPORT
from hub.services.release_checks import Checking
from hub.services.sandbox_execute import TURN, WorkerSilent
from hub.services.under_way import UnderWay
from hub.settings import Settings
from hub.settings_file import SettingsInvalid, load

log = logging.getLogger("campushub.grader")

SILENT_SECONDS, AGAIN_SECONDS = 3, 10
MOST_TRIES = 30  # of a student's own job, while the worker makes no sandbox
AHEAD = 1  # submissions made ready while the sandboxes are full: as many again may have stepped aside
LONGEST_FINDINGS = 50_000  # characters; what has no room is counted
FIRST_STEPS = (
    "nbgrader.preprocessors.ClearOutput",
    "hub.services.restore_cells.RestoreCells",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
)
STEPS = (
    "hub.services.sandbox_execute.SandboxExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "hub.services.autograde.SaveScores",
    "nbgrader.preprocessors.CheckCellMetadata",
)


class CannotGrade(Exception):
    """A job that cannot be done; its text is what the instructor reads."""


class CannotNow(CannotGrade):
    """The same, but a later try may do it."""


@dataclass(frozen=True)
class Grading:
    """One job on one course's folder."""

    service: Service
    settings: Settings
    job: dict[str, Any]

    def run(self) -> str:
        """Collect and grade; a sentence about what was done. Raises CannotGrade."""
        course, assignment, only = self.job["course"], self.job["assignment"], self.job["student_id"]
        if course not in self.settings.courses:
            raise CannotGrade(f"There is no course '{course}' in the settings any more.")
        if self.job["verb"] == EXPORT:
            with TURN:
                return gradebook_marks.told(self.settings.folders.courses / course, course)
        rules = Rules.of_data(self.service.rules(course, assignment))
        config = self._config(course, rules)
        coursedir = CourseDirectory(config=config)
        coursedir.assignment_id = assignment
        if self.job["verb"] == "dates":
            return self._follow(coursedir, rules)
        _need_generated(coursedir, assignment)
        if self.job["verb"] == "check":
            data = Provided(course_downloads.index(self.settings, course))
            return self._check(Checking(coursedir, config, assignment, data))
        self._collect(coursedir, config, only)
        waiting = [only] if only else sorted(_ungraded(coursedir, config, assignment))
        failed = self._grade_all(config, assignment, waiting)
        told = self.service.submissions(course, assignment, only)
        with TURN:
            penalties.bring(coursedir, told, only)
        if failed:
            raise CannotGrade(f"{len(waiting) - len(failed)} graded, {len(failed)} not: {' '.join(failed)}")
        return f"{len(waiting)} graded." if waiting else "Nothing new to grade."

    def _follow(self, coursedir: CourseDirectory, rules: Rules) -> str:
        """Bring the gradebook's due date and penalties to what holds now; nothing is run again."""
        if not Path(coursedir.root, "gradebook.db").exists():
            return "There is no gradebook yet."
        told = self.service.submissions(self.job["course"], self.job["assignment"])
        with TURN:
            penalties.bring_due(coursedir, rules.due)
            changed = penalties.bring(coursedir, told)
        return f"The penalties of {changed} were changed."

    def _check(self, checking: Checking) -> str:
        """Look an assignment over before its release. Raises CannotGrade with the reasons against it."""
        try:
            with TURN:
                found = checking.findings(
                    lambda done, total: self.service.tell_progress(self.job["id"], done, total, "")
                )
        except WorkerSilent as silent:
            raise CannotGrade(f"{silent} Try again in a minute.") from None
        if found:
            raise CannotGrade(findings.told(found, LONGEST_FINDINGS))
        return "Nothing speaks against handing it out."

    def _grade_all(self, config: Config, assignment: str, waiting: list[str]) -> list[str]:
        """Grade several submissions beside each other; a sentence for each that could not be. Raises CannotGrade."""
        failed: list[str] = []
        places = self.settings.sandbox.places(os.cpu_count() or 1)
        with ThreadPoolExecutor(2 * places + AHEAD) as threads:
            under_way = [threads.submit(self._grade, config, assignment, student) for student in waiting]
            try:
                for done, graded in enumerate(as_completed(under_way), 1):
                    failed += graded.result()
                    if not self.service.tell_progress(self.job["id"], done, len(waiting), ""):
                        raise CannotGrade(f"Stopped; {done} of {len(waiting)} graded. Press the button again to go on.")
            except (CannotGrade, ServiceError):
                threads.shutdown(cancel_futures=True)
                raise
        return failed

    def _config(self, course: str, rules: Rules) -> Config:
        config = Config()
        configure(config, course, self.settings.folders.courses / course)
        config.Autograde.sanitize_preprocessors = list(FIRST_STEPS)
        config.Autograde.autograde_preprocessors = list(STEPS)
        config.SandboxExecute.worker = os.environ["CAMPUSHUB_WORKER_URL"]
        config.SandboxExecute.token = Secrets(self.settings.folders.secrets).read("worker")
        config.SandboxExecute.course = course
        config.SandboxExecute.image = rules.image or self.settings.courses[course].image
        config.SandboxExecute.seconds = rules.seconds or self.settings.sandbox.seconds
        config.SandboxExecute.memory = rules.memory or 0
        return config

    def _collect(self, coursedir: CourseDirectory, config: Config, only: str | None) -> None:
        coursedir.student_id = only or "*"
        try:
            with TURN:
                Collect(coursedir=coursedir, config=config).start()
        except ExchangeError as error:
            raise CannotGrade(f"Nothing could be collected: {error}") from None

    def _grade(self, config: Config, assignment: str, student: str) -> list[str]:
        """Grade one submission; a sentence if that did not work. Raises CannotGrade when nothing can be graded now."""
        coursedir = CourseDirectory(config=config)
        coursedir.assignment_id, coursedir.student_id = assignment, student
        steps = Autograding(coursedir=coursedir, config=config)
        steps.force = True
        under_way = UnderWay.of(Path(coursedir.root), assignment)
        under_way.begin(student)
        try:
            with TURN:
                steps.start()
                submission, given = questions.submission_of(coursedir), questions.questions(coursedir)
        except WorkerSilent as silent:
            raise CannotNow(f"{silent} Try again in a minute.") from None
        except (NbGraderException, SystemExit) as error:
            log.warning("not graded: course=%s student=%s %s", self.job["course"], student, error)
            return [f"{_name(coursedir, student)} (the notebook cannot be read; look at it by hand)."]
        if submission is not None:
            self.service.tell_result(submission, given)
        under_way.end(student)
        return []


def _need_generated(coursedir: CourseDirectory, assignment: str) -> None:
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        if not any(known.name == assignment and known.notebooks for known in gradebook.assignments):
            raise CannotGrade(f"'{assignment}' was not generated yet: press Generate in the formgrader first.")


def _ungraded(coursedir: CourseDirectory, config: Config, assignment: str) -> set[str]:
    """The students whose collected submission is not the one that was graded last, or not to its end."""
    known = NbGraderAPI(coursedir=coursedir, config=config)
    submitted: set[str] = known.get_submitted_students(assignment)
    begun = UnderWay.of(Path(coursedir.root), assignment).students()
    return submitted - (set(known.get_autograded_students(assignment)) - begun)


def _name(coursedir: CourseDirectory, student: str) -> str:
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        found = gradebook.find_student(student)
        return " ".join(part for part in (found.first_name, found.last_name) if part) or student


def take(service: Service, *, again: bool = False) -> dict[str, Any] | None:
    """The next job; waits while the service is silent. With `again`, what was running before is queued anew."""
    while True:
        try:
            job: dict[str, Any] | None = service.take_job(again=again)
            return job
        except ServiceError as silent:
            log.warning("%s", silent)
            time.sleep(SILENT_SECONDS)


def work(service: Service, config: Path, job: dict[str, Any]) -> None:
    """Do one job until it is done and the service knows it: no fault of service or worker costs anybody anything."""
    log.info(
        "job %s: course=%s assignment=%s student=%s", *(job[k] for k in ("id", "course", "assignment", "student_id"))
    )
    tries = 0
    while True:
        try:
            message, ok = outcome(service, config, job, last=tries >= MOST_TRIES)
            log.info("job %s: %s", job["id"], "done" if ok and job["verb"] == EXPORT else message)
            service.end_job(job["id"], message, ok=ok)
            return
        except CannotNow as trouble:
            log.warning("job %s: %s", job["id"], trouble)
            tries += 1
            time.sleep(AGAIN_SECONDS)
        except ServiceError as silent:
            log.warning("job %s: %s", job["id"], silent)
            time.sleep(SILENT_SECONDS)


def outcome(service: Service, config: Path, job: dict[str, Any], *, last: bool) -> tuple[str, bool]:
    """Do it once: what to say, and whether it worked. A student's own job is tried again, raising CannotNow, but the last time."""
    try:
        return Grading(service, load(config), job).run(), True
    except ServiceError:
        raise
    except CannotNow as trouble:
        if job["student_id"] and not last:
            raise
        return str(trouble), False
    except (CannotGrade, SettingsInvalid) as trouble:
        return str(trouble), False
    except Exception:
        log.exception("job %s failed", job["id"])
        return "Grading stopped at a fault; the administrator finds it with `campushub logs grader`.", False


def work_on(service: Service, config: Path, job: dict[str, Any] | None) -> None:
    """One of the grader's hands: job after job, beginning with this one."""
    while True:
        if job is not None:
            work(service, config, job)
        job = take(service)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    warnings.filterwarnings("ignore", category=SAWarning)  # of nbgrader 0.9.6 with SQLAlchemy 2.1; the marks are right
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # what was running is taken up again at the next start
    service, config = Service.from_environment(), Path(os.environ["CAMPUSHUB_CONFIG"])
    watch(service)
    api.create_engine = cache(api.create_engine)  # an engine keeps the statements that it has compiled
    first = take(service, again=True)
    for _ in range(os.cpu_count() or 1):
        threading.Thread(target=work_on, args=(service, config, None), daemon=True).start()
    work_on(service, config, first)  # in the main thread: once it has ended, Python starts no other


if __name__ == "__main__":
    main()
