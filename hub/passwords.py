"""Passwords: how they are kept, what a first one looks like, and how wrong guesses are slowed.

Hashing takes a tenth of a second on purpose: callers run it in a thread. Nobody can lock another out: a guess is only
ever delayed, never refused for good, and the delay belongs to a name from one address.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 1000  # characters
WINDOW_SECONDS = 15 * 60
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else on paper

_hasher = PasswordHasher()  # argon2id, RFC 9106's low-memory profile


def hash_password(password: str) -> str:
    return _hasher.hash(password)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex())


def verify(kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept; takes as long when there is nobody of that name."""
    if len(password) > LONGEST:
        return False
    try:
        return _hasher.verify(kept or _nobodys_hash(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def first_password() -> str:
    """A random password to be handed out on paper: 12 characters, 59 bits."""
    letters = [secrets.choice(ALPHABET) for _ in range(12)]
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


def password_problem(password: str, again: str) -> str | None:
    """Why a new password cannot be taken, or None."""
    if password != again:
        return "The two are not the same. Type the new password twice."
    if len(password) < SHORTEST:
        return f"Take at least {SHORTEST} characters; three or four words are easy to keep in mind."
    if len(password) > LONGEST:
        return f"Take at most {LONGEST} characters."
    return None


@dataclass(frozen=True)
class WrongGuesses:
    """Wrong guesses within the last WINDOW_SECONDS."""

    here: int  # for this name from this address
    name: int  # for this name from anywhere
    address: int  # from this address for any name


def delay_seconds(wrong: WrongGuesses) -> float:
    """How long the next answer waits: doubling from the third wrong guess for a name from one address, 8 s at most.

    A name that is guessed from many places, and an address that guesses many names, wait one second more; a hostel
    whose students share one address is not stopped by a stranger's guesses.
    """
    own = min(0.5 * 2.0 ** (wrong.here - 3), 8.0) if wrong.here >= 3 else 0.0
    return own + (1.0 if wrong.name >= 20 else 0.0) + (1.0 if wrong.address >= 100 else 0.0)
