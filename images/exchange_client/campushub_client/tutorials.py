"""The image's tutorials in a home: put there the first time, kept up to date for as long as nobody has changed them.

What a person has deleted stays deleted, what they have changed stays theirs. A state file in the home says what was given:
the edition, and the SHA-256 of each file as it was put there. It names no file where the person had a folder of this name
before, which is theirs. Knows nothing of Jupyter; looks in a millisecond when there is nothing to do.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import mkdtemp, mkstemp

SOURCE = Path(sys.prefix) / "share" / "campushub" / "tutorials"
EDITION = (
    "edition.json"  # beside the notebooks: a number that grows, since an older image may be started after a newer one
)
PLACE = "tutorials"
STATE = Path(".config") / "campushub" / "tutorials.json"
FIRST = "1-tour.ipynb"
LARGEST = 4 * 1024**2  # bytes; what is larger is none of ours


@dataclass(frozen=True)
class State:
    """What was given to a home: the edition, the SHA-256 of each file by its name, whether the person was told of it."""

    edition: int
    files: Mapping[str, str]
    told: bool = False


THEIRS = State(edition=0, files={}, told=True)  # nothing in such a home is ours to change


def bring(home: Path, source: Path = SOURCE) -> None:
    """Give a home the tutorials, or the newer edition of them. Never raises: no home may keep its server from starting."""
    try:
        edition, state = _edition(source), _state(home)
        if state is None:
            _give(home, source, edition)
        elif state.edition < edition:
            _renew(home, source, edition, state)
    except (OSError, ValueError, RecursionError) as trouble:
        sys.stderr.write(f"campushub: the tutorials were not brought into the home: {trouble}\n")


def restore(home: Path, source: Path = SOURCE) -> list[str]:
    """Put back what is missing of the tutorials, at their person's own wish; the names. Raises OSError where that fails."""
    folder, back = home / PLACE, []
    folder.mkdir(exist_ok=True)
    files = dict((_state(home) or THEIRS).files)
    for name, text in _texts(source).items():
        if not os.path.lexists(folder / name):
            _write(folder / name, text)
            files[name] = _digest(text)
            back.append(name)
    _remember(home, State(_edition(source), files, told=True))
    return back


def is_news(home: Path) -> bool:
    """Whether the tutorials were given to a home and its person was not told of them yet."""
    state = _state(home)
    return state is not None and not state.told and (home / PLACE / FIRST).is_file()


def tell(home: Path) -> None:
    """Note that the person was told. Raises OSError where it cannot be noted."""
    state = _state(home)
    if state is not None and not state.told:
        _remember(home, replace(state, told=True))


def _give(home: Path, source: Path, edition: int) -> None:
    """The first time: the whole folder at once, or nothing where there is one."""
    folder = home / PLACE
    if os.path.lexists(folder):
        _remember(home, replace(THEIRS, edition=edition))
        return
    texts = _texts(source)
    new = Path(mkdtemp(prefix=f".{PLACE}-", dir=home))
    try:
        for name, text in texts.items():
            (new / name).write_bytes(text)
        new.chmod(0o755)
        # First, so that what could not be noted is not put there again after it was deleted.
        _remember(home, State(edition, {name: _digest(text) for name, text in texts.items()}))
        new.rename(folder)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _renew(home: Path, source: Path, edition: int, state: State) -> None:
    """A newer edition in the place of what was given and is still as it was given, and what is new in it."""
    folder, files = home / PLACE, dict(state.files)
    if files and folder.is_dir() and not folder.is_symlink():
        for name, text in _texts(source).items():
            untouched = name in files and _digest(_read(folder / name)) == files[name]
            new = name not in files and not os.path.lexists(folder / name)
            if untouched or new:
                _write(folder / name, text)
                files[name] = _digest(text)
    _remember(home, replace(state, edition=edition, files=files))


def _texts(source: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(source.glob("*.ipynb"))}


def _edition(source: Path) -> int:
    return int(json.loads((source / EDITION).read_bytes())["edition"])


def _state(home: Path) -> State | None:
    """What was given; none where nothing was yet. A state that cannot be read is that of a home to keep our hands off."""
    if not os.path.lexists(home / STATE):
        return None
    try:
        found = json.loads(_read(home / STATE))
        files = {str(name): str(digest) for name, digest in found["files"].items()}
        return State(int(found["edition"]), files, told=bool(found["told"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return THEIRS


def _remember(home: Path, state: State) -> None:
    (home / STATE).parent.mkdir(parents=True, exist_ok=True)
    _write(home / STATE, json.dumps(asdict(state), indent=2).encode() + b"\n")


def _read(path: Path) -> bytes:
    """What is in a small plain file; nothing when it is something else, which may be endless or never answer."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        return file.read() if stat.S_ISREG(about.st_mode) and about.st_size <= LARGEST else b""


def _write(path: Path, text: bytes) -> None:
    """Whole or not at all, whoever reads it meanwhile."""
    handle, part = mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        Path(part).chmod(0o644)
        Path(part).rename(path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
