"""A backup put back onto an empty machine: looked at as a whole first, then copied, then brought up.

Owners go by their numbers, so that neither Docker nor anybody's account has to be there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from hub import images, manifest
from hub.adapters.engine import Engine
from hub.adapters.files import Gone, Unreadable
from hub.adapters.trees import mistakes, put_back
from hub.backup import DATA, MEGABYTE, MOST_TOLD
from hub.durable import write_durably
from hub.manifest import Manifest
from hub.settings import Settings
from hub.settings_file import SettingsInvalid, load
from hub.trouble import Trouble
from hub.up import need_root, up

Report = Callable[[str], None]
Written = tuple[Path, bytes]  # a file of the checkout and its content

COPYING, COPIED = "copying", "copied"  # how far a restore is; `up` takes the mark away
UNTOUCHED = "Nothing was changed."


def restore(root: Path, config: Path, place: Path, *, report: Report) -> None:
    """Put a backup back and bring the hub up; `place` is a backup, or a folder of backups: then the newest whole one.

    Raises Trouble before anything is changed where that can be known. Cut off, it can be run again.
    """
    need_root("restore")
    top, found = _choose(place)
    report(f"{top}: made {found.made_at:%Y-%m-%d %H:%M} UTC, {found.files} files, {found.size / 1e6:.1f} MB")
    for fault in found.faults[:MOST_TOLD]:
        report(f"FAULT in this backup: {fault}")
    settings = _settings(root, top)
    _need_stopped(settings)
    already = _need_empty(settings, top)
    plan = _config_plan(root, config, top, found)
    report("reading all of it …")
    _need_whole(top, found)
    if not already:
        _need_room(settings, top, found)
        report(f"copying to {settings.data} …")
        _put_data(settings, top, found)
    for target, content in plan:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_durably(target, content, mode=0o644)
    report("the data is back; now the hub is brought up")
    up(root, config, report=report)


def _choose(place: Path) -> tuple[Path, Manifest]:
    """A backup and its manifest; raises Trouble when there is none."""
    if not place.is_dir():
        raise Trouble(f"there is no folder {place}; name a backup, or the folder that holds them")
    if (place / manifest.NAME).exists() or (place / DATA).is_dir():
        return place, manifest.read(place)
    for path, found in manifest.newest(place):
        if not found.faults:
            return path, found
    raise Trouble(f"{place} holds no whole backup without faults; one with faults can be named itself")


def _settings(root: Path, top: Path) -> Settings:
    """The settings in the backup."""
    path = top / DATA / "config" / "hub.yaml"
    try:
        return load(path, images=images.course_images(root))
    except SettingsInvalid as mistakes_told:
        raise Trouble(f"the settings in the backup cannot be used by this version:\n{mistakes_told}") from None


def _need_stopped(settings: Settings) -> None:
    """Raises Trouble when containers of this hub are there."""
    if Engine.is_there() and Engine.connect().containers_of(settings.name) and not _mark(settings):
        raise Trouble(
            f"a hub called '{settings.name}' is on this machine already. To put the backup in its place, stop it with "
            f"`sudo ./campushub down` and move {settings.data} away. {UNTOUCHED}"
        )


def _need_empty(settings: Settings, top: Path) -> bool:
    """Whether an earlier restore of this backup has copied everything; raises Trouble when other data is there."""
    if not settings.data.exists():
        return False
    there = {path.name for path in settings.data.iterdir()} - {"lost+found"}
    if not there:
        return False
    state, _, name = _mark(settings).partition(" ")
    if state == COPIED and name == top.name:
        return True
    if state == COPYING:
        return False
    raise Trouble(
        f"{settings.data} has data already ({', '.join(sorted(there)[:4])}, …). Move it away, or name an empty disk in "
        f"its place; a restore overwrites nothing. {UNTOUCHED}"
    )


def _mark(settings: Settings) -> str:
    path = settings.folders.restored_from
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def _config_plan(root: Path, config: Path, top: Path, found: Manifest) -> list[Written]:
    """What to write into the checkout; raises Trouble for a file there that says something else."""
    plan = list(_config_files(root, config, top, found))
    example = (root / "config" / "examples" / "hub.yaml").read_bytes()
    for target, content in plan:
        if target.exists() and target.read_bytes() not in (content, example):
            raise Trouble(
                f"{target} is there already and says something else than the backup. Move it away; the backup's takes "
                f"its place. {UNTOUCHED}"
            )
    return [(target, content) for target, content in plan if not target.exists() or target.read_bytes() != content]


def _config_files(root: Path, config: Path, top: Path, found: Manifest) -> Iterator[Written]:
    yield config, (top / DATA / "config" / "hub.yaml").read_bytes()
    additions = f"{DATA}/config/hub.d/"
    for entry in found.entries:
        if entry.kind == "file" and entry.path.startswith(additions):
            yield root / "config" / "hub.d" / entry.path.removeprefix(additions), (top / entry.path).read_bytes()


def _need_whole(top: Path, found: Manifest) -> None:
    wrong = mistakes(top, found.entries)
    if wrong:
        more = [f"… and {len(wrong) - MOST_TOLD} more"] if len(wrong) > MOST_TOLD else []
        count = "1 mistake" if len(wrong) == 1 else f"{len(wrong)} mistakes"
        lines = [f"{top} is not as it was written:", *wrong[:MOST_TOLD], *more]
        raise Trouble("\n  ".join(lines) + f"\n{count}. {UNTOUCHED} Take another backup.")


def _need_room(settings: Settings, top: Path, found: Manifest) -> None:
    there = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    kept = (entry.path for entry in found.entries if entry.kind == "file" and not entry.same_as)
    wanted, free = sum((top / path).stat().st_blocks * 512 for path in kept), shutil.disk_usage(there).free
    if wanted + settings.reserve > free:
        raise Trouble(
            f"the data needs {wanted // MEGABYTE} MB beside the reserve, and {free // MEGABYTE} MB are free below "
            f"{there}. {UNTOUCHED}"
        )


def _put_data(settings: Settings, top: Path, found: Manifest) -> None:
    """Copy the data; what an interrupted copy has left is cleared away first."""
    settings.data.mkdir(parents=True, exist_ok=True)
    write_durably(settings.folders.restored_from, f"{COPYING} {top.name}".encode())
    for left in settings.data.iterdir():
        if left.name not in (settings.folders.restored_from.name, "lost+found"):
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    try:
        put_back(top, found.entries, settings.data, DATA)
    except (Gone, Unreadable, OSError) as error:
        raise Trouble(f"copying ended: {error}. Put that right and run the same command again.") from None
    done = subprocess.run(["sync", "--file-system", os.fspath(settings.data)], check=False)
    if done.returncode:
        raise Trouble(f"the disk of {settings.data} did not take the data; run the same command again on a sound one")
    write_durably(settings.folders.restored_from, f"{COPIED} {top.name}".encode())
