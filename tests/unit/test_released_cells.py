"""Marked cells of a submission are the release's, whatever was done to them."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.released_cells import restored


def cell(name: str | None, source: str, *, points: float | None = None, solution: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": "code", "id": f"id-{name}-{source}", "source": source, "metadata": {}}
    made |= {"outputs": [], "execution_count": None}
    if name:
        marks = {"grade_id": name, "grade": points is not None, "solution": solution, "locked": not solution}
        made["metadata"]["nbgrader"] = {**marks, "points": points} if points is not None else marks
    return made


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


RELEASED = notebook(
    cell(None, "text"),
    cell("a", "write a", solution=True),
    cell("test-a", "assert a", points=2),
    cell("b", "write b", solution=True),
    cell("test-b", "assert b", points=3),
)


def handed_in() -> dict[str, Any]:
    mine = copy.deepcopy(RELEASED)
    mine["cells"][1]["source"], mine["cells"][3]["source"] = "a = 1", "b = 1"
    return mine


def sources(document: dict[str, Any]) -> list[str]:
    return [one["source"] for one in document["cells"]]


def test_an_honest_submission_stays_as_it_is() -> None:
    assert restored(handed_in(), RELEASED) == handed_in()


def test_a_lost_cell_of_tests_is_back_in_its_place() -> None:
    mine = handed_in()
    del mine["cells"][2]
    assert sources(restored(mine, RELEASED)) == ["text", "a = 1", "assert a", "b = 1", "assert b"]


def test_a_lost_solution_is_back_as_it_was_handed_out() -> None:
    mine = handed_in()
    del mine["cells"][3]
    assert sources(restored(mine, RELEASED)) == ["text", "a = 1", "assert a", "write b", "assert b"]


def test_tests_moved_before_the_solution_stand_behind_it_again() -> None:
    mine = handed_in()
    mine["cells"].insert(0, mine["cells"].pop(4))
    made = sources(restored(mine, RELEASED))
    assert [one for one in made if one != "text"] == ["a = 1", "assert a", "b = 1", "assert b"]


def test_cells_of_ones_own_stay_where_they_are() -> None:
    mine = handed_in()
    mine["cells"].insert(2, cell(None, "helper = 1"))
    assert sources(restored(mine, RELEASED)) == ["text", "a = 1", "helper = 1", "assert a", "b = 1", "assert b"]


def test_a_doubled_cell_is_marked_once() -> None:
    mine = handed_in()
    mine["cells"].insert(3, copy.deepcopy(mine["cells"][2]))
    made = restored(mine, RELEASED)
    assert ["nbgrader" in one["metadata"] for one in made["cells"]] == [False, True, True, False, True, True]
    assert len({one["id"] for one in made["cells"]}) == len(made["cells"])


@pytest.mark.parametrize(
    "forged",
    [
        {"points": 99},
        {"grade": False},
        {"solution": True, "locked": False},
        {"grade_id": "made-up"},
        {"grade_id": ["a"]},
        {"grade_id": ""},
    ],
)
def test_forged_marks_are_the_releases_again(forged: dict[str, Any]) -> None:
    mine = handed_in()
    mine["cells"][2]["metadata"]["nbgrader"].update(forged)
    mine["cells"][2]["source"] = "pass"
    made = restored(mine, RELEASED)
    marked = [one for one in made["cells"] if "nbgrader" in one["metadata"]]
    assert [{**one, "id": ""} for one in marked] == [{**one, "id": ""} for one in handed_in()["cells"][1:]]


def test_a_test_that_became_text_is_code_again() -> None:
    mine = handed_in()
    mine["cells"][2] = {**mine["cells"][2], "cell_type": "markdown"}
    assert restored(mine, RELEASED)["cells"][2]["cell_type"] == "code"


@given(some.integers(), some.lists(some.integers(0, 9), max_size=12))
def test_whatever_was_done_the_marked_cells_are_the_releases_in_its_order(seed: int, picks: list[int]) -> None:
    pool = [*handed_in()["cells"], cell(None, "mine"), cell("made-up", "x", points=9), cell("a", "a = 2", points=9)]
    mine = notebook(*(copy.deepcopy(pool[pick % len(pool)]) for pick in picks))
    random.Random(seed).shuffle(mine["cells"])
    made = restored(mine, RELEASED)
    marked = [one for one in made["cells"] if "nbgrader" in one["metadata"]]
    assert [one["metadata"] for one in marked] == [one["metadata"] for one in RELEASED["cells"][1:]]
    assert [one["source"] for one in marked if one["metadata"]["nbgrader"]["locked"]] == ["assert a", "assert b"]
    assert len({one["id"] for one in made["cells"]}) == len(made["cells"])
