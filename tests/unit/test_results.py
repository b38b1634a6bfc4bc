"""What a student sees of automatic grading."""

from __future__ import annotations

import pytest

from hub.results import Question, Result, result_of, seen
from hub.rules import Shows

RESULT = Result("1", (Question("a", 2, 3, "AssertionError: no"), Question("essay", None, 5)))


def test_sums_leave_out_what_is_marked_by_hand() -> None:
    assert (RESULT.score, RESULT.max_score, RESULT.by_hand) == (2, 3, 5)


@pytest.mark.parametrize(("shows", "messages"), [(Shows.SCORE, ["", ""]), (Shows.MESSAGES, ["AssertionError: no", ""])])
def test_messages_are_shown_only_where_the_rules_say_so(shows: Shows, messages: list[str]) -> None:
    shown = seen(RESULT, shows)
    assert shown is not None
    assert [question.message for question in shown.questions] == messages
    assert [question.score for question in shown.questions] == [2, None]


def test_nothing_is_shown_where_the_rules_say_so() -> None:
    assert seen(RESULT, Shows.NOTHING) is None


def test_what_was_kept_comes_back() -> None:
    assert result_of("1", RESULT.as_data()["questions"]) == RESULT


@pytest.mark.parametrize("told", [None, {}, ["x"], [{"name": "a", "score": "many", "max_score": 1}]])
def test_what_is_no_result_is_refused(told: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        result_of("1", told)
