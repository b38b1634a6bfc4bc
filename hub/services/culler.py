"""Ends idle servers that do not end themselves: jupyterhub-idle-culler, with the settings' minutes and its own token.

A server asks its person and ends by itself (campushub_client.idle). The hub knows of its use only by what it told last,
so this waits longer: nobody is ended by it before they were asked.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hub.secrets import Secrets
from hub.serverplan import activity_seconds
from hub.settings_file import load

MARGIN_SECONDS = 120


def main() -> None:
    settings = load(Path(os.environ["CAMPUSHUB_CONFIG"]))
    seconds = patience(settings.idle_minutes)
    os.environ["JUPYTERHUB_API_TOKEN"] = Secrets(settings.folders.secrets).read("culler")
    words = [f"--timeout={seconds}", f"--cull-every={max(10, min(300, seconds // 4))}"]
    words.append(f"--url=http://{settings.core_address('hub')}:8081/hub/api")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub_idle_culler", *words])


def patience(idle_minutes: int) -> int:
    """Seconds without use after which a server is ended from outside: later than the server itself would."""
    told_late = 1.2 * activity_seconds(idle_minutes)  # JupyterHub spreads the times by a tenth
    return int(idle_minutes * 60 + told_late + MARGIN_SECONDS)


if __name__ == "__main__":
    main()
