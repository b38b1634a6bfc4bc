"""The rules of assignments in the store, the extensions that were given, and what both mean for one person now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import sqlalchemy as sql
from sqlalchemy.engine import Connection, RowMapping

from hub.adapters import tables
from hub.adapters.store import Store
from hub.adapters.tables import assignments, extensions, feedback, members, results, submissions
from hub.exchange import Receipt, Refused
from hub.extensions import Extension, Kind, Member
from hub.moments import moment_in
from hub.results import result_of
from hub.rules import Chance, Rules, Standing, chance, check, judge, standings

MOST_EXTENSIONS = 500  # of one assignment


@dataclass(frozen=True)
class Rulebook:
    """The rules and extensions of every assignment; `zone` is that of the times in its sentences."""

    store: Store
    zone: str = ""

    def of(self, course: str, name: str) -> Rules:
        """An assignment's rules with the extensions that hold; those of nobody's making for one that is not known."""
        with self.store.begin() as connection:
            return rules_in(connection, course, name).get(name, Rules())

    def of_course(self, course: str) -> dict[str, Rules]:
        """The rules of every assignment that a course has or had, by name."""
        with self.store.begin() as connection:
            return rules_in(connection, course)

    def keep(self, course: str, name: str, found: Rules) -> None:
        """Keep an assignment's rules and its due date; raises Refused for rules that contradict themselves."""
        check(found)
        told = {key: value for key, value in found.as_data().items() if key != "due"}
        values = {"course": course, "assignment": name, "told": told}
        with self.store.begin() as connection:
            connection.execute(sql.delete(tables.rules).where(_of(tables.rules, course, name)))
            connection.execute(sql.insert(tables.rules).values(**values))
            set_due_in(connection, course, name, found.due)

    def extend(
        self,
        course: str,
        name: str,
        *,
        kind: Kind,
        who: str,
        due: datetime,
        reason: str,
        given_by: str,
        now: datetime,
    ) -> None:
        """Give a later date; raises Refused when it changes nothing for anybody."""
        with self.store.begin() as connection:
            before = rules_in(connection, course, name).get(name, Rules())
            if before.due is None or due <= before.due:
                raise Refused("An extension is later than the due date of all. Choose a later date.")
            if len(before.extensions) >= MOST_EXTENSIONS:
                raise Refused("This assignment has very many extensions. Move the due date of all instead.")
            about = {"course": course, "assignment": name, "kind": str(kind), "who": who, "due": due}
            row = {**about, "reason": reason, "given_by": given_by, "at": now}
            connection.execute(sql.insert(extensions).values(**row))

    def end_extension(self, course: str, name: str, number: int, now: datetime) -> None:
        """Take an extension back; that it was given stays known."""
        which = sql.and_(_of(extensions, course, name), extensions.c.id == number, extensions.c.ended_at.is_(None))
        with self.store.begin() as connection:
            connection.execute(sql.update(extensions).where(which).values(ended_at=now))

    def member(self, course: str, person: str) -> Member:
        with self.store.begin() as connection:
            return _member(connection, course, person)

    def chance(self, rules: Rules, member: Member, now: datetime, *, so_far: int) -> Chance:
        """What handing in is for somebody now."""
        return chance(rules, member, now, so_far=so_far, say=moment_in(self.zone))

    def standings(self, course: str, receipts: Iterable[Receipt]) -> list[Standing]:
        """What stored submissions of a course are worth by the rules and dates of now, in the order given."""
        given = list(receipts)
        with self.store.begin() as connection:
            found = rules_in(connection, course)
            whose = {one.person for one in given}
            sections = sql.select(members.c.person, members.c.section).where(members.c.course == course)
            if len(whose) == 1:
                sections = sections.where(members.c.person.in_(whose))
            section = {row["person"]: row["section"] for row in connection.execute(sections).mappings()}
            scores = _scores(connection, course, whose, {one.assignment for one in given})
        told: dict[str, Standing] = {}
        for (person, name), mine in groupby(sorted(given, key=_whose), key=_whose):
            member = Member(person, section.get(person, ""))
            now = standings(found.get(name, Rules()), member, list(mine), scores)
            told.update({one.receipt.submission: one for one in now})
        return [told[one.submission] for one in given]


def judge_in(connection: Connection, course: str, name: str, person: str, now: datetime, zone: str) -> Chance:
    """Whether a submission is taken and what it is, by what the store says in this transaction; raises Refused."""
    mine = sql.and_(_of(submissions, course, name), submissions.c.person == person)
    so_far = connection.execute(sql.select(sql.func.max(submissions.c.attempt)).where(mine)).scalar() or 0
    found, member = rules_in(connection, course, name).get(name, Rules()), _member(connection, course, person)
    return judge(found, member, now, so_far=so_far, say=moment_in(zone))


def rules_in(connection: Connection, course: str, name: str | None = None) -> dict[str, Rules]:
    """The rules of a course's assignments, or of one, by name."""
    dues = sql.select(assignments.c.name, assignments.c.due).where(assignments.c.course == course)
    kept = sql.select(tables.rules.c.assignment, tables.rules.c.told).where(tables.rules.c.course == course)
    given = sql.select(extensions).where(extensions.c.course == course, extensions.c.ended_at.is_(None))
    if name is not None:
        dues = dues.where(assignments.c.name == name)
        kept = kept.where(tables.rules.c.assignment == name)
        given = given.where(extensions.c.assignment == name)
    due = {row["name"]: row["due"] for row in connection.execute(dues).mappings()}
    told = {row["assignment"]: row["told"] for row in connection.execute(kept).mappings()}
    later: dict[str, list[Extension]] = {}
    for row in connection.execute(given.order_by(extensions.c.id)).mappings():
        later.setdefault(row["assignment"], []).append(_extension(row))
    return {
        one: Rules.of_data(told.get(one, {}), due=at, extensions=tuple(later.get(one, ()))) for one, at in due.items()
    }


def set_due_in(connection: Connection, course: str, name: str, due: datetime | None) -> None:
    """Set an assignment's due date; one that was not handed out yet is known from now on."""
    here = sql.and_(assignments.c.course == course, assignments.c.name == name)
    done = connection.execute(sql.update(assignments).where(here).values(due=due))
    if not done.rowcount:
        connection.execute(sql.insert(assignments).values(course=course, name=name, due=due, files=[]))


def _of(table: sql.Table, course: str, name: str) -> sql.ColumnElement[bool]:
    return sql.and_(table.c.course == course, table.c.assignment == name)


def _whose(receipt: Receipt) -> tuple[str, str]:
    return receipt.person, receipt.assignment


def _member(connection: Connection, course: str, person: str) -> Member:
    query = sql.select(members.c.section).where(members.c.course == course, members.c.person == person)
    return Member(person, connection.execute(query).scalar() or "")


def _scores(connection: Connection, course: str, whose: set[str], names: set[str]) -> Mapping[str, tuple[float, float]]:
    """Points and the highest possible ones, by submission, of some assignments: those given back, else the automatic ones."""
    which = [submissions.c.course == course, submissions.c.assignment.in_(names)]
    if len(whose) == 1:  # one person looks often, and must not have everybody's read
        which.append(submissions.c.person.in_(whose))
    automatic = sql.select(results).join(submissions, submissions.c.id == results.c.submission).where(*which)
    found = [result_of(row["submission"], row["questions"]) for row in connection.execute(automatic).mappings()]
    given = (
        sql.select(feedback.c.submission, feedback.c.score, feedback.c.max_score)
        .join(submissions, submissions.c.id == feedback.c.submission)
        .where(*which, feedback.c.score.is_not(None))
    )
    back = {row[0]: (row[1], row[2] or 0.0) for row in connection.execute(given)}
    return {**{one.submission: (one.score, one.max_score + one.by_hand) for one in found}, **back}


def _extension(row: RowMapping) -> Extension:
    return Extension(row["id"], Kind(row["kind"]), row["who"], row["due"], row["given_by"], row["at"], row["reason"])
