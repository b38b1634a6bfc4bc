"""Keeps the campus copies of the courses' material up to date."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from hub.adapters import repos
from hub.services.state import State
from hub.settings import Course
from hub.trouble import Trouble

log = logging.getLogger("campushub.service")

EVERY_SECONDS, LOOK_SECONDS = 60, 2


async def refresh(state: State) -> None:
    """Bring every course's copy up to date, again and again, and at once when the settings have changed."""
    while True:
        settings = state.settings
        for key, course in settings.courses.items():
            if course.material is not None:
                await _refresh_one(key, course, settings.folders.material_copy(key))
        for _ in range(EVERY_SECONDS // LOOK_SECONDS):
            await asyncio.sleep(LOOK_SECONDS)
            if state.settings is not settings:
                break


async def _refresh_one(key: str, course: Course, copy: Path) -> None:
    try:
        await asyncio.to_thread(repos.mirror, str(course.material), course.branch, copy)
    except Trouble as trouble:
        log.warning("material not refreshed: course=%s %s", key, trouble)
