"""Ends idle servers: jupyterhub-idle-culler, with the settings' minutes and its own token."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hub.secrets import Secrets
from hub.settings_file import load


def main() -> None:
    settings = load(Path(os.environ["CAMPUSHUB_CONFIG"]))
    seconds = settings.idle_minutes * 60
    os.environ["JUPYTERHUB_API_TOKEN"] = Secrets(settings.folders.secrets).read("culler")
    words = [f"--timeout={seconds}", f"--cull-every={max(10, min(300, seconds // 4))}"]
    words.append(f"--url=http://{settings.core_address('hub')}:8081/hub/api")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub_idle_culler", *words])


if __name__ == "__main__":
    main()
