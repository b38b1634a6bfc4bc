"""Git repositories of courses on this machine, from which servers pull.

A copy only ever moves forward: nbgitpuller leaves students on the old state without a word when history is rewritten
(measured), so a rewritten branch is refused here, in words.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from hub.adapters.fetching import Away
from hub.trouble import Trouble

PATIENCE = 6 * 3600  # seconds for one step over a slow link
STALLED = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")  # bytes a second, for so many seconds
PACKED = ("-c", "fetch.unpackLimit=1")  # what lies loose would be compressed anew for every student: 1.5 s for 5 MB
STEP = 500  # commits of history that one fetch brings: what an interruption loses
NOT_AWAY = re.compile(
    r"couldn't find remote ref|not found|does not exist|does not appear to be a git|Authentication failed|could not read Username"
    r"|Permission denied"
)


def mirror(source: str, branch: str | None, copy: Path) -> bool:
    """Make or refresh a bare copy of one branch, or of all; whether anything came.

    Raises Trouble when the source cannot be had (Away when it does not answer) or was rewritten. The newest state comes first and
    is of use at once, its history in steps behind it. A new copy is made beside its place, so that a server never finds one
    without the branch.
    """
    if (copy / "HEAD").exists():
        return _refresh(source, branch, copy)
    beside = copy.with_name(f".{copy.name}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        beside.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _git("init", "--quiet", "--bare", str(beside))
        _fetch(source, branch, beside, "--depth=1")
        beside.rename(copy)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    _bring_history(source, branch, copy)
    return True


def _refresh(source: str, branch: str | None, copy: Path) -> bool:
    before = _git("-C", str(copy), "for-each-ref")
    _fetch(source, branch, copy)
    _bring_history(source, branch, copy)
    return _git("-C", str(copy), "for-each-ref") != before


def _bring_history(source: str, branch: str | None, copy: Path) -> None:
    while (copy / "shallow").exists():
        commits = (copy / "shallow").read_bytes()
        _fetch(source, branch, copy, f"--deepen={STEP}")
        if (copy / "shallow").exists() and (copy / "shallow").read_bytes() == commits:
            return  # the source is itself without its history


def _fetch(source: str, branch: str | None, copy: Path, *depth: str) -> None:
    head = branch or _first_branch(source)
    _git("-C", str(copy), "symbolic-ref", "HEAD", f"refs/heads/{head}")
    wanted = f"refs/heads/{branch or '*'}"
    words = ("--no-tags", "--no-recurse-submodules", source, f"{wanted}:{wanted}")
    try:
        _git("-C", str(copy), *STALLED, *PACKED, "fetch", *depth, *words)
    except _NoSteps:
        _git("-C", str(copy), *STALLED, *PACKED, "fetch", *words)


def _first_branch(source: str) -> str:
    """The branch that a clone without a branch gets."""
    said = _git(*STALLED, "ls-remote", "--symref", "--", source, "HEAD")
    found = re.search(r"^ref: refs/heads/(\S+)\s+HEAD$", said, re.MULTILINE)
    if found is None:
        raise Trouble("the repository is empty: push a first commit")
    return found[1]


class _NoSteps(Trouble):
    """The source cannot give a part of its history (a plain web server)."""


def _git(*arguments: str) -> str:
    """What git says; raises Trouble, in words, when it does not succeed."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            ["git", *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise Away(f"git did not finish within {PATIENCE // 3600} hours") from None
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.strip()
    if "dumb http transport does not support" in said:
        raise _NoSteps("a plain web server")
    if rewritten := re.findall(r"! \[rejected\]\s+(\S+)\s.*\(non-fast-forward\)", said):
        raise Trouble(
            f"the history of the branch {', '.join(rewritten)} was rewritten, and people keep the state of before: push it as new "
            "commits on top of the old ones, or under another name"
        )
    last = said.splitlines()[-1] if said else f"exit status {done.returncode}"
    why = next((line for line in said.splitlines() if line.startswith(("fatal:", "error:"))), last)
    raise (Trouble if NOT_AWAY.search(said) else Away)(f"git says: {why}")
