"""Checkpoints that keep nobody out of a notebook.

JupyterLab 4 makes one when a notebook without one is opened, and closes the notebook again when that fails in any way but
403 (`_maybeCheckpoint` of its documents' context). A full home has no room for it.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from tornado.web import HTTPError

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class Checkpoints(AsyncFileCheckpoints):
    """Those of Jupyter's own; the answer is 403 when there is no room, and nothing that was cut off is left."""

    async def create_checkpoint(self, contents_mgr: Any, path: str) -> Any:
        try:
            return await super().create_checkpoint(contents_mgr, path)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            with suppress(OSError):
                Path(self.checkpoint_path("checkpoint", path)).unlink(missing_ok=True)
            raise HTTPError(403, "Your home is full: there is no room for a checkpoint of this file.") from None
