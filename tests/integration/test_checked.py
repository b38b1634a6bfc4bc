"""Checked tests from the button to the score: they run beside the student's code, and plain data goes between."""

from __future__ import annotations

import pytest

from tests.coursework import CHECKED, MARKER, grade, graded, hand_out, printed, score, source, submit
from tests.instance import Instance, Person

NAME, WIDE = "checked", "checked-wide"
SOLUTION = """rate = 0.5
words = ["a", "b"]
def answer(more=0):
    print("heard")
    return 42 + more
def halves(numbers, *, by=2):
    if by == 0:
        raise ValueError("by is 0")
    return [number / by for number in numbers]
def counted(text):
    return {letter: text.count(letter) for letter in text}, set(text), b"x", None, float("inf")
"""
TESTS = """### CHECKED
assert answer(more=1) == 43
assert [answer(number) for number in range(3)] == [42, 43, 44]
assert halves([1, 2, 3], by=4) == [0.25, 0.5, 0.75]
assert rate == 0.5 and words == ["a", "b"]
try:
    halves([], by=0)
except ValueError as error:
    assert str(error) == "by is 0"
else:
    assert False, "no ValueError"
### BEGIN HIDDEN TESTS
assert counted("aab") == ({"a": 2, "b": 1}, {"a", "b"}, b"x", None, float("inf"))
### END HIDDEN TESTS"""


@pytest.fixture(scope="module", autouse=True)
def _handed_out(instance: Instance) -> None:
    hand_out(instance, NAME, source(CHECKED))
    hand_out(instance, WIDE, source(TESTS, solution=SOLUTION))


def scored(instance: Instance, student: Person, teacher: Person, name: str, solution: str) -> float:
    submit(student, name, solution)
    assert grade(teacher, name).startswith("done")
    return score(instance, "student", name)


def test_plain_data_goes_there_and_back(instance: Instance, student: Person, teacher: Person) -> None:
    assert scored(instance, student, teacher, WIDE, SOLUTION) == 5, printed(graded(instance, "student", WIDE))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("0.5\n", "0.6\n"), ("by is 0", "by is nothing"), ("ValueError", "KeyError"), ("set(text)", "list(text)")],
)
def test_a_wrong_answer_gets_nothing(
    instance: Instance, student: Person, teacher: Person, right: str, wrong: str
) -> None:
    assert scored(instance, student, teacher, WIDE, SOLUTION.replace(right, wrong)) == 0


@pytest.mark.parametrize(
    ("solution", "said"),
    [
        ("class Foo: pass\ndef answer(more=0): return Foo()", "answer() returned an object of type Foo"),
        ("def answer(more=0):\n    while True: pass", "longer than this course allows"),
        ("def answer(more=0):\n    while True: print('x' * 1000)", "printed more than this course allows"),
        ("def answer(more=0):\n    import os; os._exit(0)", "The Python process ended"),
        ("def answer(more=0): return 'x' * 5_000_000", "more than 4 MB"),
        ("def reply(): return 42", "name 'answer' is not defined"),
        ("answer = 1 /", "name 'answer' is not defined"),
    ],
)
def test_what_goes_wrong_is_said_and_gets_nothing(
    instance: Instance, student: Person, teacher: Person, solution: str, said: str
) -> None:
    assert scored(instance, student, teacher, NAME, solution) == 0
    assert said in printed(graded(instance, "student", NAME))


LISTENS = """heard = []
def answer(more=0):
    heard.append(more)
    return 42 + more"""


def test_the_student_sees_what_is_called_and_nothing_of_the_tests(
    instance: Instance, student: Person, teacher: Person
) -> None:
    document = source(solution=LISTENS)
    document.cells.append(document.cells[0].copy())
    document.cells[-1].update(cell_type="code", source="print(heard, In)", outputs=[], execution_count=None, id="own")
    submit(student, NAME, document)
    assert grade(teacher, NAME).startswith("done")
    assert score(instance, "student", NAME) == 5
    shown = printed(graded(instance, "student", NAME))
    assert "[0, 1]" in shown
    assert MARKER not in shown
    assert "assert" not in shown
