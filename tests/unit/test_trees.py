"""What is copied out of folders that other people write to, and what is not."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.adapters.files import hash_of
from hub.adapters.trees import Copying, Earlier, mistakes, put_back
from hub.manifest import Entry, Manifest, ManifestInvalid, read

NOTHING: frozenset[str] = frozenset()
LATER = datetime.now(UTC) + timedelta(days=1)


def copied(source: Path, top: Path, earlier: Earlier | None = None) -> Copying:
    top.mkdir()
    copying = Copying(top, earlier)
    copying.copy(source, "data", skip=NOTHING)
    return copying


def manifest_of(copying: Copying, made_at: datetime = LATER) -> Manifest:
    return Manifest("campushub", "/srv/campushub", made_at, tuple(copying.entries))


def described(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything about everything below a folder that a copy has to keep."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        about = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        attributes = sorted((name, os.getxattr(path, name)) for name in os.listxattr(path, follow_symlinks=False))
        found[os.fsdecode(path.relative_to(folder))] = (
            *(about.st_mode, about.st_uid, about.st_gid, about.st_mtime_ns),
            content,
            attributes,
        )
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with what homes have."""
    home = tmp_path / "home"
    (home / "empty").mkdir(parents=True, mode=0o751)
    (home / "notes.txt").write_text("to be or not\n", encoding="utf-8")
    (home / "notes.txt").chmod(0o640)
    (home / "away").symlink_to("/etc")
    (home / "away too").symlink_to("nowhere/at all")
    (home / os.fsdecode(b"gr\xfc\xdfe")).write_bytes(b"a name in no encoding")
    (home / "second name").hardlink_to(home / "notes.txt")
    with (home / "holes").open("wb") as file:
        file.seek(50_000_000)
        file.write(b"the end")
        file.truncate(60_000_000)
    os.utime(home / "notes.txt", ns=(1_500_000_000_123_456_789, 1_500_000_000_123_456_789))
    os.utime(home / "empty", ns=(1_400_000_000_000_000_001, 1_400_000_000_000_000_001))
    return home


def test_copy_and_what_is_put_back_from_it_are_the_same(home: Path, tmp_path: Path) -> None:
    copying = copied(home, tmp_path / "top")
    assert described(tmp_path / "top" / "data") == described(home)
    put_back(tmp_path / "top", copying.entries, tmp_path / "again", "data")
    assert described(tmp_path / "again") == described(home)
    assert (tmp_path / "again" / "second name").samefile(tmp_path / "again" / "notes.txt")
    assert (tmp_path / "again" / "holes").stat().st_blocks < 1000, "holes take no room"
    assert mistakes(tmp_path / "top", copying.entries) == []


def test_manifest_is_read_as_it_was_written(home: Path, tmp_path: Path) -> None:
    made = manifest_of(copied(home, tmp_path / "top"))
    made.write(tmp_path / "top")
    assert read(tmp_path / "top") == made


def test_hash_is_that_of_sha256sum(home: Path, tmp_path: Path) -> None:
    entries = {entry.path: entry for entry in copied(home, tmp_path / "top").entries}
    for name in ("data/notes.txt", "data/holes"):
        assert entries[name].sha256 == hashlib.sha256((home / name.removeprefix("data/")).read_bytes()).hexdigest()


@pytest.mark.parametrize("harm", ["cut", "flip", "swap"])
def test_manifest_that_was_touched_is_refused(home: Path, tmp_path: Path, harm: str) -> None:
    manifest_of(copied(home, tmp_path / "top")).write(tmp_path / "top")
    path = tmp_path / "top" / "MANIFEST"
    lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    wrong = {
        "cut": lines[:-2],
        "flip": [lines[0].replace("srv", "srw"), *lines[1:]],
        "swap": [lines[1], lines[0], *lines[2:]],
    }
    path.write_text("".join(wrong[harm]), encoding="ascii")
    with pytest.raises(ManifestInvalid):
        read(tmp_path / "top")


def test_manifest_cannot_name_a_place_outside(tmp_path: Path) -> None:
    entry = Entry("data/../../etc/passwd", "file", 0o644, 0, 0, 0, 0)
    Manifest("campushub", "/srv", LATER, (entry,)).write(tmp_path)
    with pytest.raises(ManifestInvalid, match="outside"):
        read(tmp_path)


def test_every_kind_of_harm_is_named_with_its_path(home: Path, tmp_path: Path) -> None:
    copying = copied(home, tmp_path / "top")
    data = tmp_path / "top" / "data"
    (data / "away").unlink()
    (data / "away").symlink_to("/tmp")
    (data / "empty").rmdir()
    with (data / "holes").open("r+b") as file:
        file.seek(50_000_000)
        file.write(b"The")
    told = mistakes(tmp_path / "top", copying.entries)
    harm = {"data/away leads elsewhere", "data/holes has another content", "data/empty is missing"}
    assert set(told) == harm


def test_pipes_and_sockets_are_passed_over_at_once(home: Path, tmp_path: Path) -> None:
    os.mkfifo(home / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(home / "socket"))
        copying = copied(home, tmp_path / "top")
    assert not {"data/pipe", "data/socket"} & {entry.path for entry in copying.entries}
    assert copying.faults == []


def test_unchanged_file_is_shared_with_the_earlier_backup(home: Path, tmp_path: Path) -> None:
    first = copied(home, tmp_path / "first")
    (home / "new.txt").write_text("new", encoding="utf-8")
    second = copied(home, tmp_path / "second", Earlier(tmp_path / "first", manifest_of(first)))
    assert (tmp_path / "second/data/holes").samefile(tmp_path / "first/data/holes")
    assert not (tmp_path / "first/data/new.txt").exists()
    assert described(tmp_path / "second" / "data") == described(home)
    assert "data/holes" in second.shared


def test_content_changed_with_its_time_set_back_is_copied(home: Path, tmp_path: Path) -> None:
    first = copied(home, tmp_path / "first")
    before = (home / "notes.txt").stat()
    (home / "notes.txt").write_text("to be or NOT\n", encoding="utf-8")
    os.utime(home / "notes.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    copied(home, tmp_path / "second", Earlier(tmp_path / "first", manifest_of(first)))
    assert (tmp_path / "second/data/notes.txt").read_text(encoding="utf-8") == "to be or NOT\n"
    assert (tmp_path / "first/data/notes.txt").read_text(encoding="utf-8") == "to be or not\n"


def test_file_changed_while_the_earlier_backup_was_made_is_not_trusted(home: Path, tmp_path: Path) -> None:
    first = copied(home, tmp_path / "first")
    began = datetime.now(UTC) - timedelta(hours=1)
    second = copied(home, tmp_path / "second", Earlier(tmp_path / "first", manifest_of(first, began)))
    assert second.shared == set()


def test_earlier_copy_that_has_rotted_is_not_handed_on(home: Path, tmp_path: Path) -> None:
    first = copied(home, tmp_path / "first")
    rotten = tmp_path / "first/data/notes.txt"
    rotten.write_text("to be or nut\n", encoding="utf-8")
    second = copied(home, tmp_path / "second", Earlier(tmp_path / "first", manifest_of(first)))
    assert (tmp_path / "second/data/notes.txt").read_text(encoding="utf-8") == "to be or not\n"
    assert any("notes.txt has gone bad" in note for note in second.notes)


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """Somebody writes to a file all the time."""
    ended = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not ended.is_set():
                file.write(b"x" * 65536)
                if path.stat().st_size > 200_000_000:
                    file.truncate(1_000_000)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_file_that_is_written_all_the_time_is_kept_as_it_was_read(home: Path, tmp_path: Path) -> None:
    (home / "log").write_bytes(bytes(20_000_000))
    with growing(home / "log"):
        copying = copied(home, tmp_path / "top")
    entry = next(entry for entry in copying.entries if entry.path == "data/log")
    assert copying.notes == ["data/log changed while it was copied; it is kept as it was read"]
    assert hash_of(tmp_path / "top/data/log") == entry.sha256
    assert mistakes(tmp_path / "top", copying.entries) == []


def test_file_of_nothing_but_claimed_size_does_not_hold_the_backup_up(home: Path, tmp_path: Path) -> None:
    with (home / "vast").open("wb") as file:
        file.truncate(2 * 1024**4)
    copying = copied(home, tmp_path / "top")
    assert not (tmp_path / "top/data/vast").exists()
    assert any(note.startswith("data/vast is left out") for note in copying.notes)


def test_folders_without_end_do_not_end_the_backup(home: Path, tmp_path: Path) -> None:
    inside = home
    for _ in range(170):
        inside = inside / "d"
        inside.mkdir()
    copying = copied(home, tmp_path / "top")
    assert any("too deep" in note for note in copying.notes)
    assert "data/notes.txt" in {entry.path for entry in copying.entries}


def test_file_that_cannot_be_read_is_a_fault_and_the_rest_is_copied(tmp_path: Path) -> None:
    device = Path("/sys/devices/virtual/net/lo")  # its `speed` answers with an error to everybody
    with pytest.raises(OSError, match="Invalid argument"):
        (device / "speed").read_bytes()
    copying = copied(device, tmp_path / "top")
    assert any(fault.startswith("data/speed cannot be read: ") for fault in copying.faults)
    assert not (tmp_path / "top/data/speed").exists()
    assert (tmp_path / "top/data/mtu").exists()


def test_name_swapped_for_a_link_while_it_is_read_leads_nowhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner takes a folder away, once it was looked at, and puts a link to another's into its place."""
    mine, another, real = home / "mine", tmp_path / "another", os.stat
    mine.mkdir()
    another.mkdir()
    (another / "theirs").write_text("not for you", encoding="utf-8")

    def look_then_swap(name: Any, **more: Any) -> os.stat_result:
        found = real(name, **more)
        if name == "mine":
            mine.rmdir()
            mine.symlink_to(another)
        return found

    monkeypatch.setattr(os, "stat", look_then_swap)
    copying = copied(home, tmp_path / "top")
    monkeypatch.undo()
    assert (mine / "theirs").exists(), "whoever goes by the name comes to the other's"
    assert not (tmp_path / "top/data/mine").exists()
    assert copying.faults == []
