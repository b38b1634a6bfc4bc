"""Handing in for students: what an upload of staff would do, and doing it. The same files count once."""

from __future__ import annotations

import hashlib
import json
import secrets
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from hub.adapters.arrivals import Arrival, handed_out
from hub.adapters.unpacked import Spooled, Unpacked
from hub.adapters.work import Assignment
from hub.courses import Person, Role
from hub.exchange import Receipt, Refused
from hub.extensions import Kind
from hub.handed_in_for import Student, Whose
from hub.handed_in_words import named
from hub.moments import moment_in
from hub.services import at_submit
from hub.services.dates import dates_moved
from hub.services.state import State
from hub.services.waiting import Done, Found, Looked

TIMES_LARGER = 10  # than a submission may all that is unpacked be, as a disk's bound
ON_TIME = "handed in by staff, on time"


def look(state: State, by: Person, course: str, name: str, uploads: list[tuple[str, IO[bytes]]]) -> Looked:
    """What an upload would do; nothing is stored. Raises Refused when nothing can be handed in for this assignment."""
    assignment = _assignment(state, course, name)
    folder = state.work.blobs.top / "incoming" / f".for-{secrets.token_hex(8)}"
    unpacked = Unpacked.of(uploads, folder, limit=TIMES_LARGER * state.work.limit)
    try:
        students = [student(one) for one in state.members.of(course) if one["role"] == Role.STUDENT]
        whose = Whose.of(students, [course, name, *(file.path for file in assignment.files)])
        sorted_out = whose.sort(unpacked.files)
        people = {one.name: one for one in students}
        found = tuple(
            _found(state, assignment, people[who], paths, unpacked.files) for who, paths in sorted_out.belongs.items()
        )
    except BaseException:
        unpacked.remove()
        raise
    return Looked(by.name, course, name, state.now(), unpacked, found, {**unpacked.left, **sorted_out.left})


def hand_in(state: State, by: Person, looked: Looked, names: list[str], *, on_time: bool) -> list[Done]:
    """Hand in for the students of these names; each gets a receipt or a reason."""
    now = state.now()
    chosen = [one for one in looked.found if one.student.name in names and not one.why_not]
    new = [one for one in chosen if earlier(state, looked.course, looked.name, one) is None]
    if on_time:
        _extend(state, by, looked, new, now)
    return [_one(state, by, looked, one, now) for one in chosen]


def follow(state: State, by: Person, looked: Looked, done: list[Done], *, on_time: bool) -> None:
    """Ask the grader for what follows; in the thread of the event loop, where its jobs are waited for."""
    rules = state.rulebook.of(looked.course, looked.name)
    for one in done:
        if one.receipt is not None and not one.again:
            at_submit.ask(state, one.receipt, rules)
    if on_time:
        dates_moved(state, looked.course, looked.name, by=by.name)


def earlier(state: State, course: str, name: str, found: Found) -> Receipt | None:
    """The receipt of a student's submission with just these files, if there is one."""
    receipts = state.work.receipts(course, person=found.student.name, name=name)
    return next((one for one in receipts if {file.path: file.sha256 for file in one.files} == found.kept), None)


def student(member: Mapping[str, str]) -> Student:
    return Student(member["name"], member["full_name"], member["email"], member["student_id"])


def _assignment(state: State, course: str, name: str) -> Assignment:
    found = state.work.assignment(course, name)
    if found is None or found.release is None:
        raise Refused(f"'{name}' is not handed out in this course now. Release it first.")
    return found


def _found(
    state: State, assignment: Assignment, who: Student, paths: Mapping[str, str], files: Mapping[str, Spooled]
) -> Found:
    wanted = handed_out(state.work.blobs, str(assignment.release), [file.path for file in assignment.files])
    try:
        with _packed(state, paths, files) as packed:
            arrival = Arrival(packed, wanted, state.work.limit)
            verdict = arrival.judged(confirmed=True)
    except Refused as refused:
        return Found(who, paths, why_not=str(refused))
    inside = {one.path: one.sha256 or str(one.size) for one in arrival.files}
    digests = inside | {mine: files[path].sha256 for path, mine in paths.items()}
    return Found(who, paths, verdict.told, kept={told: digests[path] for path, told in verdict.kept.items()})


@contextmanager
def _packed(state: State, paths: Mapping[str, str], files: Mapping[str, Spooled]) -> Iterator[IO[bytes]]:
    """One student's files as the tar that a submission is."""
    place = state.work.blobs.top / "incoming" / f".packed-{secrets.token_hex(8)}"
    with place.open("x+b") as stream:
        Path(stream.name).unlink()  # it lives as long as it is open
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for path, mine in paths.items():
                member = tarfile.TarInfo(mine)
                member.size = files[path].size
                with files[path].place.open("rb") as content:
                    archive.addfile(member, content)
        stream.seek(0)
        yield stream


def _one(state: State, by: Person, looked: Looked, found: Found, now: datetime) -> Done:
    if (same := earlier(state, looked.course, looked.name, found)) is not None:
        return Done(found.student, same, again=True)
    at = moment_in(state.settings.timezone)(now)
    note = f"Handed in by {by.full_name} for {found.student.full_name} on {at}, from {named(found.sources)}."
    what = json.dumps([looked.course, looked.name, sorted(found.kept.items())])
    key = f"for-{hashlib.sha256(what.encode()).hexdigest()}"
    try:
        with _packed(state, found.paths, looked.unpacked.files) as packed:
            receipt = state.work.submit(
                looked.course,
                looked.name,
                found.student.name,
                packed,
                key=key,
                now=now,
                confirmed=True,
                note=note,
            )
    except Refused as refused:
        return Done(found.student, None, why_not=str(refused))
    return Done(found.student, receipt, again=receipt.at != now)


def _extend(state: State, by: Person, looked: Looked, found: list[Found], now: datetime) -> None:
    """Give those who would be late an extension until this moment: it is then on time for all that asks, and seen by them."""
    book, course, name = state.rulebook, looked.course, looked.name
    rules = book.of(course, name)
    late = [
        one.student.name
        for one in found
        if book.chance(rules, book.member(course, one.student.name), now, so_far=0).late
    ]
    if late:
        kind = Kind.PERSON if len(late) == 1 else Kind.GROUP
        book.extend(course, name, kind=kind, who=" ".join(late), due=now, reason=ON_TIME, given_by=by.name, now=now)
