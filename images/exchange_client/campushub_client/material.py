"""The course's material, brought into the home while the server starts, so that the first page hardly waits for it.

What cannot be brought is told on nbgitpuller's own page, to which the person is led then; what was changed, in JupyterLab.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from campushub_client import changes
from campushub_client.puller import Puller, take_its_place

log = logging.getLogger("campushub")

WAIT_SECONDS = 20  # for a large repository's first time; then a page says what is going on
LONG = """\
<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="1"><title>Bringing the material · CampusHub</title>
<link rel="stylesheet" href="/courses/static/campushub.css"><main>
<h1>The course's material is being copied</h1>
<p role="status">It is large, so the first time takes a while. This page goes on by itself.</p></main></html>
"""


@dataclass
class Material:
    """One course's material: where it comes from, its folder in the home, and the pull that goes on or has ended unused."""

    repository: str
    branch: str
    folder: Path
    going: Future[None] | None = None
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "material"))

    def begin(self) -> Future[None]:
        """Pull in a thread, or join the pull that was begun and that nobody has waited for yet."""
        if self.going is None:
            self.going = self.threads.submit(self._pull)
        return self.going

    def _pull(self) -> None:
        for line in Puller(self.repository, str(self.folder), branch=self.branch).pull():
            log.info("material: %s", line.rstrip())

    async def settle(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait for a pull that goes on, and leave what came of it to the next click."""
        if self.going is not None:
            await asyncio.wait([asyncio.wrap_future(self.going)], timeout=seconds)

    async def is_there(self, seconds: float = WAIT_SECONDS) -> bool | None:
        """Whether what is newest was brought into the home; none when that takes longer than so many seconds."""
        going = self.begin()
        await asyncio.wait([asyncio.wrap_future(going)], timeout=seconds)
        if not going.done():
            return None
        self.going = None
        if trouble := going.exception():
            log.warning("material not pulled: %s", trouble)
        return trouble is None

    def pages(self) -> tuple[str, str]:
        """Below the server's own address: JupyterLab on the folder, and nbgitpuller's page, which tells what is wrong."""
        lab = f"lab/tree/{quote(self.folder.name)}"
        query = {"repo": self.repository, "branch": self.branch, "targetpath": self.folder.name, "urlpath": lab}
        return lab, f"git-pull?{urlencode(query)}"


def load(server: Any) -> None:
    """Begin to pull, and add the page that a click on the course leads to; for a course without material, links alone."""
    take_its_place(server)
    material = _of_the_course(Path(server.root_dir))
    base = url_path_join(server.web_app.settings["base_url"], "campushub")
    seen = {"home": Path(server.root_dir), "material": material}
    server.web_app.add_handlers(".*$", [(url_path_join(base, "material"), Changed, seen)])
    if material is not None:
        material.begin()
        server.web_app.add_handlers(".*$", [(url_path_join(base, "open"), Open, {"material": material})])


def _of_the_course(home: Path) -> Material | None:
    repository = os.environ.get("CAMPUSHUB_MATERIAL")
    if not repository:
        return None
    return Material(repository, os.environ["CAMPUSHUB_MATERIAL_BRANCH"], home / os.environ["CAMPUSHUB_COURSE"])


class Open(JupyterHandler):  # type: ignore[misc]  # Jupyter's class has no types
    """Where a click on the course leads: JupyterLab, with the newest material."""

    def initialize(self, material: Material) -> None:
        self.material = material

    @authenticated
    async def get(self) -> None:
        there = await self.material.is_there()
        if there is None:
            self.finish(LONG)
            return
        lab, trouble = self.material.pages()
        self.redirect(self.base_url + (lab if there else trouble))


class Changed(APIHandler):  # type: ignore[misc]  # Jupyter's class has no types
    """What pulls have changed in the material of this home; takes the word that the person was told of one."""

    def initialize(self, home: Path, material: Material | None) -> None:
        self.home, self.material = home, material

    @authenticated
    async def get(self) -> None:
        if self.material is not None:
            await self.material.settle()
        self.finish(json.dumps({"pulls": await asyncio.to_thread(changes.told, self.home)}))

    @authenticated
    async def post(self) -> None:
        number = str((self.get_json_body() or {}).get("told", ""))
        await asyncio.to_thread(changes.mark, self.home, number)
        self.finish(json.dumps({}))
