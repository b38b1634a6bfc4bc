"""Rescue mode: a server that uses nothing of a home but its files, so that it comes up whatever the home is like.

Settings, caches and histories lie in the container and go with it. JupyterLab says what is in the way.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from campushub_client import home

SCRATCH = Path("/tmp/campushub-rescue")
WORD = "CAMPUSHUB_RESCUE"  # in the environment: "1" when it was asked for, then what the person reads, as JSON
NOTHING = (
    "Nothing was found that is in the way. Your own settings and packages are left aside now: see whether your notebooks "
    "run, then close them and open them again."
)
DISPOSABLE = {".cache", ".npm", ".ipynb_checkpoints", "__pycache__", "Trash"}
SHOWN, LOOK_SECONDS = 12, 5.0
SHOWN_BYTES = 100 * 1024  # smaller ones make no room


def environment(found: home.Found, place: Path) -> dict[str, str]:
    """What a server of rescue mode is started with."""
    folders = {
        "JUPYTER_CONFIG_DIR": "jupyter",
        "JUPYTER_DATA_DIR": "share",
        "IPYTHONDIR": "ipython",
        "XDG_CACHE_HOME": "cache",
        "XDG_CONFIG_HOME": "config",
        "MPLCONFIGDIR": "matplotlib",
    }
    own = {name: str(SCRATCH / folder) for name, folder in folders.items()}
    for path in own.values():
        Path(path).mkdir(parents=True, exist_ok=True)
    if not os.access(place, os.R_OK | os.X_OK):
        own["JUPYTERHUB_ROOT_DIR"] = str(SCRATCH)
    return {
        **own,
        "HISTFILE": str(SCRATCH / "history"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "JUPYTERHUB_DEFAULT_URL": "/lab",
        "CAMPUSHUB_MATERIAL": "",  # none is brought: it would have to be written
        WORD: json.dumps({"why": found.sentences or (NOTHING,)}),
    }


def is_on() -> bool:
    return bool(os.environ.get(WORD))


@dataclass(frozen=True)
class Large:
    """A file, or a folder that nobody misses, by its path in the home."""

    path: str
    size: int
    folder: bool


def largest(top: Path) -> list[Large]:
    """What takes the most room in a home; after some seconds what was seen until then."""
    until = time.monotonic() + LOOK_SECONDS
    found = (one for one in _sizes(top, top, until) if one.size >= SHOWN_BYTES)
    return sorted(found, key=lambda one: -one.size)[:SHOWN]


def _sizes(top: Path, folder: Path, until: float) -> Iterator[Large]:
    try:
        inside = list(os.scandir(folder))
    except OSError:
        return
    for entry in inside:
        if time.monotonic() > until:
            return
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            yield Large(str(path.relative_to(top)), entry.stat(follow_symlinks=False).st_blocks * 512, folder=False)
        elif _is_disposable(path):
            parts = _sizes(path, path, until)
            yield Large(str(path.relative_to(top)), sum(one.size for one in parts), folder=True)
        else:
            yield from _sizes(top, path, until)


def _is_disposable(path: Path) -> bool:
    return path.name in DISPOSABLE or ".set-aside-" in path.name


def delete(top: Path, name: str) -> None:
    """Delete what `largest` has named; raises OSError for anything else, also for what is reached through a link."""
    path = top / name
    inside = path.parent.resolve().is_relative_to(top.resolve()) and path.resolve() != top.resolve()
    if not inside or ".." in path.parts:
        raise PermissionError(f"'{name}' is not in your home")
    if path.is_dir() and not path.is_symlink():
        if not _is_disposable(path):
            raise PermissionError(f"'{name}' is a folder; delete it in the file browser")
        shutil.rmtree(path)
    else:
        path.unlink()


def told() -> dict[str, Any] | None:
    """What JupyterLab shows at its top; none outside of rescue mode."""
    return dict(json.loads(os.environ[WORD])) if is_on() else None


async def state(top: Path) -> dict[str, Any]:
    """Whether the home is full now, and what takes the most room in it."""
    full, found = await asyncio.to_thread(lambda: (home.is_full(top), largest(top)))
    return {"full": full, "largest": [asdict(one) for one in found]}
