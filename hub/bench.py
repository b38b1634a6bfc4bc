"""How the project's figures are measured: each benchmark is a program in tests/benchmarks.

It makes hubs of its own and takes them away; a hub that runs on the same machine is not touched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hub.trouble import Trouble


def become(root: Path, name: str, words: Sequence[str]) -> NoReturn:
    """Become the benchmark, so that whoever interrupts or ends this reaches it. Raises Trouble when it is not there."""
    if not (root / "tests" / "benchmarks" / f"{name}.py").exists():
        raise Trouble(f"there is no tests/benchmarks/{name}.py; benchmarks need the whole repository")
    os.chdir(root)
    os.execv(sys.executable, [sys.executable, "-m", f"tests.benchmarks.{name}", *words])
