"""Marking by hand in the formgrader: every change is in the course's log before it is kept, and what is not kept is said."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.server_extensions.formgrader import apihandlers, base
from tornado.web import HTTPError, authenticated

from campushub_client.harmless import PageExporter
from campushub_client.mark_log import NotLogged

# Formgrader's own pages say nothing when a mark could not be saved or a list did not come (nbgrader 0.9.6,
# formgrade_models.js, manage_assignments.js). A page that is being left ends its requests, so what did not come waits a second.
NOT_SAVED = """
<style>#campushub-not-saved {position: fixed; z-index: 9999; top: 0; left: 0; right: 0; margin: 0; padding: 12px 20px;
  color: #7a1212; background: #fdeeee; border-bottom: 4px solid #b3261e; font-size: 16px}</style>
<script>
addEventListener("DOMContentLoaded", () => window.$ && $(document).ajaxError((_, answer, asked) => {
  let told = "This server does not answer.";
  try { told = JSON.parse(answer.responseText).message || told; } catch { /* not ours */ }
  const tell = (sentence) => {
    const bar = document.getElementById("campushub-not-saved") || document.body.appendChild(document.createElement("p"));
    bar.id = "campushub-not-saved";
    bar.setAttribute("role", "alert");
    bar.textContent = sentence;
  };
  if (asked.type === "GET") setTimeout(tell, 1000, `What belongs on this page has not come. ${told} Load it again.`);
  else tell(`Not saved. ${told} Load this page again before you go on.`);
}));
</script>
"""

# On nbgrader's page of one submission, what is typed before the marks have come, or while an answer to the mark before is
# under way, would be wiped, and whoever goes on at once would not see a refusal (formgrade.js, formgrade_models.js). Here a
# field can be used when it listens, what is being typed stays, and a link waits until all is saved.
NOTHING_LOST = """
<script>
addEventListener("DOMContentLoaded", () => {
  const kinds = {grades: ".score, .extra-credit, .full-credit, .no-credit, .mark-graded", comments: ".comment"};
  for (const fields of Object.values(kinds)) $(fields).prop("disabled", true);
  $(document).ajaxSuccess((_, answer, asked) => {
    const kind = asked.url.split("?")[0].split("/").pop();
    if (!(kind in kinds)) return;
    $(kinds[kind]).prop("disabled", false);
    if (MathJax.loaded && document.activeElement === document.body) formgrader.last_selected.focus();
  });

  addEventListener("input", ({target}) => { target.typing = true; }, true);
  for (const end of ["change", "blur"]) addEventListener(end, ({target}) => { target.typing = false; }, true);
  const {val, select} = $.fn;
  $.fn.val = function (...more) { return more.length && this[0]?.typing ? this : val.apply(this, more); };
  $.fn.select = function (...more) { return this[0]?.typing ? this : select.apply(this, more); };

  let saving = 0, next = null;
  const saves = (asked) => asked.type !== "GET";
  $(document).ajaxSend((_, answer, asked) => { if (saves(asked)) saving += 1; });
  $(document).ajaxError((_, answer, asked) => { if (saves(asked)) next = null; });
  $(document).ajaxComplete((_, answer, asked) => {
    if (saves(asked)) saving -= 1;
    if (next && !saving) location.href = next;
  });
  $(document).on("click", "a[href]:not([target])", (event) => {
    if (!saving) return;
    event.preventDefault();
    next = event.currentTarget.href;
  });
});
</script>
"""


class MarkingExporter(PageExporter):
    """The page on which a submission is marked."""

    def from_notebook_node(self, nb: Any, resources: Any = None, **more: Any) -> tuple[str, Any]:
        html, resources = super().from_notebook_node(nb, resources, **more)
        return html.replace("</head>", NOT_SAVED + NOTHING_LOST + "</head>", 1), resources


class Marked(base.BaseApiHandler):  # type: ignore[misc]  # nbgrader's classes have no types
    """What writes a mark: beside the server's loop, since the log is asked before the mark is kept."""

    async def kept(self, put: Callable[[str], None], identity: str) -> None:
        try:
            async with self.settings.setdefault("campushub_marks", asyncio.Lock()):  # of one question the last counts
                await asyncio.to_thread(self._put, put, identity)
        except NotLogged as refused:
            self.refuse(409, str(refused))

    def _put(self, put: Callable[[str], None], identity: str) -> None:
        try:
            put(identity)
        finally:
            self.gradebook.close()  # of this thread

    def refuse(self, status: int, sentence: str) -> None:
        self.clear()
        self.set_status(status)
        self.finish(json.dumps({"message": sentence}))


class Grade(Marked, apihandlers.GradeHandler):  # type: ignore[misc]  # as above
    """Points by hand and extra points of one question."""

    @authenticated
    async def put(self, grade_id: str) -> None:
        told = self.get_json_body()
        if not isinstance(told, dict) or not all(is_points(told.get(one)) for one in ("manual_score", "extra_credit")):
            self.refuse(422, "Points are a number.")
            return
        await self.kept(super().put, grade_id)


class Comment(Marked, apihandlers.CommentHandler):  # type: ignore[misc]  # as above
    """What is said about one answer."""

    @authenticated
    async def put(self, comment_id: str) -> None:
        told = self.get_json_body()
        if not isinstance(told, dict) or not isinstance(told.get("manual_comment"), str | None):
            self.refuse(422, "A comment is a text.")
            return
        await self.kept(super().put, comment_id)


def is_points(value: Any) -> bool:
    """Whether this can be kept as points: a number, as a text too, or nothing."""
    if value is None:
        return True
    try:
        return not isinstance(value, bool) and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


class OfStudent(base.BaseHandler):  # type: ignore[misc]  # as above
    """To the page on which one student's notebook is marked, from an address that the service knows."""

    @authenticated
    def get(self, assignment: str, notebook: str, student: str) -> None:
        _ = self.xsrf_token
        try:
            found = self.gradebook.find_submission_notebook(notebook, assignment, student)
        except MissingEntry:
            raise HTTPError(404, "This submission is not in the gradebook. Grade it first.") from None
        self.redirect(f"{self.base_url}/formgrader/submissions/{found.id}/")
