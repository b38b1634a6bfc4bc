"""Ends what still runs of courses that were archived."""

from __future__ import annotations

import asyncio
import logging

from hub.services.state import HubSilent, State

log = logging.getLogger("campushub.service")

EVERY_SECONDS = 20


async def close_archived(state: State) -> None:
    """End every server for work in a course of an earlier term, again and again."""
    while True:
        archived = {key for key, course in state.settings.courses.items() if course.archived}
        try:
            for person, server in await _open(state, archived) if archived else []:
                log.info("ended with its course: person=%s server=%s", person, server)
                await state.end_server(person, server)
        except HubSilent as silent:
            log.warning("archived courses not looked at: %s", silent)
        await asyncio.sleep(EVERY_SECONDS)


async def _open(state: State, archived: set[str]) -> list[tuple[str, str]]:
    presence = await state.presence()
    return [(person, server) for person, here in presence.items() for server in sorted(here.servers & archived)]
