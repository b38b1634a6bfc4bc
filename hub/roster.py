"""How a roster reads: a CSV file of name, full name, e-mail, role and section, one person a row.

Wrong rows are reported with their line and the rest is used. Who is stored already, and passwords, are the store's.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.courses import Role
from hub.values import person_name

COLUMNS = ("name", "full_name", "email", "role", "section")
NEEDED = ("name",)
CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")  # the last two turn the direction of text


@dataclass(frozen=True)
class Entry:
    """One good row. What it leaves out stays as it is known: an empty full name or e-mail, no role, no section at all."""

    line: int
    name: str
    full_name: str
    email: str
    role: Role | None
    section: str | None


@dataclass(frozen=True)
class RowMistake:
    """One row that is not used, and why."""

    line: int
    message: str


def parse(text: str) -> tuple[list[Entry], list[RowMistake]]:
    """The good rows of a roster and the mistakes of the others; lines count from 1, the header being line 1."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=_delimiter(text))
    header = [_column(name) for name in reader.fieldnames or ()]
    if wrong := list(_header_mistakes(header)):
        return [], wrong
    reader.fieldnames = header
    entries: list[Entry] = []
    mistakes: list[RowMistake] = []
    seen: dict[str, int] = {}
    for row in reader:
        line = reader.line_num
        try:
            entry = _entry(line, row)
        except ValueError as mistake:
            mistakes.append(RowMistake(line, str(mistake)))
            continue
        if entry.name in seen:
            mistakes.append(
                RowMistake(line, f"'{entry.name}' stands on line {seen[entry.name]} already; that one is used")
            )
            continue
        seen[entry.name] = line
        entries.append(entry)
    return entries, mistakes


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _column(name: str | None) -> str:
    return re.sub(r"[^a-z]+", "_", (name or "").strip().lower()).strip("_").replace("e_mail", "email")


def _header_mistakes(header: list[str]) -> Iterator[RowMistake]:
    if not any(header):
        yield RowMistake(1, f"the file is empty; its first line must be {','.join(COLUMNS)}")
        return
    for name in NEEDED:
        if name not in header:
            yield RowMistake(1, f"there is no column '{name}'; the first line must be {','.join(COLUMNS)}")
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield RowMistake(1, f"the column '{name}' stands there twice")
    for name in header:
        if name not in COLUMNS:
            yield RowMistake(1, f"the column '{name}' is not known; the columns are {', '.join(COLUMNS)}")


def _entry(line: int, row: dict[str | None, str | list[str] | None]) -> Entry:
    if None in row:
        raise ValueError("there are more values than columns; put a value with a comma in quotes")
    values = {column: str(row.get(column) or "").strip() for column in COLUMNS}
    for column, value in values.items():
        if len(value) > 200:
            raise ValueError(f"'{column}' is longer than 200 characters")
        if CONTROL.search(value):
            raise ValueError(f"'{column}' has control characters in it")
    if not values["name"]:
        raise ValueError("the name is missing")
    role = values["role"].lower()
    if role not in ("", *Role):
        raise ValueError(f"'{values['role']}' is not a role; use {', '.join(Role)}")
    if values["email"] and not re.fullmatch(r"[^@\s]+@[^@\s]+", values["email"]):
        raise ValueError(f"'{values['email']}' is not an e-mail address")
    name = person_name(values["name"].lower())
    section = None if row.get("section") is None else values["section"]
    return Entry(line, name, values["full_name"], values["email"], Role(role) if role else None, section)


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as CSV text, with the columns of the first."""
    text = io.StringIO()
    table = csv.DictWriter(text, tuple(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
