"""Later due dates of some: whom one reaches. What a date means is `hub.rules`', where they are kept the store's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Whom an extension is given to; a group is several people, named one by one."""

    PERSON = "person"
    SECTION = "section"
    GROUP = "group"


@dataclass(frozen=True)
class Member:
    """A person of a course, and their section there if they have one."""

    name: str
    section: str = ""


@dataclass(frozen=True)
class Extension:
    """A later due date of some. `who` is a person, a section, or the people of a group with spaces between."""

    number: int
    kind: Kind
    who: str
    due: datetime
    given_by: str
    at: datetime
    reason: str = ""

    def reaches(self, member: Member) -> bool:
        match self.kind:
            case Kind.SECTION:
                return bool(member.section) and member.section == self.who
            case _:
                return member.name in self.who.split()
