"""What the log of marks takes, keeps and shows; and that no spreadsheet runs a cell of it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.adapters.mark_log import MarkLog, Which
from hub.adapters.store import Store
from hub.exchange import Refused
from hub.mark_changes import LONGEST_TEXT, changes_of
from hub.spreadsheets import STARTS_A_FORMULA, as_csv

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TOLD = {
    "assignment": "ps1",
    "student_id": "s1",
    "notebook": "ps1",
    "cell": "q1",
    "kind": "manual",
    "from": None,
    "to": 2.5,
}


@given(some.lists(some.text(), min_size=1, max_size=5))
def test_no_cell_begins_like_a_formula_and_texts_come_back(texts: list[str]) -> None:
    written = as_csv(["x"] * len(texts), [texts])
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert not any(cell.startswith(STARTS_A_FORMULA) for cell in rows[1])
    assert [cell.removeprefix("'") for cell in rows[1]] == [text.removeprefix("'") for text in texts]


def test_numbers_stay_numbers() -> None:
    assert as_csv(["a", "b", "c"], [[-1.5, None, 3]]).splitlines()[1] == "-1.5,,3"


@given(some.recursive(some.none() | some.booleans() | some.floats() | some.text(max_size=8), some.lists, max_leaves=5))
def test_anything_else_than_changes_is_refused_in_words(told: Any) -> None:
    for request in (told, [told], [{**TOLD, "kind": told}]):
        if request != []:
            with pytest.raises(Refused, match=r"\.$"):
                changes_of(request)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "other"},
        {"to": float("nan")},
        {"to": True},
        {"to": "3"},
        {"assignment": ""},
        {"cell": "x" * 501},
        {"kind": "comment", "to": 3},
    ],
)
def test_what_is_no_mark_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        changes_of([{**TOLD, **wrong}])


def test_long_comment_is_cut_off() -> None:
    (change,) = changes_of([{**TOLD, "kind": "comment", "to": "x" * (LONGEST_TEXT + 1)}])
    assert change.after == "x" * LONGEST_TEXT + "…"


@pytest.fixture
def log(tmp_path: Path) -> MarkLog:
    store = Store.at(tmp_path)
    for name in ("asha", "tara"):
        store.add_person(name)
    return MarkLog(store)


def test_log_is_newest_first_and_filtered_by_either_person_and_by_assignment(log: MarkLog) -> None:
    asha = log.store.person("asha")
    assert asha is not None
    first = changes_of([{**TOLD, "student_id": asha.student_id}])
    second = changes_of([{**TOLD, "assignment": "ps2"}])
    log.record("nn", "tara", first, batch="a", now=NOW)
    log.record("nn", "", second, batch="b", now=NOW + timedelta(minutes=1))
    log.record("other", "tara", second, batch="c", now=NOW)
    assert [one.change.assignment for one in log.entries("nn")] == ["ps2", "ps1"]
    assert [one.at for one in log.entries("nn", first=1, most=1)] == [NOW]
    for person in ("asha", "tara"):
        assert [one.change.assignment for one in log.entries("nn", Which(person))] == ["ps1"]
    assert log.count("nn", Which(assignment="ps2")) == 1
    assert log.assignments("nn") == ["ps1", "ps2"]
    assert [(one.who_name, one.student_name) for one in log.entries("nn")] == [("", "s1"), ("tara", "asha")]


def test_what_is_told_twice_is_there_once(log: MarkLog) -> None:
    for _ in range(2):
        log.record("nn", "tara", changes_of([TOLD, TOLD]), batch="a", now=NOW)
    assert log.count("nn") == 2
