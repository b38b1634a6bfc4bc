"""Asking for another look: which questions there are, what is taken, and one open request a question; real SQLite."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sql
from hypothesis import given
from hypothesis import strategies as some

from hub.adapters.regrades import Regrades
from hub.adapters.store import Store
from hub.adapters.tables import submissions
from hub.exchange import Receipt, Refused
from hub.regrades import LONGEST_TEXT, ReleasedQuestion, questions_of, words
from hub.services.pages_requests import marking_url
from tests.coursework import notebook

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
QUESTION = ReleasedQuestion("ps1", "tests", 5)

JSON = some.recursive(
    some.none() | some.booleans() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_questions_are_the_cells_with_points() -> None:
    assert questions_of("ps1.ipynb", notebook("x = 1", tests="assert x")) == (QUESTION,)


@given(JSON, some.dictionaries(some.sampled_from(["grade", "task", "points", "grade_id"]), JSON))
def test_what_is_no_question_is_none_of_any_notebook(cells: object, marks: object) -> None:
    document = {"cells": [cells, {"metadata": {"nbgrader": marks}}]}
    for found in (*questions_of("a.ipynb", {"cells": cells}), *questions_of("a.ipynb", document)):
        assert found.cell
        assert found.points > 0


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST_TEXT + 1)])
def test_request_without_words_or_with_too_many_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="Go back"):
        words(text, "what should be looked at")


@pytest.fixture
def regrades(tmp_path: Path) -> Regrades:
    store = Store.at(tmp_path)
    for name in ("asha", "ben"):
        store.add_person(name)
    for person in ("asha", "ben"):
        row = {"id": person, "course": "nn", "assignment": "ps1", "person": person, "attempt": 1, "at": NOW}
        with store.begin() as connection:
            connection.execute(sql.insert(submissions).values(**row, late=False, key=person, files=[]))
    return Regrades(store)


def receipt(person: str) -> Receipt:
    return Receipt(person, "nn", "ps1", person, 1, NOW, None, False, ())


def test_one_open_request_a_question_and_person(regrades: Regrades) -> None:
    regrades.ask(receipt("asha"), QUESTION, "why 0?", NOW)
    with pytest.raises(Refused, match="not answered yet"):
        regrades.ask(receipt("asha"), QUESTION, "why?", NOW)
    regrades.ask(receipt("asha"), ReleasedQuestion("ps1", "other", 1), "and this?", NOW)
    regrades.ask(receipt("ben"), QUESTION, "mine too", NOW)
    assert [one.text for one in regrades.of_course("nn", most_answered=9)] == ["why 0?", "and this?", "mine too"]
    assert regrades.open_in("nn") == 3


def test_answer_closes_a_request_is_new_until_it_is_read_and_another_may_follow(regrades: Regrades) -> None:
    regrades.ask(receipt("asha"), QUESTION, "why 0?", NOW)
    (asked,) = regrades.of_course("nn", most_answered=9)
    with pytest.raises(Refused, match="answered already"):
        regrades.answer("other", asked.number, "no", "tara", NOW)
    regrades.answer("nn", asked.number, "Now 5.", "tara", NOW + timedelta(hours=1))
    with pytest.raises(Refused, match="answered already"):
        regrades.answer("nn", asked.number, "No.", "tom", NOW)
    assert [one.answer for one in regrades.unseen("nn", "asha")] == ["Now 5."]
    assert regrades.unseen("nn", "ben") == []
    regrades.note_seen([asked.number], NOW)
    assert regrades.unseen("nn", "asha") == []
    regrades.ask(receipt("asha"), QUESTION, "thanks, but", NOW)
    assert [one.open for one in regrades.of_person("nn", "asha", "ps1")] == [True, False]
    assert [one.answered_by for one in regrades.of_course("nn", most_answered=9)] == ["", "tara"]


def test_link_leads_to_the_grading_server_and_opens_it_when_it_does_not_run(regrades: Regrades) -> None:
    regrades.ask(receipt("asha"), ReleasedQuestion("my notes", "q 1", 1), "why?", NOW)
    (asked,) = regrades.of_course("nn", most_answered=9)
    there = f"/user/tara/grade-nn/formgrader/of/ps1/my%20notes/{asked.student_id}"
    assert marking_url("tara", asked, running=True) == there
    assert marking_url("tara", asked, running=False).startswith("/hub/spawn/tara/grade-nn?next=%2Fhub%2Fuser%2Ftara%2F")
