"""The grader's check of an assignment before its release: what `hub.release_check` sees, and two runs in the sandbox.

The notebook as its author wrote it has to get full marks, the one that is handed out none, both by nbgrader's own steps of
grading, in memory. Cells that are marked by hand are left out of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat import ValidationError
from nbgrader.utils import determine_grade, is_grade, is_solution
from traitlets import import_item
from traitlets.config import Config

from hub import notebooks, release_check, release_marks
from hub.downloads.verdicts import NOTHING, Provided
from hub.findings import Finding
from hub.release_cells import AUTOTEST

SCORED = "hub.services.autograde.SaveScores"  # from this step of grading on, a gradebook is written
NOBODY = "release-check"  # in the place of a student's id; nothing is written under it
ASK_KERNELS = "import json\nfrom jupyter_client.kernelspec import find_kernel_specs\nprint(json.dumps(sorted(find_kernel_specs())))"
LARGEST_NOTEBOOK, LARGEST_BESIDE = 50 * 1024**2, 16 * 1024**2  # bytes of a file that are read
LONGEST_ERROR = 200  # characters
ANSI = re.compile(r"\x1b\[[0-9;]*m")
ARROW = re.compile(r"^-+> *\d+ +(\S.*)$", re.MULTILINE)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Checking:
    """One assignment of a course's folder, set for the grader."""

    coursedir: CourseDirectory
    config: Config
    assignment: str
    provided: Provided = NOTHING  # what its sandboxes have

    def findings(self, progress: Progress) -> list[Finding]:
        """Every reason against handing it out. Raises WorkerSilent."""
        found = release_check.findings(
            release_check.Assignment(
                source=self._files(self.coursedir.source_directory),
                released=self._files(self.coursedir.release_directory),
                known=self._known,
                kernels=self._kernels,
                marks=release_marks.of_course(self._course_config),
                provided=self.provided,
            )
        )
        found += [finding for name in self._known for finding in self.stale(name)]
        runs = [(name, blank) for name in self._known for blank in (False, True) if self._can_run(name)]
        for done, (name, blank) in enumerate(runs):
            progress(done, len(runs))
            found += self._run(name, blank=blank)
        progress(len(runs), len(runs))
        return found

    def stale(self, name: str) -> Iterator[Finding]:
        """The cells of tests in a source that are not those from which the release was made."""
        path = self._folder(self.coursedir.source_directory) / f"{name}.ipynb"
        if not path.is_file():
            return
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            made = {cell.name: cell.source for cell in gradebook.find_notebook(name, self.assignment).source_cells}
        for notebook in notebooks.readable({path.name: path.read_bytes()}):
            for cell in notebook.cells:
                if cell.is_test and AUTOTEST not in cell.source and made.get(cell.grade_id) != cell.source:
                    reason = "was changed after the release was generated."
                    yield Finding(path.name, cell.name, reason, "Press Generate, then Release.")

    @property
    def _first_steps(self) -> list[str]:
        """What grading does with a submission before it is run."""
        return list(self.config.Autograde.sanitize_preprocessors)

    @property
    def _run_steps(self) -> list[str]:
        """What grading does up to the score, but for what takes nbgrader's marks away."""
        steps = list(self.config.Autograde.autograde_preprocessors)
        return [step for step in steps[: steps.index(SCORED)] if not step.startswith("nbconvert.")]

    @cached_property
    def _known(self) -> list[str]:
        """The names of the assignment's notebooks, as nbgrader has generated them."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            return sorted(notebook.name for notebook in gradebook.find_assignment(self.assignment).notebooks)

    @property
    def _course_config(self) -> str:
        path = Path(self.coursedir.root) / release_marks.CONFIG
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    @cached_property
    def _kernels(self) -> list[str]:
        """The kernels of the course's image; asked only where a notebook wants another than the one always there."""
        released = notebooks.readable(self._files(self.coursedir.release_directory))
        if {notebook.kernel for notebook in released} <= {"", release_check.ALWAYS_THERE}:
            return [release_check.ALWAYS_THERE]
        asking = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(ASK_KERNELS)])
        ran = self._through(self._run_steps[:1], asking, self._resources("kernels", self.coursedir.release_directory))
        texts = [output.get("text", "") for output in ran.cells[0].outputs if output.output_type == "stream"]
        try:
            return sorted({release_check.ALWAYS_THERE, *json.loads("".join(texts))})
        except ValueError:
            return [release_check.ALWAYS_THERE]

    def _can_run(self, name: str) -> bool:
        there = [
            self._folder(kind) / f"{name}.ipynb"
            for kind in (self.coursedir.source_directory, self.coursedir.release_directory)
        ]
        try:
            return all(notebooks.read(path.name, path.read_bytes()).kernel in ("", *self._kernels) for path in there)
        except (OSError, notebooks.NotANotebook):
            return False

    def _run(self, name: str, *, blank: bool) -> Iterator[Finding]:
        """Whether one notebook gets what it has to."""
        kind = self.coursedir.release_directory if blank else self.coursedir.source_directory
        document = nbformat.read(self._folder(kind) / f"{name}.ipynb", as_version=4)
        resources = self._resources(name, kind)
        try:
            sound = self._through(self._first_steps, document, resources)
        except (RuntimeError, LookupError, MissingEntry, ValidationError) as error:
            yield Finding(
                f"{name}.ipynb", "", f"cannot be graded: {_short(str(error))}.", "Press Generate, then Release."
            )
            return
        ran = self._through(self._run_steps, sound, resources)
        for number, cell in enumerate(ran.cells, start=1):
            if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
                named = notebooks.Cell(number, cell).name
                judged = judge_blank(cell) if blank else judge_reference(cell)
                if judged:
                    yield Finding(f"{name}.ipynb", named, *judged)

    def _through(self, steps: list[str], document: Any, resources: Any) -> Any:
        for step in steps:
            document, resources = import_item(step)(config=self.config).preprocess(document, resources)
        return document

    def _resources(self, name: str, kind: str) -> dict[str, Any]:
        """What nbgrader's steps want to know."""
        about = {"student": NOBODY, "assignment": self.assignment, "notebook": name, "db_url": self.coursedir.db_url}
        return {"unique_key": name, "metadata": {"path": str(self._folder(kind))}, "nbgrader": about}

    def _folder(self, kind: str) -> Path:
        return Path(self.coursedir.format_path(kind, ".", self.assignment))

    def _files(self, kind: str) -> dict[str, bytes]:
        """A folder's files, of large ones the beginning; links are left out: they are refused at release."""
        folder = self._folder(kind)
        found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
        return {str(path.relative_to(folder)): _beginning(path) for path in found}


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_NOTEBOOK if path.suffix == notebooks.SUFFIX else LARGEST_BESIDE)


def _score(cell: Any) -> tuple[float, float]:
    """Points by nbgrader's own rule. Raises ValueError for a cell that gives itself more than it is worth."""
    reached, possible = determine_grade(cell)
    return float(possible if reached is None else reached), float(possible)


def judge_reference(cell: Any) -> tuple[str, str] | None:
    """A reason against a cell of tests that was run on the author's solution; none when it gave all points."""
    try:
        reached, possible = _score(cell)
    except ValueError:
        return "returns more points than it is worth.", "Let its last line give at most its points."
    if reached >= possible:
        return None
    reason = f"your own solution gets {reached:g} of {possible:g} points: {_why(cell)}"
    return reason, "Mend the solution or the test in 'source', then press Generate."


def judge_blank(cell: Any) -> tuple[str, str] | None:
    """A reason against a cell of tests that was run on what students get, and what to do; none when it gave no points."""
    try:
        reached, possible = _score(cell)
    except ValueError:
        return None  # it is said of the reference
    if not reached:
        return None
    reason = f"gives {reached:g} of {possible:g} points to a notebook in which nothing was filled in."
    return reason, "Add a test that needs the answer, or take the points away, then press Generate."


def _why(cell: Any) -> str:
    """What made nbgrader take points away."""
    for output in cell.outputs:
        if output.output_type == "error":
            said = _short(": ".join(filter(None, (output.ename, output.evalue)))).rstrip(".")
            return f"{said}{_line_of(output)}."
        if output.output_type == "stream" and output.name == "stderr":
            return f"it writes to the error stream, which costs all points ({_short(output.text)})."
    return "its last line gives less."


def _line_of(output: Any) -> str:
    """Where IPython's traceback points at, in the cell itself."""
    found = ARROW.search(ANSI.sub("", "\n".join(output.traceback)))
    return f" in `{_short(found[1])}`" if found else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_ERROR else f"{line[:LONGEST_ERROR]}…"
