"""Uploads that staff have looked at, and that wait to be handed in for students: one a person, for an hour at most."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from hub.adapters.unpacked import Unpacked
from hub.exchange import Receipt, Refused
from hub.handed_in_for import Student

KEPT = timedelta(hours=1)


@dataclass(frozen=True)
class Found:
    """What was found of one student: the files by their paths among theirs, what is said of them, or why nothing counts."""

    student: Student
    paths: Mapping[str, str]  # as it arrived → among the student's files
    told: tuple[str, ...] = ()
    why_not: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)  # path as it is stored → SHA-256

    @property
    def sources(self) -> tuple[str, ...]:
        """What was uploaded with it."""
        return tuple(sorted({PurePosixPath(path).parts[0] for path in self.paths}))


@dataclass(frozen=True)
class Looked:
    """An upload that was looked at and waits: whose it is, what is in it, what is left and why."""

    by: str
    course: str
    name: str
    at: datetime
    unpacked: Unpacked
    found: tuple[Found, ...]
    left: Mapping[str, str]


@dataclass(frozen=True)
class Done:
    """What became of one student's files: a receipt, new or of earlier, or why there is none."""

    student: Student
    receipt: Receipt | None
    again: bool = False
    why_not: str = ""


@dataclass
class Waiting:
    """What waits to be handed in, one upload a person, by a number that cannot be guessed."""

    looked: dict[str, Looked] = field(default_factory=dict)

    def keep(self, looked: Looked) -> str:
        for number, other in list(self.looked.items()):
            if other.by == looked.by or looked.at - other.at > KEPT:
                self.drop(number)
        number = secrets.token_hex(16)
        self.looked[number] = looked
        return number

    def drop(self, number: str) -> None:
        if (looked := self.looked.pop(number, None)) is not None:
            looked.unpacked.remove()

    def of(self, number: str, by: str, course: str, name: str) -> Looked:
        """What this person has looked at; raises Refused when it waits no longer."""
        looked = self.looked.get(number)
        if looked is None or (looked.by, looked.course, looked.name) != (by, course, name):
            raise Refused(
                "These files wait no longer. Choose them again; what was handed in already does not count twice."
            )
        return looked
