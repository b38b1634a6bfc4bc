"""What was said about a submission when it was taken: sentences, in their order, kept with its row."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from hub.adapters.tables import remarks, submissions


def add(connection: Connection, submission: str, sentences: Iterable[str]) -> None:
    rows = [{"submission": submission, "place": place, "text": text} for place, text in enumerate(sentences)]
    if rows:
        connection.execute(sql.insert(remarks), rows)


def of(connection: Connection, which: sql.ColumnElement[bool]) -> dict[str, tuple[str, ...]]:
    """The remarks of those submissions that a condition on their table names, by submission."""
    query = sql.select(remarks).join(submissions, submissions.c.id == remarks.c.submission).where(which)
    found: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(query.order_by(remarks.c.submission, remarks.c.place)).mappings():
        found[row["submission"]] = (*found.get(row["submission"], ()), row["text"])
    return found
