"""CampusHub's own store: people, courses' rosters, assignments, submissions, feedback, jobs.

One class per subject shares the connection; each public method is one transaction. Only the service opens it.
SQLite by default (WAL, synchronous FULL), PostgreSQL by its URL.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.schema import CreateColumn, CreateIndex

from hub.adapters.tables import ends, guesses, members, metadata, people
from hub.courses import Person, Role
from hub.passwords import WINDOW_SECONDS, WrongGuesses

BUSY_SECONDS = 30


def open_database(url: str) -> Engine:
    """Open the store and make its tables; SQLite gets the settings under which nothing acknowledged is lost."""
    if not url.startswith("sqlite"):
        engine = sql.create_engine(url, pool_pre_ping=True)
    else:
        engine = sql.create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

        @sql.event.listens_for(engine, "connect")
        def _settle(connection: Any, record: Any) -> None:  # noqa: ARG001 (SQLAlchemy's signature)
            connection.isolation_level = None  # SQLAlchemy's documented way to have BEGIN IMMEDIATE
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")

        @sql.event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    metadata.create_all(engine)
    with engine.begin() as connection:  # `create_all` adds nothing to a table that an earlier version has made
        for table in metadata.sorted_tables:
            there = {column["name"] for column in sql.inspect(connection).get_columns(table.name)}
            for column in (column for column in table.columns if column.name not in there):
                about = CreateColumn(column).compile(dialect=engine.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {about}")
        for index in (index for table in metadata.sorted_tables for index in table.indexes):
            connection.execute(CreateIndex(index, if_not_exists=True))
    return engine


@dataclass(frozen=True)
class Store:
    """People and what happened to them. Assignments and submissions are in `hub.adapters.work`."""

    engine: Engine
    admins: frozenset[str] = frozenset()

    @classmethod
    def at(cls, folder: Path, admins: Iterable[str] = ()) -> Store:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(open_database(f"sqlite:///{folder / 'store.sqlite'}"), frozenset(admins))

    def begin(self) -> AbstractContextManager[Connection]:
        return self.engine.begin()

    # -- people ----------------------------------------------------------------------------------------------------

    def person(self, name: str) -> Person | None:
        with self.begin() as connection:
            row = connection.execute(sql.select(people).where(people.c.name == name)).mappings().first()
            if row is None:
                return None
            found = connection.execute(sql.select(members).where(members.c.person == name)).mappings()
            roles = {member["course"]: Role(member["role"]) for member in found}
        return Person(
            name=row["name"],
            full_name=row["full_name"],
            student_id=row["student_id"],
            email=row["email"],
            admin=row["name"] in self.admins,
            must_change=row["must_change"] and row["password"] is not None,
            courses=roles,
        )

    def names_of_email(self, email: str) -> list[str]:
        """Everybody with this e-mail address, however it is written."""
        with self.begin() as connection:
            query = sql.select(people.c.name).where(sql.func.lower(people.c.email) == email.lower())
            return list(connection.execute(query.order_by(people.c.name)).scalars())

    def kept_password(self, name: str) -> str | None:
        with self.begin() as connection:
            return connection.execute(sql.select(people.c.password).where(people.c.name == name)).scalar()

    def set_password(self, name: str, hashed: str | None, *, must_change: bool) -> None:
        """Keep a password's hash, or none: then the person signs in by the campus' provider only."""
        with self.begin() as connection:
            connection.execute(
                sql.update(people).where(people.c.name == name).values(password=hashed, must_change=must_change)
            )

    def add_person(self, name: str) -> bool:
        """Make a person without a course (an administrator); says whether they have no password yet."""
        with self.begin() as connection:
            upsert_person(connection, name, {"full_name": name, "email": ""}, known={})
            return connection.execute(sql.select(people.c.password).where(people.c.name == name)).scalar() is None

    # -- wrong guesses ---------------------------------------------------------------------------------------------

    def wrong_guesses(self, name: str, address: str, now: datetime) -> WrongGuesses:
        since = now - timedelta(seconds=WINDOW_SECONDS)
        same_name, same_address = guesses.c.name == name[:64], guesses.c.address == address[:64]

        def count(*which: sql.ColumnElement[bool]) -> int:
            query = sql.select(sql.func.count()).select_from(guesses).where(guesses.c.at > since, *which)
            return int(connection.execute(query).scalar_one())

        with self.begin() as connection:
            return WrongGuesses(here=count(same_name, same_address), name=count(same_name), address=count(same_address))

    def note_guess(self, name: str, address: str, now: datetime) -> None:
        with self.begin() as connection:
            connection.execute(sql.insert(guesses).values(name=name[:64], address=address[:64], at=now))
            connection.execute(sql.delete(guesses).where(guesses.c.at < now - timedelta(days=1)))

    def forget_guesses(self, name: str, address: str) -> None:
        with self.begin() as connection:
            connection.execute(
                sql.delete(guesses).where(guesses.c.name == name[:64], guesses.c.address == address[:64])
            )

    # -- servers that ended ----------------------------------------------------------------------------------------

    def note_end(
        self,
        *,
        person: str,
        server: str,
        reason: str,
        exit_code: int | None,
        log: list[str],
        at: datetime,
        started: datetime | None = None,
    ) -> None:
        """Keep how a server ended; one that is known to have ended since its start is not noted twice."""
        known = self.last_end(person, server)
        if known and started and known["at"] >= started:
            return
        row = {"person": person, "server": server, "reason": reason, "exit_code": exit_code, "log": log, "at": at}
        with self.begin() as connection:
            connection.execute(sql.insert(ends).values(**row))

    def last_end(self, person: str, server: str) -> dict[str, Any] | None:
        query = sql.select(ends).where(ends.c.person == person, ends.c.server == server).order_by(ends.c.id.desc())
        with self.begin() as connection:
            row = connection.execute(query.limit(1)).mappings().first()
        return dict(row) if row else None


def upsert_person(connection: Connection, name: str, about: dict[str, str], *, known: dict[str, Any]) -> bool:
    if not known:
        there = connection.execute(sql.select(people.c.name).where(people.c.name == name)).first()
        if there is None:
            student_id = "s" + secrets.token_hex(5)
            connection.execute(sql.insert(people).values(name=name, student_id=student_id, must_change=True, **about))
        return False
    if all(known[key] == value for key, value in about.items()):
        return False
    connection.execute(sql.update(people).where(people.c.name == name).values(**about))
    return True
