"""What is done to a roster, by the command and by the page alike: bring in, remove, and what follows from it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from hub.adapters.members import Changes
from hub.courses import Person, Role
from hub.exchange import Refused
from hub.passwords import first_password, hash_password
from hub.roster import RowMistake, parse
from hub.services import gpus
from hub.services.state import State


@dataclass(frozen=True)
class Outcome:
    """What bringing a roster in did or would do. `passwords` are proposed (name, full_name, password), not yet set."""

    changes: Changes
    mistakes: tuple[RowMistake, ...]
    passwords: tuple[dict[str, str], ...]

    def as_data(self) -> dict[str, Any]:
        """For the command."""
        return {
            "added": self.changes.added,
            "changed": self.changes.changed,
            "removed": self.changes.removed,
            "missing": self.changes.missing,
            "unchanged": len(self.changes.unchanged),
            "mistakes": [{"line": mistake.line, "message": mistake.message} for mistake in self.mistakes],
            "passwords": list(self.passwords),
        }


async def bring_in(
    state: State, course: str, text: str, *, keep: bool, remove_missing: bool = False, by: Person | None = None
) -> Outcome:
    """Bring a roster in. Where a provider signs people in, nobody needs a first password.

    `by` is the person at a page, none for the command: who leads one course does not change the name, e-mail or password
    of people who are in others too or administer all, since by an e-mail of theirs they could sign in as them.
    """
    entries, mistakes = parse(text)
    before = {member["name"]: member["role"] for member in state.members.of(course)}
    others = frozenset(
        entry.name for entry in entries if by is not None and not _is_theirs(state, course, entry.name, by)
    )
    changes = state.members.bring_in(
        course, entries, keep=keep, remove_missing=remove_missing and not mistakes, others=others
    )
    hand_out = keep and state.settings.login.method == "accounts"
    names = {entry.name: entry.full_name or entry.name for entry in entries}
    passwords = tuple(proposed(name, names[name]) for name in changes.without_password if hand_out)
    if keep:
        for name in changes.removed:
            await end_servers(state, course, name, grading_only=False)
        for entry in entries:
            if entry.role == Role.STUDENT and before.get(entry.name, Role.STUDENT) != Role.STUDENT:
                await end_servers(state, course, entry.name, grading_only=True)
    return Outcome(changes, tuple(mistakes), passwords)


def _is_theirs(state: State, course: str, name: str, by: Person) -> bool:
    """Whether somebody's name, e-mail and password are this leader's to change: who is new, or in this course alone."""
    other = state.person(name)
    return by.admin or other is None or (not other.admin and set(other.courses) <= {course})


async def remove(state: State, course: str, name: str) -> None:
    """Take somebody off a roster and end their servers of the course; raises Refused for who is not on it."""
    if name not in {member["name"] for member in state.members.of(course)}:
        raise Refused(f"'{name}' is not on the roster of '{course}'.")
    state.members.remove(course, name)
    await end_servers(state, course, name, grading_only=False)


async def end_servers(state: State, course: str, name: str, *, grading_only: bool) -> None:
    """End what somebody has running of a course that they may use no longer."""
    for server in (f"grade-{course}", *(() if grading_only else (course, f"gpu-{course}"))):
        await state.end_server(name, server)
    if not grading_only:
        gpus.forget(state, name, course)


def proposed(name: str, full_name: str) -> dict[str, str]:
    return {"name": name, "full_name": full_name, "password": first_password()}


async def set_first_password(state: State, name: str, password: str) -> None:
    """A password that must be changed at the next sign-in."""
    hashed = await asyncio.to_thread(hash_password, password)
    state.store.set_password(name, hashed, must_change=True)
