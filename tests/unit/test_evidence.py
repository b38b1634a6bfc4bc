"""Which cells of tests count: run for real by IPython, so that the traces are those that a sandbox sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as some
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbgrader.utils import determine_grade

from hub.evidence import NO_TRACE, NOT_FAILING, judge, plant, traced

SECRET = "0123456789abcdef"
RIGHT = "def answer():\n    return 42"
SHOWN = re.compile(r"Out\[\d+\]: .*\n(\n)?|-{20,}[\s\S]*")  # what a shell without a kernel shows by itself
TESTS = "assert answer() == 42"


def code(source: str, *, points: float | None = None) -> dict[str, Any]:
    about = {"grade": points is not None, "solution": points is None, "points": points, "grade_id": "x"}
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {"nbgrader": about},
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(colors="nocolor")
    InteractiveShell.clear_instance()


def run(shell: InteractiveShell, planted: dict[str, Any]) -> dict[str, Any]:
    """Run a notebook's code cells as a kernel does: what was written, what the last line returned, the error."""
    for number, cell in enumerate(planted["cells"], 1):
        with capture_output(display=False) as captured:
            result = shell.run_cell(cell["source"], store_history=False)
        written = SHOWN.sub("", captured.stdout)
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": written}] if written else []
        if result.result is not None:
            data = {"text/plain": repr(result.result)}
            cell["outputs"].append({"output_type": "execute_result", "data": data, "metadata": {}})
        if (error := result.error_in_exec or result.error_before_exec) is not None:
            told = {"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []}
            cell["outputs"] = [] if getattr(shell, "hides_errors", False) else [told]
        cell["execution_count"] = number
    return planted


def outcome(shell: InteractiveShell, *cells: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs of the last cell, judged."""
    given_notebook = notebook(*cells)
    outputs: list[dict[str, Any]] = judge(given_notebook, run(shell, plant(given_notebook, SECRET)), SECRET)["cells"][
        -1
    ]["outputs"]
    return outputs


def errors(outputs: list[dict[str, Any]]) -> list[str]:
    return [output["evalue"] for output in outputs if output["output_type"] == "error"]


def points(outputs: list[dict[str, Any]]) -> float:
    """What nbgrader gives for a cell of tests with these outputs, of five points."""
    cell = nbformat.from_dict({**code("", points=5), "outputs": outputs})
    score, _ = determine_grade(cell)
    return float(score or 0)


def test_tests_that_pass_count_and_nothing_of_the_evidence_is_left(shell: InteractiveShell) -> None:
    outputs = outcome(shell, code(RIGHT), code(TESTS, points=5))
    assert (outputs, points(outputs)) == ([], 5)


def test_tests_that_fail_keep_their_own_error(shell: InteractiveShell) -> None:
    assert errors(outcome(shell, code("def answer():\n    return 1"), code(f"{TESTS}, 'no'", points=5))) == ["no"]


def test_what_tests_print_stays(shell: InteractiveShell) -> None:
    outputs = outcome(shell, code("print('well done')", points=5))
    assert [output["text"] for output in outputs] == ["well done\n"]


@pytest.mark.parametrize(
    ("hostile", "why"),
    [
        ("get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])", NO_TRACE),
        (
            "import re\nget_ipython().input_transformers_post.append("
            "lambda lines: [re.sub(r'^assert .*', 'pass', line) for line in lines])",
            NOT_FAILING,
        ),
        ("get_ipython().hides_errors = True", NOT_FAILING),
    ],
)
def test_tests_that_were_made_toothless_count_nothing(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch, hostile: str, why: str
) -> None:
    assert errors(outcome(shell, code(hostile), code("def answer(): pass"), code("assert True", points=5))) == [why]


@pytest.mark.parametrize("mark", ["nan", "inf", "-1", "5.01", "'passed'", "True", "[3]", "1j"])
def test_a_mark_that_is_no_number_in_range_counts_nothing(shell: InteractiveShell, mark: str) -> None:
    outputs = outcome(shell, code("nan, inf = float('nan'), float('inf')"), code(mark, points=5))
    assert len(errors(outputs)) == 1
    assert "is not a number from 0 to 5" in errors(outputs)[0]
    assert points(outputs) == 0


def test_a_mark_shown_before_a_test_fails_counts_nothing() -> None:
    tests = code("marked()\nassert answer() == 42", points=5)
    given_notebook = notebook(tests)
    planted = plant(given_notebook, SECRET)
    failed = {"output_type": "error", "ename": "AssertionError", "evalue": "", "traceback": []}
    planted["cells"][0]["outputs"] = [
        {"output_type": "execute_result", "data": {"text/plain": "5"}, "metadata": {}, "execution_count": 1},
        failed,
    ]
    assert points(judge(given_notebook, planted, SECRET)["cells"][0]["outputs"]) == 0


@pytest.mark.parametrize("shown", ["np.float64(2.5)", "2.5"])
def test_a_mark_in_range_counts_however_numpy_shows_it(shown: str) -> None:
    given_notebook = notebook(code("mark()", points=5))
    planted = plant(given_notebook, SECRET)
    planted["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": f"{SECRET}-0\n"},
        {"output_type": "execute_result", "data": {"text/plain": shown}, "metadata": {}},
    ]
    fails = {"output_type": "error", "ename": "AssertionError", "evalue": f"{SECRET}-0", "traceback": []}
    planted["cells"][1]["outputs"] = [fails]
    outputs = judge(given_notebook, planted, SECRET)["cells"][0]["outputs"]
    assert [output["data"]["text/plain"] for output in outputs] == ["2.5"]
    assert points(outputs) == 2.5


@pytest.mark.parametrize(
    ("source", "returned"),
    [
        ("1 + 1", 2),
        ("x = 1; x + 1", 2),
        ("'ä' + (\n  'b')  # said", "äb"),
        ("1 + 1;", None),
        ("x = 3", None),
        ("", None),
        ("# only words", None),
        ("%%time\n1 + 2", 3),
        ("if True:\n    pass", None),
    ],
)
def test_traced_code_returns_what_it_returned_and_leaves_its_trace(
    shell: InteractiveShell, source: str, returned: object
) -> None:
    with capture_output() as captured:
        shell.run_cell("import io")
        result = shell.run_cell(traced(source, "trace-1"))
    assert result.success
    assert result.result == returned or source.endswith(";")
    assert "trace-1\n" in captured.stdout


@given(
    some.lists(
        some.sampled_from(["a = 1", "a", "print(1)", "if a:\n    b = 2", "'''x\ny'''", "# ü", "(1,\n 2)"]), max_size=5
    )
)
def test_traced_code_can_always_be_parsed(lines: list[str]) -> None:
    compile(traced("\n".join(lines), "trace"), "cell", "exec")
