"""The course's material, brought into the home while the server starts, so that the first page hardly waits for it.

nbgitpuller pulls; what it cannot do is told on its own page, to which the person is led then.
"""

from __future__ import annotations

import asyncio
import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from nbgitpuller.pull import GitPuller
from tornado.web import authenticated

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
        for line in GitPuller(self.repository, str(self.folder), branch=self.branch).pull():
            log.info("material: %s", line.rstrip())

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
    """Begin to pull, and add the page that a click on the course leads to; nothing for a course without material."""
    repository = os.environ.get("CAMPUSHUB_MATERIAL")
    if not repository:
        return
    folder = Path(server.root_dir) / os.environ["CAMPUSHUB_COURSE"]
    material = Material(repository, os.environ["CAMPUSHUB_MATERIAL_BRANCH"], folder)
    material.begin()
    address = url_path_join(server.web_app.settings["base_url"], "campushub", "open")
    server.web_app.add_handlers(".*$", [(address, Open, {"material": material})])


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
