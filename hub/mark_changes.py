"""What the log of marks keeps of a change: which mark of whom, from what to what.

Pure: it takes what formgrader and grader tell and refuses what cannot be a change. Who and when are the service's to say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.exchange import Refused

MOST_CHANGES = 20_000  # told at once: the penalties of a whole course
LONGEST_NAME = 500  # characters, as of a cell's id
LONGEST_TEXT = 10_000  # characters of a comment; more is cut off


class Kind(StrEnum):
    """Which of a question's or a notebook's marks it is."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    EXTRA = "extra"
    PENALTY = "penalty"
    COMMENT = "comment"


WORDS: Mapping[Kind, str] = {
    Kind.AUTOMATIC: "automatic points",
    Kind.MANUAL: "points by hand",
    Kind.EXTRA: "extra points",
    Kind.PENALTY: "lost by being late",
    Kind.COMMENT: "comment",
}


@dataclass(frozen=True)
class Change:
    """One mark that changes. `cell` is empty for what a whole notebook loses; none is a mark that was not there."""

    assignment: str
    student_id: str
    notebook: str
    cell: str
    kind: Kind
    before: str | None
    after: str | None


def changes_of(told: Any) -> tuple[Change, ...]:
    """The changes of one request, as they are kept; raises Refused for anything else."""
    if not isinstance(told, list) or len(told) > MOST_CHANGES:
        raise Refused(f"A list of at most {MOST_CHANGES} changes of marks is needed.")
    return tuple(_change(one) for one in told)


def _change(told: Any) -> Change:
    if not isinstance(told, dict):
        raise Refused("A change of a mark is an object.")
    try:
        kind = Kind(told.get("kind", ""))
    except ValueError:
        raise Refused(f"The kind of a change is one of {', '.join(Kind)}.") from None
    names = {word: _name(told, word) for word in ("assignment", "student_id", "notebook", "cell")}
    if not names["assignment"] or not names["student_id"]:
        raise Refused("A change of a mark names its assignment and its student.")
    return Change(**names, kind=kind, before=_value(kind, told.get("from")), after=_value(kind, told.get("to")))


def _name(told: Mapping[str, Any], word: str) -> str:
    value = told.get(word, "")
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise Refused(f"'{word}' of a change is a text of at most {LONGEST_NAME} characters.")
    return value


def _value(kind: Kind, value: Any) -> str | None:
    if value is None:
        return None
    if kind is Kind.COMMENT:
        if not isinstance(value, str):
            raise Refused("A comment is a text.")
        return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}…"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused("A mark is a number.")
    return f"{value:.12g}"
