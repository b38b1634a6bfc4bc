"""What counts as the result of a submission: only outputs, and only of what was seen to run."""

from typing import Any

import pytest

from hub.grading import merge, read_result, usable

NOTEBOOK: dict[str, Any] = {
    "cells": [
        {"cell_type": "markdown", "source": "text", "metadata": {}},
        {"cell_type": "code", "source": "f = 1", "metadata": {}, "outputs": [], "execution_count": None},
        {
            "cell_type": "code",
            "source": "assert f",
            "metadata": {"nbgrader": {}},
            "outputs": [],
            "execution_count": None,
        },
    ],
    "metadata": {},
}
FINE = {"outputs": [], "execution_count": 1, "ran": True}
PRINTED = {"output_type": "stream", "name": "stdout", "text": "hello"}


def kinds(notebook: dict[str, Any]) -> list[list[str]]:
    return [[output["output_type"] for output in cell["outputs"]] for cell in notebook["cells"] if "outputs" in cell]


def test_cells_that_ran_keep_their_outputs() -> None:
    merged = merge(NOTEBOOK, {"cells": [{**FINE, "outputs": [PRINTED]}, FINE], "ended": None})
    assert kinds(merged) == [["stream"], []]


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"cells": []},
        {"cells": None},
        {"cells": [FINE]},
        {"cells": [FINE, FINE, FINE]},
        {"cells": [FINE, {**FINE, "ran": False}], "ended": "timeout"},
        {"cells": [FINE, {**FINE, "ran": 1}]},
        {"cells": [FINE, {**FINE, "outputs": [{"output_type": "stream", "name": "file", "text": "x"}]}]},
        {"cells": [FINE, {**FINE, "outputs": [{"output_type": "error", "ename": "E"}]}]},
        {"cells": [FINE, "ran"]},
        {"cells": [], "ended": "no such reason"},
    ],
)
def test_what_was_not_seen_to_run_gets_an_error(result: dict[str, Any]) -> None:
    assert kinds(merge(NOTEBOOK, result))[-1][-1] == "error"


def test_nothing_but_outputs_is_taken() -> None:
    row = {**FINE, "source": "forged", "metadata": {"nbgrader": {"points": 99}}}
    merged = merge(NOTEBOOK, {"cells": [row, row], "metadata": {"forged": True}, "ended": None})
    assert [cell["source"] for cell in merged["cells"]] == [cell["source"] for cell in NOTEBOOK["cells"]]
    assert [cell["metadata"] for cell in merged["cells"]] == [cell["metadata"] for cell in NOTEBOOK["cells"]]
    assert merged["metadata"] == {}


def test_what_was_sent_stays_as_it_is() -> None:
    merge(NOTEBOOK, {})
    assert NOTEBOOK["cells"][1]["outputs"] == []


@pytest.mark.parametrize("text", [b"", b"no json", b"[1]", b"[" * 100_000, b"\xff\xfe"])
def test_unreadable_result_is_broken(text: bytes) -> None:
    assert read_result(b"up\n" + text)["ended"] == "broken"


def test_result_is_what_comes_once_the_sandbox_is_up() -> None:
    assert read_result(b'up\n{"cells": [], "ended": null}') == {"cells": [], "ended": None}


@pytest.mark.parametrize(
    "outputs", [None, {}, [1], [{}], [{"output_type": "display_data", "data": [], "metadata": {}}]]
)
def test_odd_outputs_are_not_usable(outputs: object) -> None:
    assert not usable(outputs)
