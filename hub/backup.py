"""A copy of everything that matters, made while the hub runs: DIR/<UTC time>/ with a manifest, verified before it counts.

`cp -a` restores it by hand, `hub.restore` with one command. What is made anew is left out: images, documentation,
wheels, kept packages, data and copies of material. Databases come first, by SQLite's own backup: their rows name files that are there already.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hub import manifest
from hub.adapters import databases
from hub.adapters.files import Gone, Unreadable, dress, entry_of, hash_of
from hub.adapters.trees import Copying, Earlier, mistakes, needed
from hub.durable import sync_folder, write_durably
from hub.manifest import Manifest
from hub.settings import Settings
from hub.trouble import Trouble
from hub.values import size_text

Report = Callable[[str], None]

DATA = "data"
MADE_ANEW = (
    "wheelhouse",
    "packages",
    "material",
    "data",
    "service/incoming",
    "config/images.json",
    "config/docs.json",
    "docs",
    "config/last-backup.json",
    ".restored-from",
)
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
MEGABYTE = 1024**2
MOST_TOLD = 20


def backup(settings: Settings, place: Path, *, keep: int | None, now: datetime, report: Report) -> bool:
    """Make a backup below `place`; whether everything in it is well. Raises Trouble when there is none.

    A fault that the hub's own data has (a file that cannot be read, a database that is broken) is told and written
    down, and the copy of all the rest is kept: a hub with one bad file must not be without a backup.
    """
    began = time.monotonic()
    _need_data(settings)
    _need_place(settings, place)
    with _alone(place):
        earlier = _earlier(settings, place)
        _need_room(settings, place, earlier)
        target = place / f"{now.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}"
        if target.exists():
            raise Trouble(f"{target} is there already; try again in a second")
        beside = target.with_name(f".{target.name}")
        try:
            made = _make(settings, beside, earlier, now)
            beside.rename(target)
            sync_folder(place)
        except OSError as error:
            raise Trouble(_why_not(error, place)) from None
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        _tell(target, made, time.monotonic() - began, report)
        if made.faults:
            return False
        _record(settings, target, made)
        if keep is not None:
            _remove_older(settings, place, keep, report)
    return True


def _need_data(settings: Settings) -> None:
    if settings.folders.restored_from.exists():
        raise Trouble("a restore has not come to its end; run it again, or `sudo ./campushub up`, before a backup")
    if not (settings.folders.service / "store.sqlite").exists():
        raise Trouble(f"{settings.data} holds no hub, so there is nothing to back up; `sudo ./campushub up` makes one")


def _need_place(settings: Settings, place: Path) -> None:
    """Raises Trouble for a folder that cannot hold backups; makes the folder itself when only that is missing."""
    if place.exists() and not place.is_dir():
        raise Trouble(f"{place} is not a folder; name the folder that holds the backups")
    if not place.parent.is_dir():
        raise Trouble(f"there is no folder {place.parent}; is the disk mounted?")
    if place.resolve().is_relative_to(settings.data.resolve()):
        raise Trouble(f"{place} lies inside {settings.data}, which is what is backed up; name a folder elsewhere")
    place.mkdir(mode=0o700, exist_ok=True)
    try:
        good = _keeps_owners(place)
    except OSError as error:
        good = False
        if error.errno in (errno.EROFS, errno.ENOSPC, errno.EACCES):
            raise Trouble(f"nothing can be written to {place}: {error.strerror}") from None
    if not good:
        raise Trouble(
            f"the file system of {place} does not keep owners, modes and links, so a backup there could not be put "
            "back. Use one like ext4 or xfs; a disk image on this one does as well."
        )


def _keeps_owners(place: Path) -> bool:
    with TemporaryDirectory(prefix=".probe-", dir=place) as scratch:
        file = Path(scratch) / "file"
        file.touch()
        os.chown(file, 12345, 54321)
        file.chmod(0o640)
        (Path(scratch) / "name").hardlink_to(file)
        (Path(scratch) / "link").symlink_to("nowhere")
        found = file.stat()
        return (found.st_uid, found.st_gid, found.st_mode & 0o777, found.st_nlink) == (12345, 54321, 0o640, 2)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold a folder of backups, and remove what an interrupted one has left there."""
    with (place / ".lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(f"another backup writes to {place} now; wait until it is done") from None
        for left in place.glob(".*Z"):
            if NAME.fullmatch(left.name[1:]):
                shutil.rmtree(left)
        yield


def _earlier(settings: Settings, place: Path) -> Earlier | None:
    return next((Earlier(path, found) for path, found in manifest.newest(place, settings.name)), None)


def _need_room(settings: Settings, place: Path, earlier: Earlier | None) -> None:
    wanted = needed(settings.data, DATA, skip=_left_out(settings), earlier=earlier)
    same_disk = place.stat().st_dev == settings.data.stat().st_dev
    free = shutil.disk_usage(place).free - (settings.reserve if same_disk else 0)
    if wanted > free:
        beyond = f" beyond the reserve of {size_text(settings.reserve)}" if same_disk else ""
        raise Trouble(
            f"the backup needs {wanted // MEGABYTE} MB and {max(free, 0) // MEGABYTE} MB are free in {place}{beyond}. "
            "Make room there, or name another disk; nothing was written."
        )


def _left_out(settings: Settings) -> frozenset[str]:
    """What the tree's copy passes over: what is made anew, and databases with what SQLite writes beside them."""
    found = {f"{DATA}/{name}" for name in MADE_ANEW}
    for path in databases.all_of(settings.folders):
        found |= {_inside(settings, path) + ending for ending in ("", *databases.BESIDE)}
    return frozenset(found)


def _inside(settings: Settings, path: Path) -> str:
    return f"{DATA}/{path.relative_to(settings.data)}"


def _make(settings: Settings, beside: Path, earlier: Earlier | None, now: datetime) -> Manifest:
    """Copy, read back, write the manifest; everything is on the disk then."""
    beside.mkdir(mode=0o700)
    copying, left_out = Copying(beside, earlier), _left_out(settings)
    for path in databases.all_of(settings.folders):
        _copy_database(copying, path, _inside(settings, path))
    try:
        copying.copy(settings.data, DATA, skip=left_out)
    except (Gone, Unreadable) as error:
        raise Trouble(f"{settings.data} cannot be read: {error}") from None
    _sync(beside)
    entries = tuple(sorted(copying.entries, key=lambda entry: entry.path))
    wrong = mistakes(beside, (entry for entry in entries if entry.path not in copying.shared))
    if wrong:
        raise Trouble(
            "\n  ".join([f"what was written to {beside.parent} reads otherwise; is its disk sound?", *wrong[:9]])
        )
    made = Manifest(settings.name, str(settings.data), now, entries, notes=tuple(copying.notes))
    made = replace(made, faults=(*copying.faults, *_store_faults(beside, made)))
    made.write(beside)
    _sync(beside)
    return made


def _copy_database(copying: Copying, source: Path, path: str) -> None:
    """Copy one database; a broken one is copied as the file it is, and told."""
    target = copying.top / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = source.stat()
    try:
        databases.copy(source, target)
    except sqlite3.DatabaseError:
        shutil.copyfile(source, target)
    copying.faults += [f"{path}: {problem}" for problem in databases.problems(target, still=True)]
    entry = replace(entry_of(path, "file", found), size=target.stat().st_size, sha256=hash_of(target))
    dress(target, entry)
    copying.entries.append(entry)


def _store_faults(top: Path, made: Manifest) -> Iterator[str]:
    """Rows of the store whose files are not in the backup as they were acknowledged."""
    store = top / DATA / "service" / "store.sqlite"
    try:
        for named in databases.named(store, still=True):
            for file in named.files:
                entry = made.by_path.get(f"{DATA}/service/{named.kind}/{named.folder}/{file.path}")
                if entry is None or entry.sha256 != file.sha256:
                    lost = "is missing" if entry is None else "is not what was handed in"
                    yield f"{named.what}: its file {file.path} {lost}"
    except sqlite3.Error as error:
        yield f"the store cannot be read: {error}"


def _sync(folder: Path) -> None:
    """Have everything on the disk; raises OSError when the disk did not take it."""
    done = subprocess.run(["sync", "--file-system", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(errno.EIO, done.stderr.strip())


def _why_not(error: OSError, place: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{place} became full while the backup was written. Make room there; the unfinished backup was removed."
    return f"the backup could not be written to {place}: {error.strerror}; the unfinished one was removed"


def _tell(target: Path, made: Manifest, seconds: float, report: Report) -> None:
    for word, told in (("note", made.notes), ("FAULT", made.faults)):
        for line in told[:MOST_TOLD]:
            report(f"{word}: {line}")
        if len(told) > MOST_TOLD:
            report(
                f"… and {len(told) - MOST_TOLD} more; all of them stand in the first line of {target / manifest.NAME}"
            )
    size = made.size / 1e6
    report(f"{target}: {made.files} files, {size:.1f} MB, read back and verified; {seconds:.0f} s")
    if made.faults:
        report("The hub's own data has the faults above. The backup is kept with what there is; older ones stay.")
    if target.stat().st_dev == Path(made.data).stat().st_dev:
        report("This is the disk that the data is on: if it breaks, both are gone. Copy the backup elsewhere.")


def _record(settings: Settings, target: Path, made: Manifest) -> None:
    """Write down the last good backup, for `doctor`."""
    told = {"at": made.made_at.isoformat(), "place": str(target), "files": made.files, "bytes": made.size}
    write_durably(settings.folders.last_backup, (json.dumps(told) + "\n").encode(), mode=0o644)


def _remove_older(settings: Settings, place: Path, keep: int, report: Report) -> None:
    """Remove what is older than the last backups to keep; those with faults do not count, and go with the old."""
    good = 0
    for path, found in manifest.newest(place, settings.name):
        if good < keep:
            good += not found.faults
            continue
        hidden = path.rename(path.with_name(f".{path.name}"))  # cut off here, the next run removes it
        shutil.rmtree(hidden)
        report(f"removed: {path}")
