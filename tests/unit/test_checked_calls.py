"""A checked test's names and a student's functions, joined by two pipes: what a test sees of what the student's side says."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from hub.checked_calls import Names, StudentError, answer
from hub.plain_data import NotPlain

HONEST = """
count = [1, 2]
def add(a, b=0): return a + b
def fails(kind, text): raise kind_of(kind)(text)
def kind_of(name): return {"Mine": Mine, "SystemExit": SystemExit, "StopIteration": StopIteration}.get(name) or __builtins__[name]
class Mine(KeyError): pass
class Anything:
    def __eq__(self, other): return True
    def __hash__(self): return 0
def anything(): return Anything()
thing = Anything()
def grow(items): items.append(1); return items
"""


@contextmanager
def asked(reply: Callable[[bytes], str]) -> Iterator[Names]:
    """A checker's names, with somebody at the other end who answers each line."""
    hear, answers = os.pipe()
    questions, say = os.pipe()

    def serve() -> None:
        with os.fdopen(questions, "rb") as lines, os.fdopen(answers, "wb", buffering=0) as out:
            for line in lines:
                out.write(reply(line[1:]).encode() + b"\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Names(hear, say)
    finally:
        os.close(say)
        thread.join()
        os.close(hear)


def honest(source: str = HONEST) -> Callable[[bytes], str]:
    names: dict[str, Any] = {}
    exec(source, names)
    return lambda line: answer(line.decode(), names)


def run(test: str, reply: Callable[[bytes], str] | None = None) -> Mapping[str, Any]:
    with asked(reply or honest()) as names:
        exec(test, names)  # as IPython does
        return dict(names)


@pytest.mark.parametrize(
    "test",
    [
        "assert add(1, b=2) == 3",
        "assert add([1], [2]) == [1, 2]",
        "assert add('a', 'b') == 'ab'",
        "assert count == [1, 2]",
        "assert [add(i) for i in range(3)] == [0, 1, 2]",
        "def twice(f, x): return f(f(x, 1), 1)\nassert twice(add, 1) == 3",
        "def inner(): return add(2, 2)\nassert inner() == 4",
        "mine = [3]\nassert grow(mine) == [3, 1]\nassert mine == [3]",
        "add = max\nassert add(1, 2) == 2",
        "assert sum([1, 2]) == 3",
    ],
)
def test_a_test_uses_the_students_names(test: str) -> None:
    run(test)


@pytest.mark.parametrize(
    ("call", "raised"),
    [
        ("fails('ValueError', 'no')", ValueError("no")),
        ("fails('Mine', 'no')", KeyError("Mine: 'no'")),
        ("fails('SystemExit', 'no')", StudentError("SystemExit: no")),
        ("fails('StopIteration', 'no')", StudentError("StopIteration: no")),
        ("fails('UnicodeDecodeError', 'no')", TypeError),
        ("add()", TypeError),
        ("nothing", NameError),
        ("nothing()", NameError),
    ],
)
def test_what_the_student_raises_is_raised(call: str, raised: Exception | type[Exception]) -> None:
    with pytest.raises(raised if isinstance(raised, type) else type(raised)) as found:
        run(call)
    if isinstance(raised, Exception):
        assert found.value.args == raised.args


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("assert anything() == 42", r"anything\(\) returned an object of type Anything; checked tests take plain data"),
        ("assert thing == 42", "thing is an object of type Anything"),
        ("add(print)", r"add\(\) was given an object of type builtin_function_or_method"),
    ],
)
def test_what_cannot_cross_is_said(test: str, said: str) -> None:
    with pytest.raises(NotPlain, match=said):
        run(test)


LIES = [
    "",
    "null",
    "{}",
    "not JSON",
    json.dumps(["dict", []]),
    json.dumps(["dict", [["function", 1]]]),
    json.dumps(["dict", [["raised", 1]]]),
    json.dumps(["dict", [["raised", ["list", []]], ["text", None]]]),
    json.dumps(["dict", [["raised", ["list", ["NoSuchThing", "StopIteration", "exit"]]]]]),
]


@pytest.mark.parametrize("said", LIES)
@pytest.mark.parametrize("test", ["assert thing", "all(map(lambda one: add(one), [1]))"])
def test_a_lying_student_passes_nothing(said: str, test: str) -> None:
    with pytest.raises((NotPlain, StudentError, TypeError)):
        run(test, lambda _: said)


def test_the_student_hears_of_a_test_what_it_calls_with_and_nothing_else() -> None:
    heard: list[bytes] = []
    reply = honest()

    def listening(line: bytes) -> str:
        heard.append(line)
        return reply(line)

    run("secret = 4711\nassert add(8, 15) != secret, 'only-the-test-knows'", listening)
    assert b"add" in b"".join(heard)
    assert b"4711" not in b"".join(heard)
    assert b"only-the-test-knows" not in b"".join(heard)
