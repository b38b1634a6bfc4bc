"""Ends idle servers that do not end themselves: jupyterhub-idle-culler, with the settings' minutes and its own token.

A server with a GPU is left to its lease, which knows whether its processes compute. Any other asks its person and ends by itself (campushub_client.idle). The hub knows of its use only by what it told last,
so this waits longer: nobody is ended by it before they were asked.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from traitlets.config import Config

from hub.reconcile import PREFIX
from hub.secrets import Secrets
from hub.serverplan import activity_seconds
from hub.settings_file import load

MARGIN_SECONDS = 120


def main() -> None:
    from jupyterhub_idle_culler import IdleCuller  # of this part's image alone

    settings = load(Path(os.environ["CAMPUSHUB_CONFIG"]))
    seconds = patience(settings.idle_minutes)
    os.environ["JUPYTERHUB_API_TOKEN"] = Secrets(settings.folders.secrets).read("culler")
    words = [f"--timeout={seconds}", f"--cull-every={max(10, min(300, seconds // 4))}"]
    words.append(f"--url=http://{settings.core_address('hub')}:8081/hub/api")
    IdleCuller.launch_instance(words, config=Config(IdleCuller={"cull_arbiter_hook": unused}))


def unused(*, inactive: timedelta, inactive_limit: float, server: dict[str, Any]) -> bool:
    """Whether a server, as the hub's API tells of it, is to be ended after so long without use. The limit is in seconds."""
    return not server["name"].startswith(PREFIX) and inactive.total_seconds() >= inactive_limit


def patience(idle_minutes: int) -> int:
    """Seconds without use after which a server is ended from outside: later than the server itself would."""
    told_late = 1.2 * activity_seconds(idle_minutes)  # JupyterHub spreads the times by a tenth
    return int(idle_minutes * 60 + told_late + MARGIN_SECONDS)


if __name__ == "__main__":
    main()
