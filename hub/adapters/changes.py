"""Whether anything has happened to the submissions of an assignment: a short word that is another one once it has.

For whoever collects, again and again. It takes as long with many submissions as with few: nothing of them is read.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from hub.adapters.rules import rules_in
from hub.adapters.store import Store
from hub.adapters.tables import feedback, members, results, submissions
from hub.extensions import Kind
from hub.rules import Counts, Rules


def word(store: Store, course: str, name: str) -> str:
    """Another one when something was handed in, or when the rules, dates or scores that say which attempt counts moved."""
    with store.begin() as connection:
        found = rules_in(connection, course, name).get(name, Rules())
        parts: list[object] = [found, _handed_in(connection, course, name)]
        if any(one.kind is Kind.SECTION for one in found.extensions):
            parts.append(_sections(connection, course))
        if found.counts is Counts.BEST:
            parts.append(_scores(connection, course, name))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _handed_in(connection: Connection, course: str, name: str) -> tuple[object, ...]:
    """How many there are and the one that began last: none of them ever changes or goes."""
    mine = sql.and_(submissions.c.course == course, submissions.c.assignment == name)
    count = connection.execute(sql.select(sql.func.count()).select_from(submissions).where(mine)).scalar_one()
    last = sql.select(submissions.c.id).where(mine).order_by(submissions.c.at.desc(), submissions.c.id).limit(1)
    return count, connection.execute(last).scalar()


def _sections(connection: Connection, course: str) -> list[tuple[object, ...]]:
    query = sql.select(members.c.person, members.c.section).where(members.c.course == course)
    return [tuple(row) for row in connection.execute(query.order_by(members.c.person))]


def _scores(connection: Connection, course: str, name: str) -> list[tuple[object, ...]]:
    """How many scores there are, given back or automatic, and when the last of each came."""
    found = []
    for table, at in ((feedback, feedback.c.released_at), (results, results.c.at)):
        query = sql.select(sql.func.count(), sql.func.max(at)).select_from(table)
        query = query.join(submissions, submissions.c.id == table.c.submission)
        query = query.where(submissions.c.course == course, submissions.c.assignment == name)
        found.append(tuple(connection.execute(query).one()))
    return found
