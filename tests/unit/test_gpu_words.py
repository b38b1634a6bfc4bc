"""What people read about waiting for a GPU and about its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.gpu_words import ENDS, WARNINGS, availability, wait_words
from hub.gpus import Reason

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (0, 3, "a few minutes"),
        (0, 41, "up to 40 minutes"),
        (22, 61, "20 to 60 minutes"),
        (60, 180, "60 minutes to 3 hours"),
        (180, 540, "3 hours to 9 hours"),
        (90, 91, "about 90 minutes"),
        (2000, 9000, "33 hours to 6 days"),
    ],
)
def test_wait_is_told_as_people_say_it(least: int, most: int, words: str) -> None:
    assert wait_words(least * MINUTE, most * MINUTE) == words


def test_every_end_has_a_sentence_and_every_end_with_notice_a_warning() -> None:
    assert set(ENDS) == set(Reason)
    assert set(WARNINGS) == {Reason.IDLE, Reason.OVER, Reason.RESERVED, Reason.BUDGET}


@pytest.mark.parametrize(
    ("free", "slots", "waiting", "words"),
    [
        (2, 4, 0, "2 of 4 GPUs free"),
        (1, 1, 0, "The GPU is free"),
        (0, 1, 0, "The GPU is lent, nobody waiting"),
        (1, 4, 3, "All 4 GPUs are lent, 3 waiting"),
    ],
)
def test_what_can_be_had_is_told_with_those_who_wait(free: int, slots: int, waiting: int, words: str) -> None:
    assert availability(free, slots, waiting) == words
