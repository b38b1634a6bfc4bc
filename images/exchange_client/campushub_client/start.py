"""What a server's container runs: look at the home, decide on rescue mode, then JupyterHub's own server.

Started with Python's -s and -P, so that nothing of the home is imported by the server itself; its kernels are their own
processes and see the home as ever.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

from campushub_client import ending, home, rescue, trial


def main() -> None:
    """Never returns: ends with the exit code that says why."""
    prepare(Path(os.environ.get("HOME", "/")), date.today())  # noqa: DTZ011 (the date of the campus, as people write it)
    from jupyterhub.singleuser import main as serve

    serve()
    sys.exit(ending.exit_code())


def prepare(place: Path, today: date) -> None:
    """Set the environment of rescue mode when the home needs it, or when it was asked for."""
    asked = bool(os.environ.pop(rescue.WORD, ""))
    found = home.look(place, today, trial.python_trouble)
    if not (asked or found.sentences):
        return
    sys.stderr.write(f"campushub: rescue mode: {' '.join(found.sentences) or 'asked for'}\n")
    os.environ.update(rescue.environment(found, place))
    if "JUPYTERHUB_ROOT_DIR" in os.environ and not os.access(place, os.X_OK):
        os.chdir(rescue.SCRATCH)


if __name__ == "__main__":
    main()
