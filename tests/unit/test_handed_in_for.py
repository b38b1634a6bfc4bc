"""Whose a file is: every shape in which work reaches an instructor, and what is never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.handed_in_for import NOBODY, SYSTEMS, Student, Whose

ASHA = Student("asha", "Asha Rao", "asha.rao@example.edu", "s00aa11bb22")
RAVI = Student("rk21", "Ravi Kumar", "ravi@example.edu", "s33cc44dd55")
ZOE = Student("21cs1042", "Zoë Müller-Lang", "zoe@example.edu", "s66ee77ff88")
VERMA = Student("averma", "Asha Verma", "verma@example.edu", "s99aa00bb11")
SINGLE = Student("s1", "Madonna", "", "s22cc33dd44")
STUDENTS = (ASHA, RAVI, ZOE, VERMA, SINGLE)
WHOSE = Whose.of(STUDENTS, ["deep-learning", "first-steps", "first-steps.ipynb", "data/train.csv"])


@pytest.mark.parametrize(
    ("path", "who", "inside"),
    [
        ("class.zip/asha/first-steps.ipynb", "asha", "first-steps.ipynb"),
        ("asha.zip/first-steps.ipynb", "asha", "first-steps.ipynb"),
        ("class.zip/21cs1042.zip/first-steps.ipynb", "21cs1042", "first-steps.ipynb"),
        ("class.zip/Kumar Ravi/week1/x/first-steps.ipynb", "rk21", "week1/x/first-steps.ipynb"),
        ("all.zip/Ravi Kumar_31337_assignsubmission_file_/first-steps.ipynb", "rk21", "first-steps.ipynb"),
        ("all.zip/Zoë Müller-Lang_1_assignsubmission_file_first-steps.ipynb", "21cs1042", None),
        ("submitted/s33cc44dd55/first-steps/first-steps.ipynb", "rk21", "first-steps/first-steps.ipynb"),
        ("first-steps_ravi@example.edu.ipynb", "rk21", None),
        ("first-steps-zoe mueller-lang.ipynb", "", NOBODY),
        ("LANG_Muller_Zoe-first-steps (1).ipynb", "21cs1042", None),
        ("RaviKumar.ipynb", "rk21", None),
        ("2026-11-25 rk21 first-steps final.ipynb", "rk21", None),
        ("class.zip/Asha Verma/first-steps.ipynb", "averma", "first-steps.ipynb"),
        ("s1.ipynb", "s1", None),
        ("s1_first-steps.ipynb", "s1", None),
        ("lab.zip/s1 evening/first-steps.ipynb", "", NOBODY),
        ("first-steps-1.ipynb", "", NOBODY),
        ("class.zip/notes.txt", "", NOBODY),
        ("class.zip/first-steps/first-steps.ipynb", "", NOBODY),
        ("class.zip/__MACOSX/asha/._first-steps.ipynb", "", SYSTEMS),
        ("class.zip/asha/.DS_Store", "", SYSTEMS),
        ("class.zip/asha/.ipynb_checkpoints/first-steps-checkpoint.ipynb", "", SYSTEMS),
    ],
)
def test_path_of_any_shape_names_its_student(path: str, who: str, inside: str | None) -> None:
    found = WHOSE.sort([path])
    if who:
        assert found.belongs == {who: {path: inside or path.rpartition("/")[2]}}
    else:
        assert found.left == {path: inside}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("class.zip/asha_rk21/first-steps.ipynb", "Asha Rao (asha) or Ravi Kumar (rk21)"),
        ("rk21.zip/asha.ipynb", "Ravi Kumar (rk21) or Asha Rao (asha)"),
        ("rk21.zip/asha/first-steps.ipynb", "Ravi Kumar (rk21) or Asha Rao (asha)"),
        ("asha kumar.ipynb", "Asha Rao (asha) or Ravi Kumar (rk21)"),
    ],
)
def test_what_can_be_of_two_is_left_with_their_names(path: str, names: str) -> None:
    assert f"It can be of {names}." in WHOSE.sort([path]).left[path]


def test_name_in_moodle_is_a_whole_one() -> None:
    path = "Asha Menon_12_assignsubmission_file_/first-steps.ipynb"
    assert WHOSE.sort([path]).left == {path: NOBODY}
    number = "Somebody Else_21_assignsubmission_file_rk21.ipynb"
    assert number in WHOSE.sort([number]).left


def test_word_of_the_assignment_names_nobody() -> None:
    called = Student("first", "First Steps", "", "s5")
    found = Whose.of([called, ASHA], ["nn", "first-steps"]).sort(["first-steps.ipynb", "asha/first-steps.ipynb"])
    assert found.left == {"first-steps.ipynb": NOBODY}
    assert set(found.belongs) == {"asha"}


def test_data_called_like_somebody_stays_with_the_folder() -> None:
    iris = Student("iris", "Iris Flower", "", "s7")
    found = Whose.of([iris, ASHA], ["nn"]).sort(["asha/iris.csv", "asha/work.ipynb", "asha/iris.ipynb"])
    assert set(found.belongs["asha"]) == {"asha/iris.csv", "asha/work.ipynb"}
    assert set(found.left) == {"asha/iris.ipynb"}


def test_files_of_two_archives_do_not_fall_together() -> None:
    paths = ["asha.zip/first-steps.ipynb", "class.zip/asha/first-steps.ipynb"]
    assert WHOSE.sort(paths).belongs == {"asha": {path: path for path in paths}}


PIECES = st.sampled_from(
    [
        *(word for one in STUDENTS for word in (one.name, one.full_name, one.email, one.student_id) if word),
        *("class", "Asha", "first-steps", "data", "__MACOSX", "copy", "final", "2026", "iris", "ÄÖ", "(1)"),
        "x_1_assignsubmission_file_",
    ]
)
PARTS = st.builds("".join, st.lists(st.one_of(PIECES, st.sampled_from(["_", "-", " "])), min_size=1, max_size=4))
PATHS = st.builds(
    lambda folders, name, end: "/".join([*folders, name + end]),
    st.lists(st.builds(lambda part, end: part + end, PARTS, st.sampled_from(["", ".zip"])), max_size=3),
    PARTS,
    st.sampled_from([".ipynb", ".csv", ".zip", ""]),
)


@given(st.lists(PATHS, max_size=12))
def test_every_file_is_somebodys_or_left_with_a_reason_and_never_both(paths: list[str]) -> None:
    found = WHOSE.sort(paths)
    mapped = [path for mine in found.belongs.values() for path in mine]
    assert sorted([*mapped, *found.left]) == sorted(set(paths))
    assert all(found.left.values())
    for mine in found.belongs.values():
        assert len(set(mine.values())) == len(mine)


@given(PATHS)
def test_who_gets_a_file_is_named_in_its_path(path: str) -> None:
    for who in WHOSE.sort([path]).belongs:
        student = next(one for one in STUDENTS if one.name == who)
        text = path.casefold()
        named = (student.name, student.email, student.student_id, *student.full_name.casefold().split())
        assert any(name and name in text for name in named)
