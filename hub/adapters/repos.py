"""A course's material as a git repository on this machine, from which servers pull.

The copy only ever moves forward: nbgitpuller leaves students on the old state without a word when history is rewritten
(measured), so a rewritten branch is refused here, in words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from hub.trouble import Trouble

PATIENCE = 300  # seconds for one fetch


def mirror(source: str, branch: str, copy: Path) -> None:
    """Make or refresh a bare copy of one branch; raises Trouble when the source cannot be had or was rewritten.

    A new copy is made beside its place, so that a server never finds one without the branch.
    """
    if (copy / "HEAD").exists():
        return _fetch(source, branch, copy)
    beside = copy.with_name(f".{copy.name}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(beside))
        _fetch(source, branch, beside)
        beside.rename(copy)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return None


def _fetch(source: str, branch: str, copy: Path) -> None:
    _git("-C", str(copy), "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    reference = f"refs/heads/{branch}:refs/heads/{branch}"
    _git("-C", str(copy), "fetch", "--quiet", "--no-tags", source, reference)


def _git(*arguments: str) -> None:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise Trouble(f"git did not finish within {PATIENCE} s") from None
    if done.returncode == 0:
        return
    if "non-fast-forward" in done.stderr:
        raise Trouble("the history of this branch was rewritten; push it as new commits on top, or use another branch")
    raise Trouble(f"git says: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")
