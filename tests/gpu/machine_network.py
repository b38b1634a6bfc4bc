"""The two networks of these tests: one of their own, in which a second Docker may have bridges and rules, and the machine's.

`./campushub test gpu` runs them in the first, which has no way out, and says where the second is, in which things are
fetched.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hub.testing import MACHINE_NETWORK


def need_own_network() -> None:
    """Fails in the machine's own network, where a second Docker would take away the rules of the first."""
    here, machine = Path("/proc/self/ns/net"), os.environ.get(MACHINE_NETWORK)
    own = machine is not None and here.stat().st_ino != Path(machine).stat().st_ino
    assert own, "these tests need a network namespace of their own: run `./campushub test gpu`"


def in_machine_network(command: Sequence[str]) -> None:
    """Run a command that reaches the machine's own Docker and its mirrors; fails with what it said."""
    words = ["nsenter", f"--net={os.environ[MACHINE_NETWORK]}", "--", *command]
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    # In a process group of its own: mmdebstrap hangs up on its whole group when it fails.
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, process_group=0)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
