"""Reads what the copies of repositories on this machine hold, without a working tree.

What makes them is `hub.adapters.repos`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any


def read(copy: Path, *words: str) -> bytes:
    """What git says of a copy; nothing when there is none, or not what was asked for."""
    if not copy.exists():
        return b""
    command = ["git", f"--git-dir={copy}", *words]
    done: subprocess.CompletedProcess[bytes] = subprocess.run(
        command, capture_output=True, check=False, cwd="/", **_as_owner(copy)
    )
    return done.stdout


def commit(copy: Path, branch: str) -> str:
    """The commit at which a branch of a copy is; empty when there is none."""
    return read(copy, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}").decode().strip()


def sizes(copy: Path, commit: str) -> dict[str, tuple[str, int]]:
    """The files of a commit: by path git's id for the content, and its size in bytes."""
    found: dict[str, tuple[str, int]] = {}
    for line in read(copy, "ls-tree", "-r", "-z", "--long", commit).split(b"\0"):
        about, _, path = line.partition(b"\t")
        words = about.split()
        if len(words) == 4 and words[1] == b"blob" and words[0] != b"120000":  # a link holds no content of its own
            found[path.decode(errors="replace")] = (words[2].decode(), int(words[3]))
    return found


def contents(copy: Path, ids: Iterable[str]) -> Iterator[bytes]:
    """The contents with these ids, one after the other, by one process of git; ends early when a copy is damaged."""
    command = ["git", f"--git-dir={copy}", "cat-file", "--batch"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", **_as_owner(copy)
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            for identity in ids:
                process.stdin.write(f"{identity}\n".encode())
                process.stdin.flush()
                content = _one(process.stdout)
                if content is None:
                    return
                yield content


def _one(stream: IO[bytes]) -> bytes | None:
    about = stream.readline().split()
    if len(about) != 3:
        return None
    content = stream.read(int(about[2]))
    stream.read(1)
    return content


def _as_owner(copy: Path) -> dict[str, Any]:
    """Git is run as the copy's owner, the service: a copy's settings could have git run programs."""
    clean = {"env": {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}}
    if os.geteuid() != 0:
        return clean
    owner = copy.stat()
    return {**clean, "user": owner.st_uid, "group": owner.st_gid, "extra_groups": ()}
