"""Marks that change in a gradebook are told to the service first; what it cannot log is not kept.

It listens to SQLAlchemy, under nbgrader's own code: whatever writes marks in this process, formgrader or grading, is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Comment, Grade, SubmittedNotebook
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from campushub_client.service import Service, ServiceError

WATCHED = {
    Grade: {"auto_score": "automatic", "manual_score": "manual", "extra_credit": "extra"},
    SubmittedNotebook: {"late_submission_penalty": "penalty"},
    Comment: {"manual_comment": "comment"},
}
HEARD = "campushub_marks"  # in a session's own notes: what it is about to change


class NotLogged(ServiceError):
    """A mark that was left as it was, since its change could not be logged."""


def watch(service: Service) -> Callable[[], None]:
    """Tell the service of every change of a mark in this process from now on; what ends it.

    What changes a mark gets NotLogged raised when it commits, and the mark stays as it was.
    """

    def hear(session: Session, *_: Any) -> None:
        objects = [one for one in (*session.new, *session.dirty, *session.deleted) if type(one) in WATCHED]
        if objects:
            _write_alone(session)
        session.info[HEARD] = [change for one in objects for change in _changes(session, one)]

    def tell(session: Session, *_: Any) -> None:
        if changes := session.info.pop(HEARD, []):
            try:
                service.log_marks(_course(session), changes)
            except ServiceError as refused:
                raise NotLogged(f"The log of marks did not take this, so the mark stays as it was. {refused}") from None

    def stop() -> None:
        event.remove(Session, "before_flush", hear)
        event.remove(Session, "after_flush", tell)

    event.listen(Session, "before_flush", hear)
    event.listen(Session, "after_flush", tell)
    return stop


def _course(session: Session) -> str:
    """The course of a gradebook: the folder in which it lies has the course's key as its name (course_config.py)."""
    return Path(str(session.connection().engine.url.database)).parent.name


def _write_alone(session: Session) -> None:
    """Keep other writers waiting until this one is through: what a mark was before is then what it was just before."""
    connection = session.connection()
    database = connection.connection.dbapi_connection
    if not getattr(database, "in_transaction", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _changes(session: Session, one: Any) -> Iterator[dict[str, Any]]:
    state, gone = inspect(one), one in session.deleted
    for attribute, kind in WATCHED[type(one)].items():
        if not gone and not state.attrs[attribute].history.has_changes():
            continue
        before = None if one in session.new else _kept(session, one, attribute)
        after = None if gone else _plain(one, getattr(one, attribute))
        if before != after:
            yield {**_where(one), "kind": kind, "from": before, "to": after}


def _kept(session: Session, one: Any, attribute: str) -> Any:
    """A mark as it is in the gradebook now, whatever the session remembers."""
    table = inspect(type(one)).local_table
    return _plain(one, session.connection().execute(select(table.c[attribute]).where(table.c.id == one.id)).scalar())


def _plain(one: Any, value: Any) -> Any:
    """A text of a comment, a number of everything else: formgrader's pages send numbers as texts."""
    return value if value is None or isinstance(one, Comment) else float(value)


def _where(one: Any) -> dict[str, Any]:
    notebook = one if isinstance(one, SubmittedNotebook) else one.notebook
    return {
        "assignment": notebook.assignment.name,
        "student_id": notebook.student.id,
        "notebook": notebook.name,
        "cell": "" if notebook is one else one.name,
    }
