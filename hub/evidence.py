"""What a cell of tests has to show before its points count: that it ran to its end, and that a test could fail there.

nbgrader gives full points to a cell of tests without an error, and so to one that an input transformer emptied, whose errors are
hidden, or whose mark is "nan". Here such a cell leaves a trace at its end that nobody knew before, a cell that has to fail is planted
behind it, and a mark is a number in range; without all three the cell scores nothing. What reads the tests while they run can
imitate this: it raises the price of fooling them, no more. Pure; notebooks are plain dictionaries of format 4.
"""

from __future__ import annotations

import ast
import copy
import math
import re
from collections.abc import Mapping
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from hub.grading import error_output

MARK = "_campushub_mark"
NUMPY_NUMBER = re.compile(r"np\.\w+\((?P<number>[^()]+)\)")  # as NumPy 2 shows one of its numbers
NO_TRACE = "These tests did not run to their end in the way they were written, so they do not count."
NOT_FAILING = "A test that has to fail did not fail behind this cell, so its tests do not count."
NO_MARK = "These tests returned {mark}, which is not a number from 0 to {points:g}, so they do not count."


def is_test(cell: Mapping[str, Any]) -> bool:
    """Whether nbgrader scores this cell by running it."""
    about = cell["metadata"].get("nbgrader", {})
    return cell["cell_type"] == "code" and bool(about.get("grade")) and not about.get("solution")


def plant(notebook: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """A copy to be run: every cell of tests leaves a trace, and a cell that has to fail stands behind it."""
    planted: dict[str, Any] = {**copy.deepcopy(dict(notebook)), "cells": []}
    for number, cell in enumerate(copy.deepcopy(notebook["cells"])):
        planted["cells"].append(cell)
        if is_test(cell):
            cell["source"] = traced(cell["source"], _trace(secret, number))
            planted["cells"].append(_failing(secret, number))
    return planted


def traced(source: str, trace: str) -> str:
    """The cell's code with a line at its end that writes the trace; what it returned last is still what it returns.

    The trace is written in a statement, since the value of an expression at the end would be taken for a mark. Code that cannot
    be parsed is left as it is: it fails by itself.
    """
    writes = f'if __import__("sys").stdout.write({trace + chr(10)!r}): pass'
    text = str(TransformerManager().transform_cell(source))
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return source
    last = statements[-1] if statements else None
    if not isinstance(last, ast.Expr):
        return f"{text}\n{writes}\n"
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: last.lineno - 1])) + last.col_offset
    end = sum(map(len, lines[: (last.end_lineno or last.lineno) - 1])) + (last.end_col_offset or 0)
    before, value, after = (
        part.decode() for part in (b"".join(lines)[:start], b"".join(lines)[start:end], b"".join(lines)[end:])
    )
    shown = "" if after.lstrip().startswith(";") else f"{MARK}\n"
    return f"{before}{MARK} = ({value}\n){after}\n{writes}\n{shown}"


def judge(notebook: Mapping[str, Any], ran: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """The notebook with the outputs of its planted copy; a cell of tests without evidence has an error among them.

    `notebook` is what was given to `plant`, `ran` that copy with outputs as `hub.grading.merge` leaves them.
    """
    judged = copy.deepcopy(dict(notebook))
    rows = iter(copy.deepcopy(ran["cells"]))
    count = 0
    for number, cell in enumerate(judged["cells"]):
        row = next(rows)
        if cell["cell_type"] != "code":
            continue
        cell["outputs"] = row["outputs"]
        if is_test(cell):
            cell["outputs"] = _judged(cell, row["outputs"], next(rows)["outputs"], (secret, number))
        count += row["execution_count"] is not None
        cell["execution_count"] = count if row["execution_count"] is not None else None
    return judged


def _judged(
    cell: Mapping[str, Any], outputs: list[dict[str, Any]], failed: list[dict[str, Any]], where: tuple[str, int]
) -> list[dict[str, Any]]:
    trace = _trace(*where)
    left = [output for output in (_without(one, trace) for one in outputs) if output.get("text") != ""]
    if any(output["output_type"] == "error" for output in left):
        return _without_mark(left)
    if trace not in _written(outputs):
        return _not_counted(left, NO_TRACE)
    if [_failure(output) for output in failed] != [("AssertionError", trace)]:
        return _not_counted(left, NOT_FAILING)
    return _with_mark(left, float(cell["metadata"]["nbgrader"]["points"]))


def _with_mark(outputs: list[dict[str, Any]], points: float) -> list[dict[str, Any]]:
    """The outputs with the mark that the tests returned as a bare number; with an error when that is none in range."""
    returned = [output for output in outputs if output["output_type"] == "execute_result"]
    if not returned:
        return outputs
    text = str(returned[0]["data"].get("text/plain", ""))
    mark = _number(text)
    if len(returned) > 1 or mark is None or not 0 <= mark <= points:
        return _not_counted(outputs, NO_MARK.format(mark=repr(text[:60]), points=points))
    returned[0]["data"] = {**returned[0]["data"], "text/plain": repr(mark)}
    return outputs


def _not_counted(outputs: list[dict[str, Any]], why: str) -> list[dict[str, Any]]:
    return [*_without_mark(outputs), error_output("NotCounted", why)]


def _without_mark(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs with what was returned only shown: nbgrader takes the first result for a mark, an error behind it or not."""
    return [_shown(output) if output["output_type"] == "execute_result" else output for output in outputs]


def _shown(output: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": output["data"], "metadata": output.get("metadata", {})}


def _number(text: str) -> float | None:
    found = NUMPY_NUMBER.fullmatch(text)
    try:
        number = float(found["number"] if found else text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _trace(secret: str, number: int) -> str:
    return f"{secret}-{number}"


def _failing(secret: str, number: int) -> dict[str, Any]:
    source = f"assert False, {_trace(secret, number)!r}"
    return {
        "cell_type": "code",
        "id": f"fails-{number}",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def _failure(output: Mapping[str, Any]) -> tuple[str, str]:
    return str(output.get("ename", "")), str(output.get("evalue", ""))


def _written(outputs: list[dict[str, Any]]) -> str:
    return "".join(output["text"] for output in outputs if output.get("name") == "stdout")


def _without(output: dict[str, Any], trace: str) -> dict[str, Any]:
    if output["output_type"] != "stream":
        return output
    return {**output, "text": output["text"].replace(f"{trace}\n", "")}
