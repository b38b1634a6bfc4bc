"""What crosses between a student's process and the checker's: plain data, made anew, and nothing else."""

from __future__ import annotations

import base64
import json
import math
import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hub.plain_data import LARGEST, NotPlain, dumps, loads

ATOMS = some.none() | some.booleans() | some.integers() | some.floats() | some.text() | some.binary()
KEYS: some.SearchStrategy[Any] = ATOMS | some.tuples(ATOMS, ATOMS) | some.frozensets(some.integers())
LEAVES: some.SearchStrategy[Any] = KEYS | some.complex_numbers() | some.binary().map(bytearray) | some.sets(KEYS)
VALUES = some.recursive(
    LEAVES, lambda inner: some.lists(inner) | some.tuples(inner, inner) | some.dictionaries(KEYS, inner), max_leaves=20
)
JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text()
    | some.sampled_from(["list", "array", "set"]),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)
PLAIN = {type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict}


def shape(value: Any) -> Any:
    """A value with the types of all its parts; a NaN is like another."""
    kind = type(value)
    if kind is dict:
        return kind, [(shape(key), shape(part)) for key, part in value.items()]
    if kind in (list, tuple):
        return kind, [shape(part) for part in value]
    if kind in (set, frozenset):
        return kind, sorted(map(repr, map(shape, value)))
    return kind, repr(value)


def parts(value: Any) -> list[Any]:
    inner = [*value, *value.values()] if isinstance(value, dict) else value
    return (
        [value, *(part for one in inner for part in parts(one))]
        if isinstance(value, list | tuple | set | dict)
        else [value]
    )


@settings(max_examples=60)
@given(VALUES)
def test_plain_data_comes_out_as_it_went_in(value: Any) -> None:
    text = dumps(value)
    assert text.isascii()
    assert "\n" not in text
    assert shape(loads(text)) == shape(value)


@settings(max_examples=60)
@given(JSON)
def test_whatever_is_sent_nothing_but_plain_data_comes_out(sent: Any) -> None:
    try:
        value = loads(json.dumps(sent))
    except NotPlain:
        return
    assert {type(part) for part in parts(value)} <= PLAIN


@settings(max_examples=60)
@given(some.binary())
def test_no_noise_gets_through(sent: bytes) -> None:
    try:
        value = loads(sent)
    except NotPlain:
        return
    assert {type(part) for part in parts(value)} <= PLAIN


class Anything(int):
    """A number that is equal to whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class Reduced:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return exec, ("raise SystemExit",)


def test_a_number_of_ones_own_kind_comes_out_as_a_number() -> None:
    came = loads(dumps(Anything(7)))
    assert type(came) is int
    assert came != 42


@pytest.mark.parametrize(
    ("value", "plain"), [(Counter("aab"), {"a": 2, "b": 1}), (OrderedDict(a=1), {"a": 1}), (True, True)]
)
def test_kinds_of_dictionaries_come_out_as_dictionaries(value: Any, plain: Any) -> None:
    assert shape(loads(dumps(value))) == shape(plain)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (object(), "type object"),
        (Reduced(), "type Reduced"),
        (lambda: 1, "type function"),
        (math, "type module"),
        ([{"a": (part for part in "ab")}], "type generator"),
        ("x" * (LARGEST + 1), "4 MB"),
    ],
)
def test_nothing_else_is_sent(value: Any, said: str) -> None:
    with pytest.raises(NotPlain, match=said):
        dumps(value)


def test_a_list_in_itself_is_not_sent() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(NotPlain, match="nested"):
        dumps(value)


PICKLED = base64.b64encode(pickle.dumps(Reduced())).decode()


@pytest.mark.parametrize(
    "sent",
    [
        pickle.dumps(Reduced()),
        json.dumps(["pickle", PICKLED]),
        json.dumps(["array", "|O", [1], PICKLED]),
        json.dumps(["object", {}]),
        json.dumps({"list": 1}),
        json.dumps(["set", [["list", []]]]),
        json.dumps(["int", "1.5"]),
        "NaN",
        "[" * 100_000,
        json.dumps("x" * LARGEST),
        "1" * 5000,
    ],
)
def test_what_is_no_plain_data_is_refused(sent: str | bytes) -> None:
    with pytest.raises(NotPlain):
        loads(sent)
