"""How the project's figures are measured: `bench spawn` and, later, others; each is a program in tests/benchmarks.

It makes hubs of its own and takes them away; a hub that runs on the same machine is not touched.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.trouble import Trouble


def run(root: Path, name: str, words: Sequence[str]) -> int:
    """Run one benchmark; 0 when nothing that it started failed. Raises Trouble when it is not there."""
    if not (root / "tests" / "benchmarks" / f"{name}.py").exists():
        raise Trouble(f"there is no tests/benchmarks/{name}.py; benchmarks need the whole repository")
    # The program takes its hubs away when it is interrupted, so its end is waited for.
    process = subprocess.Popen([sys.executable, "-m", f"tests.benchmarks.{name}", *words], cwd=root)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            sys.stderr.write("interrupted; taking the benchmark's hubs away …\n")
