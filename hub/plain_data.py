"""Plain data as text and back: what may cross between a student's process and the one that checks it, and nothing else.

Numbers, texts, bytes, lists, tuples, sets, dictionaries; arrays and scalars of NumPy; series and frames of pandas. What comes out
is made anew of Python's own types, so that no method of the sender's comes along. This text is also handed to sandboxes as it
is: it imports only what every course image has.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

LARGEST = 4 * 1024**2  # characters of one message
DEEPEST = 60  # lists in lists
NUMBERS_AND_TEXTS = "biufcSUMm"  # NumPy's kinds of elements that hold no objects
SMALL = 2**53  # whole numbers below it are the same in every JSON
WANTED = "checked tests take plain data: numbers, texts, lists, dicts, arrays"


class NotPlain(Exception):
    """Something that does not cross; its text says what it is."""


def dumps(value: object) -> str:
    """One line of text. Raises NotPlain."""
    text = json.dumps(_packed(value, DEEPEST), separators=(",", ":"), allow_nan=False)
    if len(text) > LARGEST:
        raise NotPlain(f"more than {LARGEST // 1024**2} MB of data")
    return text


def loads(text: str | bytes) -> Any:
    """The value that `dumps` was given. Raises NotPlain for whatever else."""
    if len(text) > LARGEST:
        raise NotPlain(f"more than {LARGEST // 1024**2} MB of data")
    try:
        return _unpacked(json.loads(text, parse_constant=_no_constant), DEEPEST)
    except NotPlain:
        raise
    except Exception as error:  # pandas has many kinds of its own
        raise NotPlain(f"data that cannot be read ({type(error).__name__})") from None


def _packed(value: Any, depth: int) -> Any:
    """JSON's own values as they are; everything else as a list of its kind and its parts."""
    if depth < 0:
        raise NotPlain("data that is nested too deeply, or in itself")
    if value is None or isinstance(value, bool):
        return value
    if (packed := _packed_foreign(value, depth)) is not None:
        return packed
    match value:
        case int():
            return int(value) if abs(value) < SMALL else ["int", hex(value)]
        case float():
            return ["float", float(value).hex()]
        case complex():
            return ["complex", value.real.hex(), value.imag.hex()]
        case str():
            return str.__str__(value)
        case bytes() | bytearray():
            return [type(value).__name__, base64.b64encode(value).decode()]
        case list() | tuple() | set() | frozenset():
            kind = next(kind for kind in (list, tuple, set, frozenset) if isinstance(value, kind))
            return [kind.__name__, [_packed(part, depth - 1) for part in value]]
        case dict():
            return ["dict", [[_packed(part, depth - 1) for part in pair] for pair in dict.items(value)]]
    raise NotPlain(f"an object of type {type(value).__name__}")


def _packed_foreign(value: Any, depth: int) -> list[Any] | None:
    """NumPy's and pandas' values, where these are loaded; none for anything else."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if pandas and isinstance(value, pandas.Series):
        return ["series", *(_packed(part, depth - 1) for part in (value.name, *_axis(value.index), *_column(value)))]
    if pandas and isinstance(value, pandas.Index):
        return ["index", *(_packed(part, depth - 1) for part in _axis(value))]
    if pandas and isinstance(value, pandas.DataFrame):
        columns = [_column(value.iloc[:, number]) for number in range(value.shape[1])]
        return ["frame", *(_packed(part, depth - 1) for part in (*_axis(value.columns), *_axis(value.index), columns))]
    if numpy and hasattr(type(value), "__array__"):  # tensors as well
        return _packed_array(_array_of(numpy, value), scalar=isinstance(value, numpy.generic))
    return None


def _array_of(numpy: Any, value: Any) -> Any:
    try:
        return numpy.asarray(value)
    except Exception as error:  # each framework has its own
        raise NotPlain(f"an object of type {type(value).__name__} ({error})") from None


def _packed_array(array: Any, *, scalar: bool) -> list[Any]:
    if array.dtype.kind not in NUMBERS_AND_TEXTS:
        raise NotPlain(f"an array of {array.dtype}")
    content = base64.b64encode(array.tobytes()).decode()
    return ["scalar" if scalar else "array", array.dtype.str, list(array.shape), content]


def _axis(index: Any) -> tuple[Any, Any]:
    """The names and the labels of one axis."""
    return list(index.names), _values(index)


def _column(series: Any) -> tuple[bool, Any]:
    """Whether its values are objects, and the values."""
    return series.dtype == object, _values(series)


def _values(column: Any) -> Any:
    values = column.to_numpy()
    return values if values.dtype.kind in NUMBERS_AND_TEXTS else values.tolist()


def _unpacked(packed: Any, depth: int) -> Any:
    if depth < 0:
        raise NotPlain("data that is nested too deeply")
    if packed is None or isinstance(packed, bool | int | str):
        return packed
    kind, *parts = packed
    return UNPACK[kind](depth - 1, *parts)


def _all(parts: Any, depth: int) -> list[Any]:
    return [_unpacked(part, depth) for part in parts]


def _array(_: int, kind: str, shape: list[int], content: str) -> Any:
    import numpy

    dtype = numpy.dtype(kind)
    if dtype.kind not in NUMBERS_AND_TEXTS or not dtype.itemsize:
        raise NotPlain(f"an array of {dtype}")
    data = base64.b64decode(content, validate=True)
    return numpy.ndarray(tuple(shape), dtype, data).copy()  # refuses a shape that the data does not fill


def _index(depth: int, names: Any, labels: Any) -> Any:
    import pandas

    names, labels = _unpacked(names, depth), _unpacked(labels, depth)
    if len(names) > 1:
        return pandas.MultiIndex.from_tuples(labels, names=names)
    return pandas.Index(labels, name=names[0], tupleize_cols=False)


def _series(depth: int, name: Any, names: Any, labels: Any, objects: Any, values: Any) -> Any:
    import pandas

    index = _index(depth, names, labels)
    kind = object if objects else None
    return pandas.Series(_unpacked(values, depth), index=index, name=_unpacked(name, depth), dtype=kind)


def _frame(depth: int, names: Any, labels: Any, row_names: Any, row_labels: Any, columns: Any) -> Any:
    import pandas

    index = _index(depth, row_names, row_labels)
    made = [
        pandas.Series(values, index=index, dtype=object if objects else None)
        for objects, values in _unpacked(columns, depth)
    ]
    frame = pandas.concat(made, axis=1) if made else pandas.DataFrame(index=index)
    frame.columns = _index(depth, names, labels)
    return frame


def _no_constant(name: str) -> None:
    raise ValueError(name)


UNPACK: dict[str, Callable[..., Any]] = {
    "int": lambda _, text: int(text, 16),
    "float": lambda _, text: float.fromhex(text),
    "complex": lambda _, real, imaginary: complex(float.fromhex(real), float.fromhex(imaginary)),
    "bytes": lambda _, text: base64.b64decode(text, validate=True),
    "bytearray": lambda _, text: bytearray(base64.b64decode(text, validate=True)),
    "list": lambda depth, parts: _all(parts, depth),
    "tuple": lambda depth, parts: tuple(_all(parts, depth)),
    "set": lambda depth, parts: set(_all(parts, depth)),
    "frozenset": lambda depth, parts: frozenset(_all(parts, depth)),
    "dict": lambda depth, pairs: {_unpacked(key, depth): _unpacked(value, depth) for key, value in pairs},
    "array": _array,
    "scalar": lambda depth, *parts: _array(depth, *parts)[()],
    "index": _index,
    "series": _series,
    "frame": _frame,
}
