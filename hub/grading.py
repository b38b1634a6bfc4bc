"""What counts as the result of running a submission: only outputs are taken, and what was not run does not pass.

nbgrader gives a test cell without an error its full points, so that a kernel that died, a time that ran out or a result
that cannot be read would count as right. Here every cell that was not seen to run gets an error. Pure; plain dictionaries.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

REASONS = {
    "timeout": "The notebook ran longer than this course allows, and was ended.",
    "memory": "The notebook needed more memory than this course allows, and was ended.",
    "output": "The notebook printed more than this course allows, and was ended.",
    "kernel": "The Python process ended before the notebook was finished (exit, a crash, or memory ran out).",
    "no-kernel": "The notebook asks for a kernel that the course's image does not have.",
    "broken": "The notebook ended its own sandbox, so that no result came back.",
}
READY_SECONDS = 900  # a sandbox is kept ready so long after the last submission that ran in its image
OUTPUT_KINDS = {"stream", "display_data", "execute_result", "error"}


def merge(notebook: dict[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the notebook that was sent, with the outputs that came back.

    Only outputs and execution counts are taken; sources, metadata and the order of cells are those that were sent. A code
    cell that the result does not say was run, or whose outputs cannot be used, gets an error output.
    """
    merged = copy.deepcopy(notebook)
    code = [cell for cell in merged["cells"] if cell["cell_type"] == "code"]
    told = result.get("cells")
    rows = told if isinstance(told, list) and len(told) == len(code) else [{}] * len(code)
    why = REASONS.get(str(result.get("ended")), REASONS["broken"])
    for cell, row in zip(code, rows, strict=True):
        good = isinstance(row, dict) and row.get("ran") is True and usable(row.get("outputs"))
        before = row["outputs"] if isinstance(row, dict) and usable(row.get("outputs")) else []
        cell["outputs"] = before if good else [*before, not_run(why)]
        count = row.get("execution_count") if isinstance(row, dict) else None
        cell["execution_count"] = count if isinstance(count, int) and not isinstance(count, bool) else None
    return merged


def not_run(why: str) -> dict[str, Any]:
    """The error output of a cell that was not run to its end."""
    return error_output("NotRun", why)


def error_output(name: str, why: str) -> dict[str, Any]:
    """An error among a cell's outputs, by which nbgrader gives it no points."""
    return {"output_type": "error", "ename": name, "evalue": why, "traceback": [f"{name}: {why}"]}


def usable(outputs: object) -> bool:
    """Whether this is a list of outputs as a notebook of format 4 has them."""
    return isinstance(outputs, list) and all(_usable_output(output) for output in outputs)


def _usable_output(output: object) -> bool:
    if not isinstance(output, dict) or output.get("output_type") not in OUTPUT_KINDS:
        return False
    match output["output_type"]:
        case "stream":
            return output.get("name") in ("stdout", "stderr") and _is_text(output.get("text"))
        case "error":
            lines = output.get("traceback")
            return _is_text(output.get("ename")) and _is_text(output.get("evalue")) and _are_texts(lines)
    data = output.get("data")
    return isinstance(data, dict) and isinstance(output.get("metadata"), dict) and all(map(_is_text, data))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def read_result(text: bytes) -> dict[str, Any]:
    """What a sandbox wrote once it was up, or that it is broken."""
    try:
        found = json.loads(text.partition(b"\n")[2])
    except (ValueError, RecursionError):
        return {"cells": [], "ended": "broken"}
    return found if isinstance(found, dict) else {"cells": [], "ended": "broken"}
