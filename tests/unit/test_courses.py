"""Who may do what, over role and verb, and in a course of an earlier term."""

from __future__ import annotations

import pytest

from hub.courses import LOOKING, MAY, VERBS, Person, Role, may, why_not


def person(role: Role | None, *, admin: bool = False, archived: bool = False) -> Person:
    courses = {"nn": role} if role else {}
    return Person("p", "P", "s1", admin=admin, courses=courses, archived=frozenset({"nn"} if archived else ()))


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("role", list(Role))
def test_role_may_what_its_row_says_and_in_its_own_course_only(role: Role, verb: str) -> None:
    assert may(person(role), verb, "nn") is (verb in MAY[role])
    assert not may(person(role), verb, "other")


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_course_of_an_earlier_term_can_be_looked_at_by_its_staff_only(verb: str) -> None:
    assert not may(person(Role.STUDENT, archived=True), verb, "nn")
    for staff in (
        person(Role.TA, archived=True),
        person(Role.INSTRUCTOR, archived=True),
        person(None, admin=True, archived=True),
    ):
        assert may(staff, verb, "nn") is (verb in LOOKING)


def test_everybody_is_told_why() -> None:
    assert "put you on the roster" in why_not(person(None), "nn")
    assert "is closed" in why_not(person(Role.STUDENT, archived=True), "nn")
    assert "nothing in it changes" in why_not(person(Role.TA, archived=True), "nn")
    assert "As student of" in why_not(person(Role.STUDENT), "nn")


def test_verb_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        may(person(Role.TA), "fly", "nn")
