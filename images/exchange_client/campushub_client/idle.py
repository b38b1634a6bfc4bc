"""When a server counts as unused, when its person is asked, and when it ends by itself.

What counts is what a person does, told by the open pages, and notebooks and other programs that compute. An open page alone does not count:
it asks its server for news for ever.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from campushub_client import ending, kernels
from campushub_client.programs import Programs
from campushub_client.service import Service, ServiceError

LONGEST_WARNING = timedelta(minutes=5)
LOOK_SECONDS = 2.0
STOP_SECONDS = 30  # within which the hub ends a server that has asked for it
SLOWEST_NEWS, QUICKEST_NEWS = 30.0, 2.0  # seconds between two questions of an open page
ACTIVITY = "campushub_last_activity"  # Jupyter takes the newest of all settings that end so, and tells the hub


@dataclass(frozen=True)
class Rule:
    """How long a server may be unused, of which the last part is for asking."""

    limit: timedelta

    @classmethod
    def from_environment(cls) -> Rule | None:
        """The hub's setting; none where nothing is to be ended."""
        minutes = float(os.environ.get("CAMPUSHUB_IDLE_MINUTES", 0))
        return cls(timedelta(minutes=minutes)) if minutes > 0 else None

    @property
    def warning(self) -> timedelta:
        return min(LONGEST_WARNING, self.limit / 4)

    @property
    def tell_seconds(self) -> float:
        """How often a page tells at most that somebody is there; often enough not to ask somebody who works."""
        return min(60.0, (self.limit - self.warning).total_seconds() / 3)


@dataclass(frozen=True)
class Use:
    """When a server was used last, and since when its person is asked whether they are there."""

    last: datetime
    asked: datetime | None = None

    def used(self, now: datetime) -> Use:
        return Use(last=now)

    def at(self, now: datetime, rule: Rule) -> Use:
        """The same a while later: asked once it is time."""
        if self.asked is None and now >= self.last + rule.limit - rule.warning:
            return replace(self, asked=now)
        return self

    def ends_at(self, rule: Rule) -> datetime:
        """When it ends if nothing happens. Whoever was asked late, since the machine slept, has the whole warning."""
        return self.asked + rule.warning if self.asked else self.last + rule.limit

    def is_over(self, now: datetime, rule: Rule) -> bool:
        return self.asked is not None and now >= self.ends_at(rule)


def news_in(use: Use, now: datetime, rule: Rule) -> float:
    """Seconds until an open page should ask again: when the question is due, or soon while it stands."""
    if use.asked:
        return QUICKEST_NEWS
    due = (use.last + rule.limit - rule.warning - now).total_seconds() + 0.5
    return max(QUICKEST_NEWS, min(SLOWEST_NEWS, due))


class Watch:
    """Watches one running server, and ends it when nobody has answered."""

    def __init__(self, server: Any, rule: Rule, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.server, self.rule, self.clock = server, rule, clock
        self.use, self.deaths, self.programs = Use(last=clock()), kernels.Deaths(server.kernel_manager), Programs()

    def used(self) -> None:
        self.use = self.use.used(self.clock())

    async def run(self) -> None:
        """Look again and again; ends the server when it is time."""
        settings = self.server.web_app.settings
        settings["log_function"] = self._noting(settings["log_function"])
        while not self.look():
            await asyncio.sleep(LOOK_SECONDS)
        minutes = self.rule.limit.total_seconds() / 60
        self.server.log.warning("Nobody has used this server for %g minutes: it ends now.", minutes)
        with suppress(ServiceError):  # the hub ends it, and knows why at once
            await asyncio.to_thread(Service.from_environment().end_unused)
            await asyncio.sleep(STOP_SECONDS)
        ending.end(self.server, ending.IDLE_CODE)

    def _noting(self, log: Callable[[Any], None]) -> Callable[[Any], None]:
        """Take what is written, and pages that are opened, for use as well: not everybody works in JupyterLab."""

        def note(handler: Any) -> None:
            log(handler)
            page = "text/html" in handler.request.headers.get("Accept", "")
            acts = page or handler.request.method not in ("GET", "HEAD", "OPTIONS")
            known = getattr(handler, "_jupyter_current_user", None)
            if known and acts and getattr(handler, "_track_activity", True):
                self.used()

        return note

    def look(self) -> bool:
        """Take up what the notebooks do; whether it is time to end."""
        now = self.clock()
        self.deaths.look()
        if kernels.computes(self.server.kernel_manager) or self.programs.compute(now.timestamp()):
            self.use = self.use.used(now)
            self.server.web_app.settings[ACTIVITY] = now
        self.use = self.use.at(now, self.rule)
        return self.use.is_over(now, self.rule)

    def told(self) -> dict[str, Any]:
        """What an open page needs to know."""
        return {
            "asked": self.use.asked is not None,
            "ends_at": self.use.ends_at(self.rule).isoformat(),
            "news_in": news_in(self.use, self.clock(), self.rule),
            "tell_every": self.rule.tell_seconds,
        }
