"""How a roster reads, and what is said of its wrong rows."""

import pytest

from hub.courses import Role
from hub.roster import parse

HEADER = "name,full_name,email,role,section\n"


def test_good_rows_are_used_and_wrong_ones_told_with_their_line() -> None:
    text = HEADER + "amey,Amey P,amey@example.edu,student,A\n../x,Climber,,student,\nivy,Ivy Q,,instructor,\n"
    entries, mistakes = parse(text)
    assert [(entry.name, entry.role) for entry in entries] == [("amey", Role.STUDENT), ("ivy", Role.INSTRUCTOR)]
    assert [mistake.line for mistake in mistakes] == [3]


def test_the_first_of_two_rows_of_one_person_is_used() -> None:
    entries, mistakes = parse(HEADER + "amey,First,,,\nAmey,Second,,,\n")
    assert [entry.full_name for entry in entries] == ["First"]
    assert "stands on line 2 already" in mistakes[0].message


@pytest.mark.parametrize("name", ["zoë", "a b", "a+b", "x" * 200, "../x", "-x", "", "a/b"])
def test_odd_name_is_refused_in_words(name: str) -> None:
    entries, mistakes = parse(HEADER + f"{name},Somebody,,student,\n")
    assert (entries, len(mistakes)) == ([], 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty"),
        ("full_name\nX\n", "there is no column 'name'"),
        ("name,nick\nx,y\n", "the column 'nick' is not known"),
        (HEADER + "x,X,,king,\n", "'king' is not a role"),
        (HEADER + "x,X,nowhere,student,\n", "is not an e-mail address"),
        (HEADER + "x,X,,student,A,more\n", "more values than columns"),
        (HEADER + "x,X\u202ey,,student,\n", "control characters"),
    ],
)
def test_what_is_wrong_is_said(text: str, sentence: str) -> None:
    assert sentence in parse(text)[1][0].message


def test_spreadsheet_exports_read_too() -> None:
    entries, mistakes = parse("\ufeffName;Full name;E-mail;Role;Section\nAMEY;Amey;a@b.edu;;B\n")
    assert not mistakes
    assert (entries[0].name, entries[0].role, entries[0].section) == ("amey", None, "B")
