"""Collecting: what has changed is known in a word, and a note of what was collected is believed only while it is true."""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sql
from campushub_client import collected, folders
from campushub_client.collected import SUBMISSION_FILE, Note
from campushub_client.exchange import add_to_gradebook
from nbgrader.api import Gradebook

from hub.adapters import changes
from hub.adapters.blobs import Blobs
from hub.adapters.members import Members
from hub.adapters.results import Results
from hub.adapters.rules import Rulebook
from hub.adapters.store import Store
from hub.adapters.work import Work
from hub.courses import Role
from hub.exchange import Receipt
from hub.extensions import Kind
from hub.results import Result
from hub.roster import Entry
from hub.rules import Counts, Rules
from tests.small_hub import NOW, packed

NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    store = Store.at(tmp_path)
    people = [Entry(2, "asha", "Asha A", "", Role.STUDENT, "A"), Entry(3, "ben", "Ben B", "", Role.STUDENT, "B")]
    Members(store).bring_in("nn", people, keep=True)
    blobs = Blobs(tmp_path, 0)
    blobs.clean()
    made = Work(store, blobs, 1024**2)
    for name in ("ps", "other"):
        made.release("nn", name, packed(**{"data.csv": "1"}), due=NOW, now=NOW)
    hand_in(made, "asha", "first")
    yield made
    store.engine.dispose()


def hand_in(work: Work, person: str, key: str, *, name: str = "ps") -> Receipt:
    return work.submit("nn", name, person, packed(**{"data.csv": key}), key=key, now=NOW)


def word(work: Work) -> str:
    return changes.word(work.store, "nn", "ps")


def test_word_stays_while_nothing_happens_to_the_assignment(work: Work) -> None:
    before = word(work)
    hand_in(work, "ben", "elsewhere", name="other")
    hand_in(work, "asha", "first")
    Rulebook(work.store).extend(
        *("nn", "other"), kind=Kind.PERSON, who="ben", due=NOW + timedelta(1), reason="", given_by="t", now=NOW
    )
    assert word(work) == before


def test_word_is_another_after_everything_that_may_change_what_is_collected(work: Work) -> None:
    book, seen = Rulebook(work.store), [word(work)]

    def happened() -> None:
        seen.append(word(work))
        assert len(set(seen)) == len(seen)

    hand_in(work, "ben", "second")
    happened()
    work.set_due("nn", "ps", NOW + timedelta(hours=1))
    happened()
    later = NOW + timedelta(days=1)
    book.extend("nn", "ps", kind=Kind.SECTION, who="B", due=later, reason="", given_by="t", now=NOW)
    happened()
    Members(work.store).bring_in("nn", [Entry(2, "asha", "Asha A", "", Role.STUDENT, "B")], keep=True)
    happened()
    book.keep("nn", "ps", Rules(due=NOW, counts=Counts.BEST))
    happened()
    receipt = hand_in(work, "ben", "third")
    happened()
    for at in (NOW, later):
        work.give_back(receipt.submission, packed(**{"a.html": "x"}), score=1, max_score=5, now=at)
        happened()
        Results(work.store).keep(Result(receipt.submission, ()), at)
        happened()


def test_indexes_are_made_in_a_store_of_an_earlier_version_and_used(tmp_path: Path, work: Work) -> None:
    work.store.engine.dispose()
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        database.execute("drop index submissions_of_assignment")
        database.execute("drop index submissions_of_person")
    database.close()
    again = Store.at(tmp_path)
    queries = {
        "submissions_of_person": "select * from submissions where course = 'nn' and person = 'asha' order by at, attempt",
        "submissions_of_assignment": "select id from submissions where course = 'nn' and assignment = 'ps' order by at desc, id",
    }
    with again.begin() as connection:
        for index, query in queries.items():
            plan = connection.execute(sql.text(f"explain query plan {query}")).all()
            assert index in str(plan), plan
    again.engine.dispose()


def test_submissions_come_together_each_below_its_id(work: Work) -> None:
    receipts = [hand_in(work, "asha", "second"), hand_in(work, "ben", "third")]
    ids = [one.submission for one in receipts]
    assert work.of_assignment("nn", "ps", [*ids, "0" * 24]) == set(ids)
    assert work.of_assignment("nn", "other", ids) == set()
    with work.blobs.packed_together("submissions", ids) as stream, tarfile.open(fileobj=stream) as archive:
        assert [member.name for member in archive] == [f"{one}/data.csv" for one in ids]


def laid(course: Path, student: str, submission: str) -> dict[str, int]:
    """Collect a submission as the exchange's client does."""
    folder = course / "submitted" / student / "ps"
    inside = {f"{submission}/ps.ipynb": NOTEBOOK, f"{submission}/{SUBMISSION_FILE}": "a name that is ours"}
    with folders.unpacked(packed(**inside), course) as scratch:
        written = collected.lay(scratch / submission, folder, submission=submission, at="2026-11-21 12:00:00.0 UTC")
    assert collected.there(folder) == (submission, written)
    assert (folder / "ps.ipynb").exists()
    assert not list(course.glob(".incoming-*"))
    return {str(folder / SUBMISSION_FILE): written}


def test_note_is_believed_while_everything_lies_where_it_was_laid(tmp_path: Path) -> None:
    note = Note.of(tmp_path, "ps")
    assert note.word() == ""
    note.keep("as it stood", {**laid(tmp_path, "s1", "a" * 24), **laid(tmp_path, "s2", "b" * 24)})
    assert note.word() == "as it stood"


@pytest.mark.parametrize("harm", ["gone", "another", "edited", "no note"])
def test_note_is_not_believed_once_something_is_not_as_it_was_laid(tmp_path: Path, harm: str) -> None:
    note = Note.of(tmp_path, "ps")
    note.keep("as it stood", {**laid(tmp_path, "s1", "a" * 24), **laid(tmp_path, "s2", "b" * 24)})
    folder = tmp_path / "submitted" / "s2" / "ps"
    match harm:
        case "gone":
            folder.rename(tmp_path / "away")
        case "another":
            laid(tmp_path, "s2", "c" * 24)
        case "edited":
            (folder / SUBMISSION_FILE).write_text("c" * 24, encoding="utf-8")
            os.utime(folder / SUBMISSION_FILE)
        case "no note":
            note.path.write_text('{"word": "as it stood"', encoding="utf-8")
    assert note.word() == ""


def test_tar_that_breaks_off_leaves_what_was_collected_before(tmp_path: Path) -> None:
    laid(tmp_path, "s1", "a" * 24)
    broken = io.BytesIO(packed(**{"b/ps.ipynb": "x" * 20_000}).getvalue()[:9000])
    with pytest.raises((tarfile.TarError, OSError)), folders.unpacked(broken, tmp_path):
        pass
    assert collected.there(tmp_path / "submitted" / "s1" / "ps")[0] == "a" * 24
    assert not list(tmp_path.glob(".incoming-*"))


def test_many_students_are_named_in_the_gradebook_at_once_and_renamed_where_they_changed(tmp_path: Path) -> None:
    course = SimpleNamespace(db_url=f"sqlite:///{tmp_path / 'gradebook.db'}", course_id="nn")
    people = [
        {"student_id": f"s{n}", "full_name": f"Asha <b>{n}</b> Kulkarni", "email": f"{n}@example.edu"} for n in range(5)
    ]
    add_to_gradebook(course, people)
    add_to_gradebook(course, [{**people[0], "full_name": "Asha Joshi"}, people[1]])
    with Gradebook(course.db_url) as gradebook:
        found = {one.id: (one.first_name, one.last_name, one.email) for one in gradebook.students}
    assert found["s0"] == ("Asha", "Joshi", "0@example.edu")
    assert found["s1"] == ("Asha b1/b", "Kulkarni", "1@example.edu")
    assert len(found) == 5
