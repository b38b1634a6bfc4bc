"""Keeps the campus copies of the courses' material up to date."""

from __future__ import annotations

import asyncio
import logging

from hub.adapters import repos
from hub.services.state import State
from hub.trouble import Trouble

log = logging.getLogger("campushub.service")

EVERY_SECONDS = 60


async def refresh(state: State) -> None:
    """Bring every course's copy up to date, again and again."""
    while True:
        for key, course in state.settings.courses.items():
            if course.material is None:
                continue
            try:
                await asyncio.to_thread(
                    repos.mirror, course.material, course.branch, state.settings.folders.material / f"{key}.git"
                )
            except Trouble as trouble:
                log.warning("material not refreshed: course=%s %s", key, trouble)
        await asyncio.sleep(EVERY_SECONDS)
