"""How repositories are named to git, and how the world names the copies of them that are on this machine."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path


def local(url: str) -> str:
    """How a repository is named to git: a folder of this machine as a URL, for git copies all history from a plain path."""
    return Path(url).as_uri() if url.startswith("/") and Path(url).is_dir() else url


def public(url: str) -> str:
    """The address by which the world knows a copy on this machine: the environment has git take the copy in its place."""
    for number in range(int(os.environ.get("GIT_CONFIG_COUNT") or 0)):
        known = os.environ.get(f"GIT_CONFIG_VALUE_{number}", "")
        if os.environ.get(f"GIT_CONFIG_KEY_{number}") == f"url.{url}.insteadOf" and "://" in known:
            return known
    return url


def resolve(parent: str, url: str) -> str:
    """The address of a submodule, which may be relative to that of the repository it is in (gitmodules(5))."""
    if not url.startswith(("./", "../")):
        return url
    before, mark, after = parent.rstrip("/").partition("://")
    scheme, whole = (before, after) if mark else ("", before)
    return f"{scheme}{mark}{posixpath.normpath(f'{whole}/{url}')}"
