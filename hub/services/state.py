"""What the service's handlers share: settings, store, tokens and the hub's word on who somebody is."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from hub.adapters.announcements import Announcements
from hub.adapters.blobs import Blobs
from hub.adapters.jobs import Jobs
from hub.adapters.mark_log import MarkLog
from hub.adapters.members import Members
from hub.adapters.regrades import Regrades
from hub.adapters.results import Results
from hub.adapters.rules import Rulebook
from hub.adapters.store import Store
from hub.adapters.work import Work
from hub.courses import Person
from hub.ends import Asked
from hub.gpu_seen import Sight
from hub.secrets import Secrets
from hub.services.exported import Exported
from hub.services.looks import Looks
from hub.services.waiting import Waiting
from hub.settings import Settings
from hub.settings_file import SettingsInvalid, load
from hub.trouble import Trouble

log = logging.getLogger("campushub.service")

PREFIX = "/courses/"
ACCESS = "access:services!service=courses"
SERVER = "access:servers!server="
REMEMBERED_SECONDS = 30
GRADER_SILENT_SECONDS = 60
HUB_PAGE = 200  # people in one answer of the hub, its own limit by default
SILENT = "The hub does not answer right now. Try again in a minute."


class HubSilent(Trouble):
    """The hub does not answer, so nobody can be recognised."""


@dataclass(frozen=True)
class Caller:
    """Who a token belongs to: a person, and the name of the server it was made for."""

    name: str
    server: str

    def grades(self, course: str) -> bool:
        return self.server == f"grade-{course}"


@dataclass(frozen=True)
class Presence:
    """When the hub saw somebody last, and the names of their servers that run."""

    seen: datetime | None
    servers: frozenset[str]


@dataclass
class State:
    """One service process."""

    config: Path
    settings: Settings
    store: Store
    work: Work
    secrets: Secrets
    hub_api: str
    remembered: dict[str, tuple[float, Caller | None]] = field(default_factory=dict)
    changed_at: float = 0.0
    exported: Exported = field(default_factory=Exported)
    looks: Looks = field(default_factory=Looks)
    waiting: Waiting = field(default_factory=Waiting)
    pace: float = 4.0  # seconds from the end of one submission's grading to the end of the next, lately
    graded_at: float = float("-inf")  # when one was graded last, by the monotonic clock
    jobs_changed: asyncio.Event = field(default_factory=asyncio.Event)  # set once, at the next change of a job
    grader_seen: float = float("-inf")  # when the grader asked for work last, by the monotonic clock
    sight: Sight | None = None  # of the machine's GPUs
    roster_changes: asyncio.Lock = field(default_factory=asyncio.Lock)  # held until first passwords are set
    strays: set[str] = field(default_factory=set)  # containers that had a slot without a lease at the last look
    failing: dict[str, datetime] = field(default_factory=dict)  # slots whose device fails, and since when

    @classmethod
    def open(cls, config: Path, hub_api: str) -> State:
        settings = load(config)
        store = Store.at(settings.folders.service, settings.admins)
        blobs = Blobs(settings.folders.service, settings.reserve)
        blobs.clean()
        work = Work(store, blobs, settings.submission_limit, zone=settings.timezone)
        state = cls(config, settings, store, work, Secrets(settings.folders.secrets), hub_api)
        state.changed_at = config.stat().st_mtime
        return state

    def reload(self) -> None:
        """Take up a changed settings file; the last good one is kept when the new one has mistakes."""
        changed_at = self.config.stat().st_mtime
        if changed_at == self.changed_at:
            return
        self.changed_at = changed_at
        try:
            self.settings = load(self.config)
        except SettingsInvalid as mistakes:
            log.error("settings not taken up:\n%s", mistakes)
            return
        self.store = Store(self.store.engine, frozenset(self.settings.admins))
        blobs = Blobs(self.work.blobs.top, self.settings.reserve)
        self.work = Work(self.store, blobs, self.settings.submission_limit, zone=self.settings.timezone)
        log.info("settings taken up: courses=%s", ",".join(self.settings.courses))

    @property
    def members(self) -> Members:
        return Members(self.store)

    @property
    def mark_log(self) -> MarkLog:
        return MarkLog(self.store)

    @property
    def regrades(self) -> Regrades:
        return Regrades(self.store)

    @property
    def announcements(self) -> Announcements:
        return Announcements(self.store)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.store, self._wake)

    @property
    def results(self) -> Results:
        return Results(self.store)

    @property
    def rulebook(self) -> Rulebook:
        return Rulebook(self.store, self.settings.timezone)

    def _wake(self) -> None:
        """Let those who wait for a job look again."""
        changed, self.jobs_changed = self.jobs_changed, asyncio.Event()
        changed.set()

    def grader_is_there(self) -> bool:
        return time.monotonic() - self.grader_seen < GRADER_SILENT_SECONDS

    def now(self) -> datetime:
        return datetime.now(UTC)

    def person(self, name: str) -> Person | None:
        found = self.store.person(name)
        archived = frozenset(key for key, course in self.settings.courses.items() if course.archived)
        return found and replace(found, archived=archived)

    async def caller(self, token: str) -> Caller | None:
        """Who a server's token belongs to, by the hub; none for any other token. Raises HubSilent."""
        known = self.remembered.get(token)
        if known is not None and time.monotonic() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        found = _caller(await self.ask_hub("user", token))
        if len(self.remembered) > 10_000:
            self.remembered.clear()
        self.remembered[token] = (time.monotonic(), found)
        return found

    async def presence(self) -> dict[str, Presence]:
        """Everybody the hub knows, by name: when they were seen last and which of their servers run. Raises HubSilent."""
        found: dict[str, Presence] = {}
        while True:
            page = await self._hub(f"users?limit={HUB_PAGE}&offset={len(found)}") or []
            for user in page:
                seen, servers = user.get("last_activity"), user.get("servers", {})
                ready = frozenset(name for name, server in servers.items() if server.get("ready"))
                found[user["name"]] = Presence(datetime.fromisoformat(seen) if seen else None, ready)
            if len(page) < HUB_PAGE:
                return found

    async def server_state(self, person: str, server: str) -> str:
        """Of somebody's server, by the hub: open, changing or closed. Raises HubSilent."""
        user = await self.ask_hub(f"users/{quote(person)}")
        found = (user or {}).get("servers", {}).get(server, {})
        if found.get("pending"):
            return "changing"
        return "open" if found.get("ready") else "closed"

    async def end_server(self, person: str, server: str, *, asked: Asked = Asked.ADMINISTRATOR) -> None:
        """Have the hub end somebody's server, if it runs, in the name of whoever asked for it. Raises HubSilent."""
        await self._hub(f"users/{quote(person)}/servers/{server}?asked={asked}", method="DELETE")

    async def ask_hub(self, path: str, token: str | None = None) -> dict[str, Any] | None:
        """GET from the hub's API, with the service's own token if none is given; none when it says 401 to 404."""
        found: dict[str, Any] | None = await self._hub(path, token=token)
        return found

    async def _hub(self, path: str, *, token: str | None = None, method: str = "GET") -> Any:
        given = token or self.secrets.read("service")
        request = HTTPRequest(
            f"{self.hub_api}/{path}",
            method=method,
            headers={"Authorization": f"token {given}"},
            request_timeout=15,  # stopping a server answers after 10 s at the latest
            connect_timeout=3,
        )
        try:
            answer = await AsyncHTTPClient().fetch(request)
        except HTTPClientError as error:
            if error.code in (401, 403, 404):
                return None
            raise HubSilent(SILENT) from None
        except OSError:
            raise HubSilent(SILENT) from None
        return json.loads(answer.body) if answer.body else None


def _caller(user: dict[str, Any] | None) -> Caller | None:
    if user is None or user.get("kind") != "user" or ACCESS not in user.get("scopes", ()):
        return None
    mine = f"{SERVER}{user['name']}/"
    servers = [scope.removeprefix(mine) for scope in user["scopes"] if scope.startswith(mine)]
    return Caller(user["name"], servers[0]) if len(servers) == 1 else None
