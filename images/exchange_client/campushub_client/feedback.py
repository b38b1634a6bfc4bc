"""What students get back: the score, and their notebook with marks and comments but without the hidden tests.

nbgrader's own feedback shows hidden tests in full, in the cell and again in a failing test's traceback (measured).
"""

from __future__ import annotations

import os
import re
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List, Unicode

from campushub_client.service import Service, ServiceError

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FAILED = "A hidden test of this cell did not pass."
ARROW = re.compile(r"^-+>\s*\d+\s(.*)$", re.MULTILINE)


def score_of(coursedir: Any, assignment: str, student: str) -> tuple[float, float]:
    """A submission's score and the highest possible one, as the gradebook has them now."""
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        submission = gradebook.find_submission(assignment, student)
        return float(submission.score), float(submission.max_score)


class NotBelowZero(NbGraderPreprocessor):
    """Shows no score below zero: who is very late loses what there is, and no more."""

    display_data_priority = List([], help="nbgrader sets this for every step").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        told = resources["nbgrader"]
        told["late_penalty"] = min(told["late_penalty"], told["score"] + told["late_penalty"])
        told["score"] = max(0, told["score"])
        return nb, resources


class HideTests(NbGraderPreprocessor):
    """Takes hidden tests out of a graded notebook: their lines, their tracebacks, what was printed while they ran."""

    display_data_priority = List([], help="nbgrader sets this for every step").tag(config=True)
    begin = Unicode("BEGIN HIDDEN TESTS", help="the words of the line that begins them").tag(config=True)
    end = Unicode("END HIDDEN TESTS", help="the words of the line that ends them").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        if reveals(resources["nbgrader"]["assignment"]):
            return nb, resources
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        if cell.cell_type != "code" or self.begin not in cell.source:
            return cell, resources
        visible, hidden = split(cell.source, self.begin, self.end)
        cell.source = visible
        cell.outputs = [told for output in cell.outputs if (told := without(output, hidden)) is not None]
        return cell, resources


def reveals(assignment: str) -> bool:
    """Whether the instructor lets students see an assignment's hidden tests; not when the service cannot be asked."""
    try:
        return bool(Service.from_environment().rules(os.environ.get("CAMPUSHUB_COURSE", ""), assignment).get("reveals"))
    except (ServiceError, KeyError):
        return False


def split(source: str, begin: str, end: str) -> tuple[str, list[str]]:
    """A cell's visible text, and its hidden lines. Without an end everything after the beginning is hidden."""
    visible: list[str] = []
    hidden: list[str] = []
    inside = False
    for line in source.splitlines():
        if begin in line or end in line:
            inside = begin in line
        elif inside:
            hidden.append(line.strip())
        else:
            visible.append(line)
    return "\n".join(visible), [line for line in hidden if line]


def without(output: Any, hidden: list[str]) -> Any | None:
    """An output of a cell with hidden tests as its student may see it; none when it may not be seen."""
    if output.output_type != "error":
        return None  # printed by a function that a hidden test called, it would tell with what
    said = ANSI.sub("", "\n".join(output.traceback))
    arrow = ARROW.search(said)
    if arrow is not None and arrow[1].strip() not in hidden and not any(line in arrow[1] for line in hidden):
        output.traceback = [f"{output.ename}: {output.evalue}", f"at: {arrow[1].strip()}"]
        return output
    output.ename, output.evalue, output.traceback = "HiddenTest", FAILED, [FAILED]
    return output
