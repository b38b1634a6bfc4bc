"""How passwords are kept and wrong guesses slowed."""

import pytest

from hub.passwords import WrongGuesses, delay_seconds, first_password, hash_password, password_problem, verify


@pytest.mark.parametrize("password", ["correct horse battery", "ü" * 900, "x" * 1000])
def test_kept_password_is_recognised_however_long(password: str) -> None:
    kept = hash_password(password)
    assert verify(kept, password)
    assert not verify(kept, password + "x")


def test_nobody_has_no_password() -> None:
    assert not verify(None, "anything")


def test_first_passwords_differ() -> None:
    assert len({first_password() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("new", "again"), [("short", "short"), ("long enough", "not the same"), ("x" * 1001, "x" * 1001)]
)
def test_bad_new_password_is_refused_in_words(new: str, again: str) -> None:
    assert password_problem(new, again)


def test_guesses_of_one_address_do_not_slow_another() -> None:
    assert delay_seconds(WrongGuesses(here=0, name=19, address=0)) == 0
    assert delay_seconds(WrongGuesses(here=0, name=10_000, address=0)) == 1


def test_wrong_guesses_wait_longer_each_time_up_to_a_bound() -> None:
    waits = [delay_seconds(WrongGuesses(here=count, name=count, address=count)) for count in range(12)]
    assert waits == sorted(waits)
    assert waits[2] == 0
    assert max(waits) == 8
