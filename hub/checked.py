"""Checked tests: which cells they are, and a notebook taken apart so that they run in another sandbox than the student's code.

An instructor says so in the cell, by a line `### CHECKED`. The student's sandbox gets the notebook without them, the checker's
nothing but them. Pure; notebooks are plain dictionaries of format 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.evidence import is_test

SAYS_SO = re.compile(r"^### *CHECKED[ \t]*$", re.MULTILINE | re.IGNORECASE)
TURN = "campushub_turn"  # in a cell's metadata: here the turn goes from the student's sandbox to the checker's


def is_checked(cell: Mapping[str, Any]) -> bool:
    """Whether this cell of tests, as it was handed out, runs in the checker."""
    return is_test(cell) and SAYS_SO.search(cell["source"]) is not None


def parts(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the student's sandbox runs and, where there are checked tests, what the checker runs."""
    roles = (False, True) if any(map(is_checked, notebook["cells"])) else (False,)
    return [{**notebook, "cells": [_part(cell, checker=role) for cell in notebook["cells"]]} for role in roles]


def joined(notebook: Mapping[str, Any], ran: list[dict[str, Any]]) -> dict[str, Any]:
    """The notebook with what its parts have shown; of checked tests that is what the checker showed."""
    rows = zip(notebook["cells"], *(part["cells"] for part in ran), strict=True)
    cells = [_shown(cell, shown[-1 if is_checked(cell) else 0]) for cell, *shown in rows]
    ran_cells = (cell for cell in cells if cell.get("execution_count") is not None)
    for count, cell in enumerate(ran_cells, start=1):
        cell["execution_count"] = count
    return {**notebook, "cells": cells}


def _part(cell: Mapping[str, Any], *, checker: bool) -> dict[str, Any]:
    """The cell where it runs, nothing in its place where it does not."""
    metadata = {key: value for key, value in cell["metadata"].items() if key != TURN}
    if is_checked(cell) and checker:
        return {**cell, "metadata": {**metadata, TURN: True}}
    if not is_checked(cell) and not checker:
        return {**cell, "metadata": metadata}
    return {**cell, "source": "", "metadata": {TURN: True} if is_checked(cell) else {}}


def _shown(cell: Mapping[str, Any], ran: Mapping[str, Any]) -> dict[str, Any]:
    return {**cell, **{key: ran[key] for key in ("outputs", "execution_count") if key in ran}}
