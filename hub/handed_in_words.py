"""What a person is told about the files that they handed in, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence

NAMED_AT_MOST = 8


def named(names: Sequence[str], last: str = "and") -> str:
    """Names in quotes; of many the first, and how many more."""
    return listed([f"'{name}'" for name in names], last)


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names with commas and a last word; of many the first, and how many more."""
    shown = list(names[:NAMED_AT_MOST])
    if len(names) > NAMED_AT_MOST:
        shown.append(f"{len(names) - NAMED_AT_MOST} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {last} {shown[-1]}"


def counted(names: Sequence[str], one: str, more: str = "") -> str:
    return f"1 {one}" if len(names) == 1 else f"{len(names)} {more or f'{one}s'}"


def verb(names: Sequence[str], one: str = "is", more: str = "are") -> str:
    return one if len(names) == 1 else more


def missing(paths: Sequence[str]) -> str:
    return f"{named(paths)} {verb(paths)} missing."


def changed(path: str, ids: Sequence[str]) -> str:
    return (
        f"In '{path}' {counted(ids, 'test or locked cell')} {verb(ids, 'was', 'were')} changed or {verb(ids)} missing; "
        f"{verb(ids, 'it counts as it was', 'they count as they were')} handed out: {listed(ids)}."
    )


def lost(path: str, ids: Sequence[str]) -> str:
    return f"In '{path}' {counted(ids, 'cell')} for answers {verb(ids)} missing: {listed(ids)}."


def taken(found: str, path: str) -> str:
    return f"'{found}' was taken as '{path}', whose cells it has."


def without_cells(path: str) -> str:
    return f"'{path}' has few or none of the cells that were handed out."


def beaten(paths: Sequence[str], winner: str) -> str:
    return f"{named(paths)} {verb(paths)} left out: '{winner}' counts."


def unclear(path: str, several: Sequence[str]) -> str:
    return f"'{path}' is left out: it can be {named(several, 'or')}. Give it the name of the one that it is."


def strange(paths: Sequence[str]) -> str:
    return f"{named(paths)} {verb(paths)} left out: {verb(paths, 'no notebook', 'no notebooks')} of this assignment."


def unused(archives: Sequence[str]) -> str:
    return f"Nothing was taken from {named(archives)}."


def hidden(paths: Sequence[str]) -> str:
    return f"{counted(paths, 'hidden file')} {verb(paths)} left out: {named(paths)}."


def nothing(paths: Sequence[str]) -> str:
    return (
        f"No notebook of this assignment is in it; {named(paths)} {verb(paths)} missing. Give your notebook its name "
        "again, or fetch the assignment again, then submit."
    )


def rivals(paths: Sequence[str], wanted: str, name: str) -> str:
    return (
        f"{named(paths)} can each be '{wanted}', and differ. Give the one that counts the name '{name}', move the "
        f"{verb(paths[1:], 'other', 'others')} away, and submit again."
    )
