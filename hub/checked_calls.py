"""How checked tests reach a student's names: questions in the checker's kernel, answers in the student's. Data only.

In the checker a name that the tests have not made themselves is asked for where it is used: a plain value comes, or a function
that asks again when it is called. The student's side may answer what it likes; an answer is a value and nothing more. This text
is also handed to sandboxes as it is.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Mapping
from typing import Any, NoReturn

from hub.plain_data import LARGEST, WANTED, NotPlain, dumps, loads

MIME = "application/x-campushub-answer"
LONGEST = 2000  # characters of an exception's text
OTHER_SIDE = b">"  # begins a line that is for the other sandbox
NOT_RAISED = {"StopIteration", "StopAsyncIteration"}  # would end a loop of the tests in silence


class StudentError(Exception):
    """What the student's code raised, where Python itself has no exception of that name."""


# The student's side


def answer(question: str, names: Mapping[str, Any]) -> str:
    """The answer to one question, by the names of the student's notebook."""
    try:
        return dumps(_answer(loads(question), names))
    except NotPlain as error:
        return dumps({"odd": str(error)})


def _answer(asked: dict[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    name = asked["name"]
    if name not in names:
        return {"missing": True}
    if "args" not in asked:
        return {"function": True} if callable(names[name]) else {"value": names[name]}
    try:
        return {"value": names[name](*asked["args"], **asked["kwargs"])}
    except BaseException as error:  # of the student's, and to be told, whatever it is
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"raised": kinds, "text": str(error)[:LONGEST]}


# The checker's side


class Names(dict[str, Any]):
    """The names of the checked tests; those that are not there are the student's."""

    def __init__(self, heard: int, said: int) -> None:
        super().__init__()
        self._channel = _Channel(heard, said)
        self._functions: dict[tuple[int, str], Function] = {}

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name) or name.startswith("__"):
            raise KeyError(name)
        here = len(self.get("In", ())), name  # which cell runs: in another one the name may be something else
        return self._functions.get(here) or self._asked(here)

    def _asked(self, here: tuple[int, str]) -> Any:
        name = here[1]
        told = self._channel.ask({"name": name})
        if told.get("missing") is True:
            raise KeyError(name)
        if told.get("function") is True:
            return self._functions.setdefault(here, Function(name, self._channel))
        return _value(told, f"{name} is")


class Function:
    """A function of the student's, called there with plain data."""

    def __init__(self, name: str, channel: _Channel) -> None:
        self.__name__ = self.__qualname__ = name
        self._channel = channel

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        told = self._channel.ask({"name": self.__name__, "args": args, "kwargs": kwargs})
        if "raised" in told:
            _raise(told)
        return _value(told, f"{self.__name__}() returned")

    def __repr__(self) -> str:
        return f"<the student's {self.__name__}>"


class _Channel:
    """Questions out by one file descriptor, answers in by another."""

    def __init__(self, heard: int, said: int) -> None:
        self._heard, self._said = heard, said

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer. The checker ends when none can come, so that no test takes that for what it expects."""
        try:
            line = OTHER_SIDE + dumps(question).encode() + b"\n"
        except NotPlain as error:
            raise NotPlain(f"{question['name']}() was given {error}; {WANTED}") from None
        while line:
            line = line[os.write(self._said, line) :]
        try:
            told = loads(self._line())
        except NotPlain as error:
            told = {"odd": str(error)}
        return told if isinstance(told, dict) else {}

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            chunk = os.read(self._heard, 65_536)
            if not chunk or len(line) > 2 * LARGEST:
                os._exit(1)
            line += chunk
        return line


def _value(told: dict[str, Any], what: str) -> Any:
    if "value" in told:
        return told["value"]
    raise NotPlain(f"{what} {told.get('odd') or 'nothing that can be read'}; {WANTED}")


def _raise(told: dict[str, Any]) -> NoReturn:
    """Raise Python's own exception of the first name that it has."""
    kinds, text = [kind for kind in told["raised"] if isinstance(kind, str)], str(told.get("text"))[:LONGEST]
    for kind in kinds:
        found = getattr(builtins, kind, None)
        if (
            isinstance(found, type)
            and issubclass(found, Exception)
            and found is not Exception
            and kind not in NOT_RAISED
        ):
            raise _made(found, text if kind == kinds[0] else f"{kinds[0]}: {text}")
    raise StudentError(f"{kinds[0]}: {text}" if kinds else text)


def _made(kind: type[Exception], text: str) -> Exception:
    try:
        return kind(text)
    except TypeError:  # UnicodeDecodeError and its like want more
        return StudentError(f"{kind.__name__}: {text}")
