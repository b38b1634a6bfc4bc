"""Why an assignment should not be handed out yet: everything that can be seen without running it, from one list of checks.

What needs a run (full marks for the reference, none for the blank) is `hub.services.release_checks`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hub import release_calls, release_cells, release_images, release_leaks
from hub.downloads.verdicts import NOTHING, Provided
from hub.findings import Finding
from hub.notebooks import Files
from hub.release_marks import MARKS, Mark

ALWAYS_THERE = "python3"


@dataclass(frozen=True)
class Assignment:
    """An assignment's folders as its author wrote it and as it would be handed out, and what is known about it.

    `known` are the names of its notebooks in the gradebook, `kernels` those that the course's image has, `provided` what the
    course's sandboxes have of what notebooks fetch.
    """

    source: Files
    released: Files
    known: Collection[str]
    kernels: Collection[str] = (ALWAYS_THERE,)
    marks: tuple[Mark, ...] = MARKS
    provided: Provided = NOTHING


def findings(assignment: Assignment) -> list[Finding]:
    """Every reason against the release, in the order of files and cells as they are found."""
    source, released = assignment.source, assignment.released
    found = [
        *release_cells.find(source, released, known=assignment.known, kernels=assignment.kernels),
        *release_leaks.find(source, released, assignment.marks),
        *release_images.find(released),
        *release_calls.find(source, released, assignment.provided),
    ]
    return list(dict.fromkeys(found))
