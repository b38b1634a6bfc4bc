"""The tables of CampusHub's own store. Times are ISO 8601 texts in UTC: SQLite keeps no time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)


class Moment(TypeDecorator[datetime]):
    """A time with its zone, kept as UTC text that sorts."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's)
        return value.astimezone(UTC).isoformat(timespec="microseconds") if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return datetime.fromisoformat(value) if value else None


metadata = MetaData()

people = Table(
    "people",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("student_id", String(16), nullable=False, unique=True),
    Column("full_name", String(200), nullable=False),
    Column("email", String(200), nullable=False, default=""),
    Column("password", String(200)),
    Column("must_change", Boolean, nullable=False, default=True),
)

members = Table(
    "members",
    metadata,
    Column("person", ForeignKey("people.name"), primary_key=True),
    Column("course", String(24), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("section", String(200), nullable=False, default=""),
)

guesses = Table(
    "guesses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, index=True),
    Column("address", String(64), nullable=False, index=True),
    Column("at", Moment, nullable=False),
)

assignments = Table(
    "assignments",
    metadata,
    Column("course", String(24), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("due", Moment),
    Column("release", String(40)),  # folder of its files; none while it is withdrawn
    Column("released_at", Moment),
    Column("files", JSON, nullable=False, default=list),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("course", String(24), nullable=False),
    Column("assignment", String(128), nullable=False),
    Column("person", ForeignKey("people.name"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("due", Moment),
    Column("late", Boolean, nullable=False),
    Column("key", String(100), nullable=False),
    Column("files", JSON, nullable=False),
    UniqueConstraint("course", "assignment", "person", "attempt"),
    UniqueConstraint("person", "key"),
    Index("submissions_of_assignment", "course", "assignment", "at", "id"),
    Index("submissions_of_person", "course", "person", "at"),
)

remarks = Table(
    "remarks",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("folder", String(60), nullable=False),
    Column("score", Float),
    Column("max_score", Float),
    Column("released_at", Moment, nullable=False),
    Column("files", JSON, nullable=False),
)

results = Table(
    "results",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("questions", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("course", String(24), nullable=False),
    Column("assignment", String(128), nullable=False),
    Column("student_id", String(16)),
    Column("verb", String(16), nullable=False),
    Column("person", String(64), nullable=False),
    Column("state", String(8), nullable=False, index=True),
    Column("message", Text, nullable=False, default=""),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("at", Moment, nullable=False),
)

ends = Table(
    "ends",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", String(64), nullable=False, index=True),
    Column("server", String(40), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("exit_code", Integer),
    Column("log", JSON, nullable=False, default=list),
    Column("at", Moment, nullable=False),
)

fetches = Table(
    "fetches",
    metadata,
    Column("course", String(24), primary_key=True),
    Column("assignment", String(128), primary_key=True),
    Column("person", ForeignKey("people.name"), primary_key=True),
    Column("at", Moment, nullable=False),
)

mark_changes = Table(
    "mark_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch", String(64), nullable=False),  # what was told at once; told again it is the same
    Column("place", Integer, nullable=False),
    Column("course", String(24), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("who", String(64), nullable=False),  # empty: the grader
    Column("assignment", String(128), nullable=False),
    Column("student_id", String(64), nullable=False),
    Column("notebook", Text, nullable=False),
    Column("cell", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("before", Text),
    Column("after", Text),
    UniqueConstraint("batch", "place"),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("course", String(24), nullable=False, index=True),
    Column("assignment", String(128), nullable=False),
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("person", ForeignKey("people.name"), nullable=False, index=True),
    Column("notebook", Text, nullable=False),
    Column("cell", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("answer", Text),
    Column("answered_by", String(64)),
    Column("answered_at", Moment),  # none while it is open
    Column("seen_at", Moment),
)

openings = Table(
    "openings",
    metadata,
    Column("course", String(24), primary_key=True),
    Column("assignment", String(128), primary_key=True),
    Column("person", ForeignKey("people.name"), primary_key=True),
    Column("at", Moment, nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("course", String(24), nullable=False, index=True),
    Column("person", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),
)

rules = Table(
    "rules",
    metadata,
    Column("course", String(24), primary_key=True),
    Column("assignment", String(128), primary_key=True),
    Column("told", JSON, nullable=False),  # as hub.rules tells them, without the due date: that is the assignment's own
)

extensions = Table(
    "extensions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("course", String(24), nullable=False, index=True),
    Column("assignment", String(128), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("who", Text, nullable=False),
    Column("due", Moment, nullable=False),
    Column("reason", String(200), nullable=False, default=""),
    Column("given_by", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),
)

held = text("freed_at IS NULL")  # of a lease: one a slot, one a person
where_held: dict[str, Any] = {"sqlite_where": held, "postgresql_where": held}

slots = Table(
    "slots",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("trouble", Text, nullable=False, default=""),  # why it is lent to nobody; empty for a good one
    Column("failed", Boolean, nullable=False, default=False, server_default=false()),  # the device itself
)

leases = Table(
    "leases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slot", String(64), nullable=False),
    Column("device", String(96), nullable=False, default="", server_default=""),
    Column("person", String(64), nullable=False),
    Column("course", String(24), nullable=False),
    Column("state", String(8), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("since", Moment, nullable=False),  # in this state
    Column("until", Moment, nullable=False),
    Column("busy_at", Moment, nullable=False),
    Column("warned", String(8)),
    Column("warned_at", Moment),
    Column("began_at", Moment),  # none while it is offered
    Column("ended_at", Moment),
    Column("reason", String(8)),
    Column("ended_by", String(64)),
    Column("hours", Float, nullable=False, default=0),  # GPU hours, once it has ended
    Column("freed_at", Moment),  # when its container was gone; none while it holds the slot
    Index("lease_of_slot", "slot", unique=True, **where_held),
    Index("lease_of_person", "person", unique=True, **where_held),
    Index("leases_of_week", "person", "ended_at"),
)

lease_log = Table(
    "lease_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("course", String(24), nullable=False, index=True),
    Column("person", String(64), nullable=False),
    Column("slot", String(64), nullable=False),
    Column("done_by", String(64), nullable=False),
    Column("what", String(8), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

tickets = Table(
    "tickets",
    metadata,
    Column("person", String(64), primary_key=True),
    Column("course", String(24), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ahead", Boolean, nullable=False, default=False),
)

gpu_hours = Table(
    "gpu_hours",
    metadata,
    Column("person", String(64), primary_key=True),
    Column("hours", Float, nullable=False),  # decayed up to `at`
    Column("at", Moment, nullable=False),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("course", String(24), nullable=False, index=True),
    Column("begins", Moment, nullable=False),
    Column("ends", Moment, nullable=False, index=True),
    Column("slots", Integer, nullable=False),
    Column("person", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),
)
