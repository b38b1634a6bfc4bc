"""Who belongs to a course as what, and what each may do there.

One pure table, asked by spawner, service and pages alike; it knows nothing of where a person is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a person is in one course."""

    STUDENT = "student"
    TA = "ta"
    INSTRUCTOR = "instructor"


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in. `student_id` is what nbgrader knows them by: opaque, and the same for ever.

    `archived` are the courses of earlier terms, whoever is in them.
    """

    name: str
    full_name: str
    student_id: str
    email: str = ""
    admin: bool = False
    must_change: bool = False
    courses: Mapping[str, Role] = field(default_factory=dict)
    archived: frozenset[str] = frozenset()


EVERYBODY = frozenset({"see", "work", "fetch", "submit", "read_own", "ask_again"})
LOOKING = frozenset({"see", "look", "read_roster", "see_submissions", "read_mark_log"})
TEACHING = LOOKING | frozenset(
    {"grade", "release", "collect", "return_feedback", "announce", "answer_requests", "see_leases"}
)
LEADING = frozenset({"reset_password", "change_roster", "set_rules", "hand_in_for", "change_leases"})

MAY: Mapping[Role, frozenset[str]] = {
    Role.STUDENT: EVERYBODY,
    Role.TA: EVERYBODY | TEACHING,
    Role.INSTRUCTOR: EVERYBODY | TEACHING | LEADING,
}
VERBS = EVERYBODY | TEACHING | LEADING


def may(person: Person, verb: str, course: str) -> bool:
    """Whether a person may do this in this course; raises KeyError for a verb that does not exist.

    In a course of an earlier term nothing changes any more: who taught it may look, nobody else comes in.
    """
    if verb not in VERBS:
        raise KeyError(verb)
    role = person.courses.get(course)
    allowed = VERBS if person.admin else MAY[role] if role is not None else frozenset()
    if course in person.archived:
        allowed = allowed & LOOKING if "look" in allowed else frozenset()
    return verb in allowed


def why_not(person: Person, course: str) -> str:
    """The sentence a person reads when `may` said no."""
    if course in person.archived and (person.admin or person.courses.get(course) in (Role.TA, Role.INSTRUCTOR)):
        return f"'{course}' is a course of an earlier term: it can be looked at, and nothing in it changes any more."
    if course in person.archived and course in person.courses:
        return f"'{course}' is a course of an earlier term and is closed. Ask its instructor for what you need of it."
    if course not in person.courses:
        return f"You are not in the course '{course}'. Ask its instructor to put you on the roster."
    return f"As {person.courses[course]} of '{course}' you cannot do this; its instructor can."
