"""The assignments panel's server: list, fetch, validate, submit, feedback, and all work as one archive.

Every request to the service runs in a thread, so that a slow one never freezes the person's notebooks.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from campushub_client import folders
from campushub_client.archive import Archive
from campushub_client.service import Service, ServiceError, Unconfirmed

VALIDATE_SECONDS = 600
PRESS = re.compile(r"[0-9a-f]{32}")


def load(server: Any) -> None:
    """Add the panel's addresses to a server."""
    base = server.web_app.settings["base_url"]
    routes = [
        ("assignments", Assignments),
        ("fetch", Fetch),
        ("opened", Opened),
        ("validate", Validate),
        ("submit", Submit),
        ("feedback", Feedback),
        ("archive", Download),
    ]
    server.web_app.add_handlers(".*$", [(url_path_join(base, "campushub", name), handler) for name, handler in routes])


def course() -> str:
    return os.environ.get("CAMPUSHUB_COURSE", "")


class Panel(APIHandler):  # type: ignore[misc]  # Jupyter's class has no types
    """One verb of the panel: JSON in, JSON out, refusals as sentences."""

    async def told(self, work: Callable[[], dict[str, Any]]) -> None:
        try:
            self.finish(json.dumps(await asyncio.to_thread(work)))
        except Unconfirmed as asked:
            self.refuse(str(asked), **asked.told)
        except ServiceError as refused:
            self.refuse(str(refused))
        except (OSError, tarfile.TarError) as trouble:
            self.refuse(f"Your home could not be written or read ({trouble}). Make room in it and try again.")

    def refuse(self, sentence: str, **more: Any) -> None:
        self.set_status(409)
        self.finish(json.dumps({"message": sentence, **more}))

    def wanted(self) -> str:
        """The assignment's name in the request."""
        name = str((self.get_json_body() or {}).get("name", ""))
        if not name or "/" in name or name.startswith("."):
            raise HTTPError(400, reason="An assignment's name is needed.")
        return name


class Assignments(Panel):
    @authenticated
    async def get(self) -> None:
        await self.told(_assignments)


def _assignments() -> dict[str, Any]:
    found = Service.from_environment().assignments(course())
    home = folders.home_of_assignments(course())
    for one in found["assignments"]:
        folder = home / one["name"]
        one["fetched"] = folder.is_dir()
        one["folder"] = str(folder.relative_to(Path.home()))
    return found


class Fetch(Panel):
    @authenticated
    async def post(self) -> None:
        name = self.wanted()

        def work() -> dict[str, Any]:
            target = folders.home_of_assignments(course()) / name
            new = folders.unpack(Service.from_environment().release_files(course(), name), target, keep=True)
            return {"folder": str(target.relative_to(Path.home())), "new": new}

        await self.told(work)


class Opened(Panel):
    """Tell the course that an assignment's notebook is on the screen."""

    @authenticated
    async def post(self) -> None:
        name = self.wanted()

        def work() -> dict[str, Any]:
            Service.from_environment().opened(course(), name)
            return {}

        await self.told(work)


class Submit(Panel):
    @authenticated
    async def post(self) -> None:
        name = self.wanted()
        confirmed = (self.get_json_body() or {}).get("confirmed") is True
        press = self.press()

        def work() -> dict[str, Any]:
            with folders.packed(_fetched(name)) as packed:
                key = _key(press, name, packed) if press else ""
                return Service.from_environment().submit(course(), name, packed, confirmed=confirmed, key=key)

        await self.told(work)

    def press(self) -> str:
        """The press of the button that this is, sent for the first time or again; a page of before has none."""
        press = (self.get_json_body() or {}).get("press")
        if press is None:
            return ""
        if not isinstance(press, str) or not PRESS.fullmatch(press):
            raise HTTPError(400, "'press' has to be 32 hexadecimal digits. Reload this page, then submit again.")
        return press


def _key(press: str, name: str, packed: IO[bytes]) -> str:
    """The same for the same press and files: a press that is sent again with other files is another attempt."""
    return hashlib.sha256(json.dumps([course(), name, press, folders.digest(packed)]).encode()).hexdigest()


class Feedback(Panel):
    @authenticated
    async def post(self) -> None:
        name = self.wanted()

        def work() -> dict[str, Any]:
            service = Service.from_environment()
            found = [one for one in service.assignments(course())["assignments"] if one["name"] == name]
            written = []
            for back in found[0]["feedback"] if found else []:
                target = folders.home_of_assignments(course()) / name / "feedback" / f"attempt-{back['attempt']}"
                folders.replace(service.feedback_files(back["submission"]), target)
                written += [str(path.relative_to(Path.home())) for path in sorted(target.glob("*.html"))]
            if not written:
                raise ServiceError(f"There is no feedback for '{name}' yet.")
            return {"files": written}

        await self.told(work)


class Validate(Panel):
    """Run a fetched assignment's notebooks from top to bottom and say which visible tests do not pass."""

    @authenticated
    async def post(self) -> None:
        name = self.wanted()
        try:
            notebooks = sorted(path for path in _fetched(name).glob("*.ipynb"))
        except ServiceError as refused:
            return self.refuse(str(refused))
        results = [await _validate(path) for path in notebooks]
        return self.finish(json.dumps({"notebooks": results}))


async def _validate(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "campushub_client.validate", str(path)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=path.parent)
    try:
        said, _ = await asyncio.wait_for(process.communicate(), VALIDATE_SECONDS)
    except TimeoutError:
        process.kill()
        return {"notebook": path.name, "ok": False, "message": "It runs for more than ten minutes. Look for a loop."}
    try:
        return {"notebook": path.name, **json.loads(said)}
    except ValueError:
        return {"notebook": path.name, "ok": False, "message": "It could not be run to its end; is memory enough?"}


def _fetched(name: str) -> Path:
    folder = folders.home_of_assignments(course()) / name
    if not folder.is_dir():
        raise ServiceError(f"There is no folder '{folder.relative_to(Path.home())}'. Press Fetch first.")
    return folder


class Download(JupyterHandler):  # type: ignore[misc]
    """Everything in the home as one zip, written while it is sent."""

    @authenticated
    async def get(self) -> None:
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", f'attachment; filename="{course() or "home"}-all-my-work.zip"')
        async for chunk in Archive(Path.home()).chunks():
            self.write(chunk)
            await self.flush()
        await self.finish()
