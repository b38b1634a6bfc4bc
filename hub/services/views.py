"""What the pages show, gathered as plain values: no HTTP here, and no HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub import ends, image_record, mirror, mirror_notes
from hub.adapters.announcements import Announcement
from hub.adapters.regrades import Request
from hub.adapters.work import Feedback
from hub.courses import Person, may
from hub.exchange import Receipt
from hub.results import Result
from hub.rules import Chance, late_words
from hub.services.at_submit import Waits
from hub.services.gpu_view import View, view
from hub.services.outlook import Outlook, given_back, outlooks
from hub.services.state import PREFIX, Presence, State

STATIC = Path(__file__).resolve().parent.parent / "static"


@dataclass(frozen=True)
class Line:
    """One assignment as its student sees it."""

    name: str
    due: datetime | None
    state: str
    receipts: tuple[Receipt, ...]
    feedback: Feedback | None  # the newest, given back for the attempt `graded`
    graded: int | None
    chance: Chance
    counts: int | None  # the attempt that counts
    late_words: str
    result: Result | None  # of the last attempt, by the grader itself
    waits: Waits | None


@dataclass(frozen=True)
class Card:
    """One course as a person sees it."""

    key: str
    title: str
    role: str
    teaches: bool
    archived: bool
    open_url: str
    grade_url: str
    archive_url: str | None
    material: str | None
    server_url: str
    running: bool
    ended: str
    ended_at: datetime | None
    announcement: Announcement | None
    lines: tuple[Line, ...]
    answers: tuple[Request, ...]  # to what the person has asked, and has not read yet
    docs: tuple[tuple[str, str], ...]  # what there is to read on this machine: title and address
    gpu: View | None  # how they stand with GPUs; none in a course without


def title(state: State, course: str) -> str:
    found = state.settings.courses.get(course)
    return found.title if found else course


def course_card(state: State, person: Person, key: str, running: set[str]) -> Card:
    course, name = state.settings.courses[key], quote(person.name)
    found = outlooks(state, person, key)
    feedback = given_back(state, [standing for one in found for standing in one.standings])
    end = state.store.last_end(person.name, key) if key not in running else None
    return Card(
        key=key,
        title=course.title,
        role=str(person.courses.get(key, "admin")),
        teaches=may(person, "look", key),
        archived=course.archived,
        open_url=f"/user/{name}/{key}/" if key in running else f"/hub/spawn/{name}/{key}",
        grade_url=f"/user/{name}/grade-{key}/" if f"grade-{key}" in running else f"/hub/spawn/{name}/grade-{key}",
        archive_url=f"/user/{name}/{key}/campushub/archive" if key in running else None,
        material=course.material,
        server_url=f"{PREFIX}{key}/server",
        running=key in running,
        ended=" ".join(ends.REASONS.get(end["reason"], ())).strip() if end else "",
        ended_at=end["at"] if end else None,
        announcement=state.announcements.current(key),
        lines=tuple(_line(one, feedback) for one in found),
        answers=tuple(state.regrades.unseen(key, person.name)),
        docs=documentation(state, key),
        gpu=view(state, person.name, key) if state.settings.lends_to(key) and may(person, "work", key) else None,
    )


def documentation(state: State, course: str) -> tuple[tuple[str, str], ...]:
    """What a course's people can read on this machine: titles and addresses, the documentation of the image first."""
    folders, about = state.settings.folders, state.settings.courses[course]
    found = image_record.documentation(folders.documented, about.image)
    notes = mirror_notes.read(folders.mirror_notes)
    added = [
        (docs.title, f"/docs/{mirror.ARCHIVED}/{note.version[:12]}/index.html")
        for name, docs in about.docs.items()
        if (note := notes.get(f"docs/{course}/{name}")) and note.version
    ]
    return (*((("Documentation", found),) if found else ()), *added)


def _line(found: Outlook, feedback: dict[str, Feedback]) -> Line:
    mine = found.receipts
    graded = next((receipt for receipt in reversed(mine) if receipt.submission in feedback), None)
    back, attempt = (feedback[graded.submission], graded.attempt) if graded else (None, None)
    return Line(
        name=found.assignment.name,
        due=found.chance.due,
        state=_state(mine, graded),
        receipts=mine,
        feedback=back,
        graded=attempt,
        chance=found.chance,
        counts=found.counts,
        late_words=late_words(found.rules) if found.chance.due else "",
        result=found.results.get(mine[-1].submission) if mine else None,
        waits=found.waits,
    )


def _state(receipts: tuple[Receipt, ...], graded: Receipt | None) -> str:
    if not receipts:
        return "not submitted"
    if receipts[-1] is graded:
        return "graded"
    return "submitted late" if receipts[-1].late else "submitted"


def score(back: Feedback | None) -> str:
    if back is None or back.score is None:
        return ""
    most = f" of {back.max_score:g}" if back.max_score is not None else ""
    lost = f" ({back.lost:.4g} lost by being late)" if back.lost else ""
    return f"{back.score:g}{most}{lost}"


def staff_view(state: State, course: str) -> dict[str, Any]:
    """Who is in a course and has submitted what."""
    people = state.members.of(course)
    fetched = state.members.fetched(course)
    standings = state.rulebook.standings(course, state.work.receipts(course))
    latest = {(one.receipt.assignment, one.receipt.person): one.receipt for one in standings}
    counts = {(one.receipt.assignment, one.receipt.person): one.receipt.attempt for one in standings if one.counts}
    feedback = given_back(state, standings)
    assignments = [
        {
            "name": found.name,
            "due": found.due,
            "job": state.jobs.last_of(course, found.name),
            "rows": [
                (
                    person,
                    fetched.get((found.name, person["name"])),
                    latest.get((found.name, person["name"])),
                    counts.get((found.name, person["name"])),
                    _given(latest, feedback, found.name, person["name"]),
                )
                for person in people
                if person["role"] == "student" or (found.name, person["name"]) in latest
            ],
        }
        for found in state.work.assignments(course)
    ]
    environment = environment_view(state, course)
    known = state.rulebook.of_course(course)
    kept_back = sorted(set(known) - {found["name"] for found in assignments})
    return {
        "assignments": assignments,
        "kept_back": kept_back,
        "announcement": state.announcements.current(course),
        "requests": state.regrades.open_in(course),
        "environment": environment,
        "outside": outside_view(state, course),
    }


def environment_view(state: State, course: str) -> dict[str, Any]:
    """What a course's servers run: the image, packages of the course's own, and why others are not there."""
    folders, image = state.settings.folders, state.settings.courses[course].image
    mine = image_record.read(folders.images).get(image_record.own(course), {})
    own = mine["packages"] if mine.get("upon") == image else []
    return {"image": image, "own": own, "why": image_record.not_taken(folders.course_images).get(course, {}).get("why")}


def outside_view(state: State, course: str) -> list[str]:
    """What of the world outside does not arrive for a course, a sentence each; nothing while it is as it should be."""
    notes = mirror_notes.read(state.settings.folders.mirror_notes).values()
    mine = [note for note in notes if note.key.split("/")[1] == course]
    return [
        f"{note.key.removeprefix('git/')}: {note.trouble}." for note in mirror_notes.lasting(mine, datetime.now(UTC))
    ]


def roster_view(state: State, course: str, presence: dict[str, Presence]) -> list[dict[str, Any]]:
    """Everybody in a course, with when they were seen last and whether a server of the course runs."""
    nobody = Presence(None, frozenset())
    found = []
    for member in state.members.of(course):
        here = presence.get(member["name"], nobody)
        works = bool(here.servers & {course, f"gpu-{course}", f"grade-{course}"})
        found.append({**member, "seen": here.seen, "works": works})
    return found


def _given(
    latest: dict[tuple[str, str], Receipt], feedback: dict[str, Feedback], assignment: str, name: str
) -> Feedback | None:
    receipt = latest.get((assignment, name))
    return feedback.get(receipt.submission) if receipt else None
