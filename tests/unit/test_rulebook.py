"""Rules and extensions in a real store: what is taken, and what stored submissions are worth when a date moves."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.adapters import databases
from hub.adapters.blobs import Blobs
from hub.adapters.members import Members
from hub.adapters.rules import Rulebook
from hub.adapters.store import Store
from hub.adapters.work import Work
from hub.exchange import Receipt, Refused
from hub.extensions import Kind
from hub.roster import parse
from hub.rules import Counts, Late, Rules

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROSTER = "name,section\nasha,A\nbela,B\n"


def packed() -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo("notes.txt")
        archive.addfile(member, io.BytesIO(b""))
    made.seek(0)
    return made


class Course:
    """A course with one assignment that is due at noon, in a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.at(folder)
        self.book = Rulebook(self.store, "Asia/Kolkata")
        blobs = Blobs(folder, 0)
        blobs.clean()
        self.work = Work(self.store, blobs, 10**6, zone="Asia/Kolkata")
        entries, _ = parse(ROSTER)
        Members(self.store).bring_in("demo", entries, keep=True)
        self.work.release("demo", "ps1", packed(), due=NOON, now=NOON - DAY)

    def submit(self, person: str, at: datetime, key: str = "") -> Receipt:
        return self.work.submit("demo", "ps1", person, packed(), key=key or f"{person} {at}", now=at)

    def keep(self, **changed: object) -> None:
        self.book.keep("demo", "ps1", replace(Rules(due=NOON), **changed))  # type: ignore[arg-type]

    def extend(self, who: str, due: datetime, kind: Kind = Kind.PERSON) -> None:
        about = {"kind": kind, "who": who, "due": due, "reason": "ill", "given_by": "ivy", "now": NOON}
        self.book.extend("demo", "ps1", **about)  # type: ignore[arg-type]

    def late(self) -> list[bool]:
        return [one.receipt.late for one in self.book.standings("demo", self.work.receipts("demo"))]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path)


def test_rules_are_kept_with_the_due_date_of_the_assignment(course: Course) -> None:
    assert course.book.of("demo", "ps1") == Rules(due=NOON)
    some = Rules(due=NOON + DAY, opens_at=NOON, late=Late.PERCENT, attempts=3, counts=Counts.BEST, seconds=20)
    course.book.keep("demo", "ps1", some)
    assert course.book.of("demo", "ps1") == some
    course.work.set_due("demo", "ps1", NOON + 2 * DAY)
    assert course.book.of("demo", "ps1") == replace(some, due=NOON + 2 * DAY)


def test_assignment_that_is_not_handed_out_yet_has_rules(course: Course) -> None:
    course.work.set_due("demo", "ps2", NOON)
    course.book.keep("demo", "ps2", Rules(due=NOON, attempts=1))
    assert [one.name for one in course.work.assignments("demo")] == ["ps1"]
    assert course.book.of_course("demo")["ps2"].attempts == 1
    course.work.release("demo", "ps2", packed(), due=NOON, now=NOON)
    assert course.book.of("demo", "ps2") == Rules(due=NOON, attempts=1)


def test_receipt_has_the_date_that_holds_for_this_person(course: Course) -> None:
    course.extend("A", NOON + DAY, Kind.SECTION)
    mine, other = course.submit("asha", NOON + HOUR), course.submit("bela", NOON + HOUR)
    assert (mine.due, mine.late) == (NOON + DAY, False)
    assert (other.due, other.late) == (NOON, True)


def test_refusal_says_the_time_of_the_campus_and_leaves_nothing(course: Course, tmp_path: Path) -> None:
    course.keep(late=Late.REFUSE)
    with pytest.raises(Refused, match=r"until Tuesday 1 December 2026, 17:30"):
        course.submit("asha", NOON + HOUR)
    assert list((tmp_path / "submissions").iterdir()) == []


def test_the_same_key_gives_the_same_receipt_after_the_end_too(course: Course) -> None:
    course.keep(late=Late.REFUSE, attempts=1)
    first = course.submit("asha", NOON - HOUR, key="the same")
    assert course.submit("asha", NOON + HOUR, key="the same") == first


def test_one_attempt_and_two_at_once_are_one_receipt_and_one_refusal(course: Course, tmp_path: Path) -> None:
    course.keep(attempts=1)

    def hand_in(key: str) -> str:
        try:
            return course.submit("asha", NOON - HOUR, key=key).submission
        except Refused as refused:
            return str(refused)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(hand_in, "abcd"))
    assert sum("attempt is used" in one for one in told) == 3
    stored = course.work.receipts("demo")
    assert [one.submission for one in stored] == [one for one in told if "attempt" not in one]
    assert [path.name for path in (tmp_path / "submissions").iterdir()] == [stored[0].submission]


@pytest.mark.parametrize(
    "move",
    [
        lambda course: course.work.set_due("demo", "ps1", NOON + DAY),
        lambda course: course.extend("asha", NOON + DAY),
        lambda course: course.extend("asha bela", NOON + DAY, Kind.GROUP),
    ],
)
def test_stored_submission_follows_a_date_that_moves(course: Course, move: Callable[[Course], None]) -> None:
    course.submit("asha", NOON + HOUR)
    assert course.late() == [True]
    move(course)
    assert course.late() == [False]
    assert course.work.receipts("demo")[0].late, "what was said then stays"


def test_extension_that_is_taken_back_holds_no_more(course: Course) -> None:
    course.submit("asha", NOON + HOUR)
    course.extend("asha", NOON + DAY)
    number = course.book.of("demo", "ps1").extensions[0].number
    course.book.end_extension("demo", "other", number, NOON)
    assert course.late() == [False]
    course.book.end_extension("demo", "ps1", number, NOON)
    assert course.late() == [True]


def test_extension_that_is_not_later_is_refused(course: Course) -> None:
    with pytest.raises(Refused, match="later than"):
        course.extend("asha", NOON)


def test_store_of_an_earlier_version_opens_and_has_the_old_rules(course: Course, tmp_path: Path) -> None:
    course.submit("asha", NOON + HOUR)
    course.store.engine.dispose()
    with sqlite3.connect(tmp_path / "store.sqlite") as old:
        old.executescript("drop table rules; drop table extensions;")
    again = Rulebook(Store.at(tmp_path))
    assert again.of("demo", "ps1") == Rules(due=NOON)


def test_backup_of_the_store_has_rules_and_extensions(course: Course, tmp_path: Path) -> None:
    course.keep(attempts=2)
    course.extend("asha", NOON + DAY)
    (tmp_path / "again").mkdir()
    databases.copy(tmp_path / "store.sqlite", tmp_path / "again" / "store.sqlite")
    assert Rulebook(Store.at(tmp_path / "again")).of("demo", "ps1") == course.book.of("demo", "ps1")
