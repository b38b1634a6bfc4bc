"""When a backup counts, when it does not, and what is said: against a data folder made by the hub's own code."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub import manifest
from hub.backup import backup
from hub.exchange import Receipt
from hub.settings import Settings
from hub.trouble import Trouble
from tests.small_hub import MARKER, NOW, make


@pytest.fixture
def small(tmp_path: Path) -> tuple[Settings, Receipt]:
    return make(tmp_path / "srv")


def made(settings: Settings, place: Path, *, at: datetime = NOW, keep: int | None = None) -> tuple[bool, list[str]]:
    """Make a backup; whether all was well, and what was said."""
    said: list[str] = []
    return backup(settings, place, keep=keep, now=at, report=said.append), said


def blob(settings: Settings, receipt: Receipt) -> Path:
    return settings.folders.service / "submissions" / receipt.submission / "task"


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.name != ".lock")


def test_backup_is_a_plain_tree_without_what_is_made_anew(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, receipt = small
    good, said = made(settings, tmp_path / "backups")
    data = tmp_path / "backups" / "2026-11-21T12-00-00Z" / "data"
    assert good
    assert "read back and verified" in said[0]
    assert (data / "homes/asha/notes.txt").read_text(encoding="utf-8") == "mine\n"
    assert (data / "service/submissions" / receipt.submission / "task").read_text(encoding="ascii") == MARKER
    assert not {"wheelhouse", "material", "data"} & {path.name for path in data.iterdir()}
    assert not (data / "config/images.json").exists()
    assert (tmp_path / "backups").stat().st_mode & 0o777 == 0o700, "homes and secrets are for root alone"


def test_time_and_place_of_the_last_good_one_are_written_down(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, _ = small
    made(settings, tmp_path / "backups")
    told = json.loads(settings.folders.last_backup.read_text(encoding="utf-8"))
    assert told["at"] == NOW.isoformat()
    assert told["place"] == str(tmp_path / "backups" / "2026-11-21T12-00-00Z")


@contextmanager
def written_to(path: Path) -> Iterator[None]:
    """Somebody changes a database all the time, each row of it in each transaction."""
    ended = threading.Event()

    def write() -> None:
        database = sqlite3.connect(path, timeout=30)
        while not ended.is_set():
            with database:
                database.execute("update marks set points = points + 1")
        database.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def of_one_moment(path: Path | str) -> bool:
    """Whether all rows of a copy of the marks have been raised equally often."""
    try:
        with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as copy:
            return len(copy.execute("select distinct points - substr(student, 2) from marks").fetchall()) == 1
    except sqlite3.DatabaseError:
        return False


def test_database_that_is_written_to_is_copied_as_of_one_moment(
    small: tuple[Settings, Receipt], tmp_path: Path
) -> None:
    settings, _ = small
    path = settings.folders.hub / "jupyterhub.sqlite"
    with written_to(path):
        assert any(not of_one_moment(shutil.copy(path, tmp_path / "plain")) for _ in range(2000)), (
            "a plain copy is whole"
        )
    for number in range(5):
        with written_to(path):
            good, _ = made(settings, tmp_path / "backups", at=NOW + timedelta(minutes=number))
        assert good
        top = next(manifest.newest(tmp_path / "backups"))[0] / "data/hub"
        assert [file.name for file in top.iterdir()] == ["jupyterhub.sqlite"]
        assert of_one_moment(top / "jupyterhub.sqlite")


def test_row_whose_file_was_changed_is_told_and_the_rest_is_kept(
    small: tuple[Settings, Receipt], tmp_path: Path
) -> None:
    settings, receipt = small
    blob(settings, receipt).chmod(0o600)
    blob(settings, receipt).write_text("something else", encoding="ascii")
    good, said = made(settings, tmp_path / "backups")
    assert not good
    assert (
        f"FAULT: the submission {receipt.submission} of asha (nn, one): its file task is not what was handed in" in said
    )
    assert (tmp_path / "backups/2026-11-21T12-00-00Z/data/homes/asha/notes.txt").exists()
    assert not settings.folders.last_backup.exists()


def test_row_whose_file_is_gone_is_told(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, receipt = small
    shutil.rmtree(blob(settings, receipt).parent)
    good, said = made(settings, tmp_path / "backups")
    assert not good
    assert any("its file task is missing" in line for line in said)


def test_broken_gradebook_is_told_and_kept_as_it_is(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, _ = small
    path = settings.folders.courses / "nn/gradebook.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    good, said = made(settings, tmp_path / "backups")
    assert not good
    assert any(line.startswith("FAULT: data/courses/nn/gradebook.db: ") for line in said)
    assert (tmp_path / "backups/2026-11-21T12-00-00Z/data/courses/nn/gradebook.db").exists()


def test_backup_with_faults_takes_no_good_one_away(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, receipt = small
    place = tmp_path / "backups"
    made(settings, place, keep=1)
    shutil.rmtree(blob(settings, receipt).parent)
    made(settings, place, at=NOW + timedelta(days=1), keep=1)
    assert names(place) == ["2026-11-21T12-00-00Z", "2026-11-22T12-00-00Z"]


def test_only_the_newest_are_kept_when_so_asked(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, _ = small
    place = tmp_path / "backups"
    for day in range(4):
        made(settings, place, at=NOW + timedelta(days=day), keep=2)
    assert names(place) == ["2026-11-23T12-00-00Z", "2026-11-24T12-00-00Z"]


def test_what_did_not_change_is_on_the_disk_once(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, _ = small
    place = tmp_path / "backups"
    began = datetime.now(NOW.tzinfo) + timedelta(seconds=1)  # what was changed since a backup began is not shared
    for day in range(2):
        made(settings, place, at=began + timedelta(days=day))
    first, second = (place / name / "data/homes/asha/notes.txt" for name in names(place))
    assert first.samefile(second)


def test_what_an_interrupted_backup_left_is_removed_by_the_next(
    small: tuple[Settings, Receipt], tmp_path: Path
) -> None:
    settings, _ = small
    left = tmp_path / "backups" / ".2026-11-20T12-00-00Z"
    (left / "data").mkdir(parents=True)
    made(settings, tmp_path / "backups")
    assert names(tmp_path / "backups") == ["2026-11-21T12-00-00Z"]


def refused(settings: Settings, place: Path) -> str:
    with pytest.raises(Trouble) as caught:
        made(settings, place)
    return str(caught.value)


def test_places_that_cannot_hold_a_backup_are_refused(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, _ = small
    (tmp_path / "file").touch()
    (tmp_path / "door").symlink_to(settings.data)
    assert "is not a folder" in refused(settings, tmp_path / "file")
    assert "is the disk mounted?" in refused(settings, tmp_path / "no" / "such")
    assert "lies inside" in refused(settings, settings.data / "backups")
    assert "lies inside" in refused(settings, tmp_path / "door" / "backups")
    assert not (settings.data / "backups").exists()


def test_second_backup_at_the_same_time_is_refused(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, _ = small
    place = tmp_path / "backups"
    place.mkdir()
    with subprocess.Popen(["flock", str(place / ".lock"), "sleep", "60"]) as other:
        while not (place / ".lock").exists():
            pass
        said = refused(settings, place)
        other.terminate()
    assert "another backup writes" in said


@contextmanager
def disk(folder: Path, size: int, *words: str) -> Iterator[Path]:
    """A small file system of its own."""
    image, place = folder / "disk.img", folder / "disk"
    with image.open("wb") as file:
        file.truncate(size)
    place.mkdir()
    subprocess.run([*words, str(image)], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextmanager
def without_owners(folder: Path) -> Iterator[Path]:
    """A file system that takes a change of owner and forgets it, as those of memory sticks and shares do."""
    if shutil.which("bindfs") is None:
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "bindfs"], check=True)
    (folder / "below").mkdir()
    (folder / "stick").mkdir()
    ignore = ("--chown-ignore", "--chgrp-ignore", "--chmod-ignore")
    subprocess.run(["bindfs", *ignore, str(folder / "below"), str(folder / "stick")], check=True)
    try:
        yield folder / "stick"
    finally:
        subprocess.run(["umount", str(folder / "stick")], check=True)


def test_file_system_that_keeps_no_owners_is_refused(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, _ = small
    with without_owners(tmp_path) as place:
        assert "does not keep owners" in refused(settings, place)
        assert list(place.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_written(small: tuple[Settings, Receipt], tmp_path: Path) -> None:
    settings, _ = small
    (settings.folders.homes / "asha/large").write_bytes(os.urandom(30_000_000))
    with disk(tmp_path, 20_000_000, "mkfs.ext4", "-q") as place:
        said = refused(settings, place)
        assert "needs 28 MB" in said
        assert "nothing was written" in said
        assert names(place) == ["lost+found"]


def test_disk_that_becomes_full_meanwhile_leaves_nothing_behind(
    small: tuple[Settings, Receipt], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = small
    (settings.folders.homes / "asha/large").write_bytes(os.urandom(30_000_000))
    monkeypatch.setattr("hub.backup.needed", lambda *_, **__: 0)
    with disk(tmp_path, 20_000_000, "mkfs.ext4", "-q") as place:
        assert "became full" in refused(settings, place)
        assert names(place) == ["lost+found"]
