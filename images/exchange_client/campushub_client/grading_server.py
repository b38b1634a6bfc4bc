"""The grading server: formgrader as nbgrader makes it, with what would freeze it or could harm its reader put right.

Slow verbs run as nbgrader's own commands beside the server; autograding is asked of the grader and never done here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader
from jupyter_server.utils import url_path_join
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.server_extensions.formgrader import apihandlers, base, formgrader
from tornado.web import authenticated

from campushub_client.exchange import add_to_gradebook, due_of
from campushub_client.mark_log import watch
from campushub_client.marking import NOT_SAVED, Comment, Grade, MarkingExporter, OfStudent
from campushub_client.service import Service, ServiceError

log = logging.getLogger("campushub")

LOOK_EVERY_SECONDS = 1.0
NAME = r"([^/]+)"
WHO_SAYS_IT = re.compile(r"^\[\w+ \| [A-Z]+\] ", re.MULTILINE)  # before each line of nbgrader's log
VERBS = {
    "assign": ("generate_assignment", "--force"),
    "release": ("release_assignment",),
    "unrelease": ("list", "--remove"),
    "collect": ("collect", "--update"),
    "generate_feedback": ("generate_feedback", "--force"),
    "release_feedback": ("release_feedback",),
}
# Outside JupyterLab formgrader links to the pages of the old Notebook at the root of the host (nbgrader 0.9.6, utils.js).
# What is added before a list has come is not seen in it and its form stays open (manage_assignments.js): the foot waits.
LINKS = """
<style>div.modal div.panel pre {white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere}
  table:has(tbody td[colspan]:not(.dataTables_empty)) tfoot {visibility: hidden}</style>
<script>
const linkInLab = linkTo;
linkTo = (type, path) => window !== window.top ? linkInLab(type, path) :
  (_, el) => $(el).attr({href: `${base_url}/lab/tree/${encodeURI(path)}`, target: "_blank"})[0];
if (window === window.top) {  // inside JupyterLab its own page asks
  import(`${base_url}/lab/extensions/campushub-lab/static/session.js`).then(it => it.watchPage(`${base_url}/`));
}
</script>
"""


def load(server: Any) -> None:
    """Load formgrader with our verbs before its own."""
    base_url = server.web_app.settings["base_url"]
    api = url_path_join(base_url, "formgrader", "api")
    verbs = "|".join(VERBS)
    server.web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base_url, "formgrader") + "/?", Start),
            (rf"{api}/assignment/{NAME}", Assignment),
            (rf"{api}/assignment/{NAME}/({verbs})", Verb),
            (rf"{api}/assignment/{NAME}/{NAME}/(generate_feedback|release_feedback)", VerbForOne),
            (rf"{api}/submission/{NAME}/{NAME}/autograde", Autograde),
            (rf"{api}/grade/{NAME}", Grade),
            (rf"{api}/comment/{NAME}", Comment),
            (rf"{url_path_join(base_url, 'formgrader')}/of/{NAME}/{NAME}/{NAME}", OfStudent),
        ],
    )
    _read_marks_afresh()
    formgrader.load_jupyter_server_extension(server)
    extension = server.web_app.settings["nbgrader_formgrader"]
    server.web_app.settings["nbgrader_exporter"] = MarkingExporter(config=extension.config)
    templates = server.web_app.settings["nbgrader_jinja2_env"]
    templates.loader = _mended(templates, extension.coursedir.course_id)
    watch(Service.from_environment())
    threading.Thread(target=_bring_roster, args=(extension.coursedir,), daemon=True).start()


def _mended(templates: Environment, course: str) -> FunctionLoader:
    """Formgrader's own templates with a way back to the course's page, and with links to files that lead somewhere."""
    own, heading, end = templates.loader, "<h1>nbgrader</h1>", "</head>"
    link = f'{heading}<p><a href="/courses/{course}/" target="_top">Course page: grade all that is new</a></p>'

    def source(name: str) -> tuple[str, str | None, Any]:
        text, *rest = own.get_source(templates, name)
        return (text.replace(heading, link).replace(end, LINKS + NOT_SAVED + end), *rest)

    return FunctionLoader(source)


def _bring_roster(coursedir: Any) -> None:
    try:
        people = Service.from_environment().people(coursedir.course_id)
        add_to_gradebook(coursedir, [person for person in people if person["role"] == "student"])
    except ServiceError as refused:
        log.warning("roster not brought into the gradebook: %s", refused)


def _read_marks_afresh() -> None:
    """Open the gradebook for every request: one kept open would show marks as they were before a colleague's."""

    def gradebook(self: Any) -> Gradebook:
        if getattr(self, "_campushub_gradebook", None) is None:
            self._campushub_gradebook = Gradebook(self.db_url, self.coursedir.course_id)
        return self._campushub_gradebook

    def on_finish(self: Any) -> None:
        if getattr(self, "_campushub_gradebook", None) is not None:
            self._campushub_gradebook.close()

    base.BaseHandler.gradebook = property(gradebook)
    base.BaseHandler.on_finish = on_finish


class Start(base.BaseHandler):  # type: ignore[misc]  # nbgrader's classes have no types
    """The first page; which course it is was decided when the server was started."""

    @authenticated
    def get(self) -> None:
        _ = self.xsrf_token
        self.redirect(f"{self.base_url}/formgrader/manage_assignments")


class Assignment(apihandlers.AssignmentHandler):  # type: ignore[misc]
    """An assignment's settings; a changed due date reaches the service too."""

    @authenticated
    async def put(self, assignment_id: str) -> None:
        super().put(assignment_id)
        name, coursedir = assignment_id.strip(), self.coursedir
        try:
            await asyncio.to_thread(_push_due, coursedir, name)
        except ServiceError as refused:
            self.clear()
            self.set_status(409)
            self.write(json.dumps({"message": f"The due date is saved here and did not reach students: {refused}"}))


def _push_due(coursedir: Any, name: str) -> None:
    Service.from_environment().set_due(coursedir.course_id, name, due_of(coursedir, name))


class Verb(base.BaseApiHandler):  # type: ignore[misc]
    @authenticated
    async def post(self, assignment_id: str, verb: str) -> None:
        self.write(json.dumps(await nbgrader(self.coursedir.root, *VERBS[verb], assignment_id)))


class VerbForOne(base.BaseApiHandler):  # type: ignore[misc]
    @authenticated
    async def post(self, assignment_id: str, student_id: str, verb: str) -> None:
        one = f"--student={student_id}"
        self.write(json.dumps(await nbgrader(self.coursedir.root, *VERBS[verb], one, assignment_id)))


async def nbgrader(folder: str, *words: str) -> dict[str, Any]:
    """Run one of nbgrader's commands; its answer in the shape that formgrader's pages read, what was said once."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "nbgrader", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
    )
    said, _ = await process.communicate()
    return {"success": process.returncode == 0, "log": WHO_SAYS_IT.sub("", said.decode(errors="replace"))}


class Autograde(base.BaseApiHandler):  # type: ignore[misc]
    """Ask the grader, and wait for it without holding anybody up."""

    @authenticated
    async def post(self, assignment_id: str, student_id: str) -> None:
        try:
            job = await grade(self.coursedir.course_id, assignment_id, student_id)
        except ServiceError as refused:
            self.write(json.dumps({"success": False, "log": "", "error": str(refused)}))
            return
        good = job["state"] == "done"
        told = {"success": good, "log": job["message"]}
        self.write(json.dumps(told if good else {**told, "error": job["message"]}))


async def grade(course: str, assignment: str, student: str | None) -> dict[str, Any]:
    """Have an assignment graded, of one student or of all; the job when it has ended. Raises ServiceError."""
    service = Service.from_environment()
    number = await asyncio.to_thread(service.ask_to_grade, course, assignment, student)
    while (job := await asyncio.to_thread(service.job, number))["state"] in ("queued", "running"):
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return job


class NotHere(NbGraderPreprocessor):
    """Stands in the place of execution in this server, where students' code must never run."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        raise RuntimeError(
            "Students' work is not run in this server. Press Autograde in the formgrader, or run: "
            f"{Path(sys.executable).name} -m campushub_client.grading_server ASSIGNMENT"
        )


if __name__ == "__main__":
    ended = asyncio.run(grade(os.environ["CAMPUSHUB_COURSE"], sys.argv[1], None))
    sys.stdout.write(f"{ended['state']}: {ended['message']}\n")
    sys.exit(ended["state"] != "done")
