"""What a server's container runs: look at the home, decide on rescue mode, bring the tutorials, then JupyterHub's own server.

Started with Python's -s and -P, so that nothing of the home is imported by the server itself; its kernels are their own
processes and see the home as ever.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

from campushub_client import ending, home, packages, rescue, trial, tutorials
from campushub_client.home import Broken


def main() -> None:
    """Never returns: ends with the exit code that says why."""
    prepare(Path(os.environ.get("HOME", "/")), date.today())  # noqa: DTZ011 (the date of the campus, as people write it)
    from jupyterhub.singleuser import main as serve

    serve()
    sys.exit(ending.exit_code())


def prepare(place: Path, today: date) -> None:
    """Set the variables of the person's own packages; those of rescue mode when the home needs it, or it was asked for."""
    asked = bool(os.environ.pop(rescue.WORD, ""))
    own = packages.place(place)
    found = home.look(place, today, lambda _: _trouble_with(own) or trial.python_trouble(place, own))
    if not (asked or found.sentences):
        os.environ.update(packages.variables(own))
        if os.environ.get("CAMPUSHUB_ROLE") == "work":
            tutorials.bring(place)
        return
    sys.stderr.write(f"campushub: rescue mode: {' '.join(found.sentences) or 'asked for'}\n")
    os.environ.update(rescue.environment(found, place))
    if "JUPYTERHUB_ROOT_DIR" in os.environ and not os.access(place, os.X_OK):
        os.chdir(rescue.SCRATCH)


def _trouble_with(own: Path) -> list[Broken]:
    try:
        packages.make(own)
    except OSError as trouble:
        return [Broken(own, f"packages cannot be kept in it ({trouble.strerror})")]
    return []


if __name__ == "__main__":
    main()
