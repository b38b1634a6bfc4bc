"""Ends what still runs of courses that were archived."""

from __future__ import annotations

import asyncio
import logging

from hub.services.state import HubSilent, State

log = logging.getLogger("campushub.service")

EVERY_SECONDS = 20


async def close_archived(state: State) -> None:
    """End every server for work in a course of an earlier term, again and again.

    Servers for grading end once, when a course is archived or opened again: whether they may write is decided at their start.
    """
    before: set[str] | None = None
    while True:
        archived = {key for key, course in state.settings.courses.items() if course.archived}
        turned = archived ^ before if before is not None else set()
        ending = archived | {f"gpu-{key}" for key in archived} | {f"grade-{key}" for key in turned}
        try:
            for person, server in await _open(state, ending) if ending else []:
                log.info("ended with its course: person=%s server=%s", person, server)
                await state.end_server(person, server)
            before = archived
        except HubSilent as silent:
            log.warning("archived courses not looked at: %s", silent)
        await asyncio.sleep(EVERY_SECONDS)


async def _open(state: State, ending: set[str]) -> list[tuple[str, str]]:
    presence = await state.presence()
    return [(person, server) for person, here in presence.items() for server in sorted(here.servers & ending)]
