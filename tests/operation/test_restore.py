"""A hub is backed up while people work, erased, and put back: everybody finds what they had."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hub import manifest
from hub.adapters.trees import mistakes
from hub.backup import backup
from hub.restore import restore
from hub.trouble import Trouble
from tests.coursework import RIGHT, hand_out, submit
from tests.http_loop import walk
from tests.instance import OWN_PASSWORD, ROOT, Instance, Person, running, text_of
from tests.small_hub import NOW, make

ODD_HOME = r"""
import os
os.makedirs("own/empty", exist_ok=True)
open(b"own/gr\xfc\xdfe.txt", "w").write("a name in no encoding")
open("own/large", "wb").write(os.urandom(100_000_000))
open("own/run.sh", "w").write("echo hello\n")
os.chmod("own/run.sh", 0o750)
if not os.path.islink("own/away"):
    os.symlink("/etc/passwd", "own/away")
os.utime("own/run.sh", (1_400_000_000, 1_400_000_000))
"""


@dataclass
class Story:
    """What was there before, and the hub that was put back."""

    instance: Instance
    place: Path  # of the backups
    top: Path  # the one that was put back
    acknowledged: list[str]  # submissions, before and while the backup was made
    before: str  # the submission that was graded
    different: list[str]  # from the backup, right after it was put back
    compared: int


def described(folder: Path) -> dict[str, tuple[object, ...]]:
    """Owner, mode, time and content of everything below a folder."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[os.fsdecode(path.relative_to(folder))] = (
            about.st_mode,
            about.st_uid,
            about.st_gid,
            about.st_mtime_ns,
            content,
        )
    return found


def dump(path: Path, mode: str = "mode=ro") -> list[str]:
    with closing(sqlite3.connect(f"file:{path}?{mode}", uri=True)) as database:
        return list(database.iterdump())


STILL = "immutable=1"  # a backup's: nothing is written beside it
DATABASES = ("service/store.sqlite", "courses/demo/gradebook.db")


def differences(data: Path, kept: Path) -> list[str]:
    """What is not in the data folder as it is in a backup; databases are compared by what they hold."""
    found = []
    for name in DATABASES:
        ours, theirs = set(dump(data / name)), set(dump(kept / name, STILL))
        found += [f"{name} lost {line[:80]}" for line in theirs - ours]
        # The hub that was put back has seen by now that the servers of then have ended, and noted it.
        found += [f"{name} got {line[:80]}" for line in ours - theirs if not line.startswith('INSERT INTO "ends"')]
    for part in ("homes", "grading-homes", "secrets", "first-passwords", "material-sources", "courses", "service"):
        now, then = described(data / part), described(kept / part)
        aside = {name for name in (*now, *then) if ".sqlite" in name or name.endswith(".db")}
        if part == "service":  # uploads under way are taken away when the service starts
            aside |= {name for name in (*now, *then) if "/" not in name or "/." in name or name.startswith("incoming")}
        found += [f"{part}/{name}" for name in {*now, *then} - aside if now.get(name) != then.get(name)]
    return found


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with running() as instance:
        yield tell(instance)


def tell(instance: Instance) -> Story:
    student, teacher = instance.person("student"), instance.person("teacher")
    student.start("demo")
    teacher.start("grade-demo")
    hand_out(instance, "under-way")
    graded = walk(student, teacher)["submission"]
    student.inside("demo", ODD_HOME)
    place = instance.data.parent / "backups"
    acknowledged = back_up_while_somebody_submits(instance, student, place)
    top = next(manifest.newest(place))[0]
    own = described(instance.data / "homes/student/own")
    instance.command("down", "--erase", "--yes")
    assert not instance.data.exists()
    kill_a_restore(instance, place)
    instance.command("restore", str(place))
    instance.people.clear()
    different = differences(instance.data, top / "data")
    if described(instance.data / "homes/student/own") != own:
        different.append("the home as it was before")
    return Story(instance, place, top, acknowledged, graded, different, len(described(top / "data")))


def back_up_while_somebody_submits(instance: Instance, student: Person, place: Path) -> list[str]:
    """The submissions that were acknowledged before the backup began."""
    acknowledged: list[str] = [submit(student, "under-way", RIGHT)["submission"]]
    known, ended = list(acknowledged), threading.Event()

    def keep_on() -> None:
        while not ended.is_set():
            acknowledged.append(submit(student, "under-way", RIGHT)["submission"])

    thread = threading.Thread(target=keep_on)
    thread.start()
    try:
        time.sleep(2)
        known = list(acknowledged)
        instance.command("backup", str(place))
    finally:
        ended.set()
        thread.join()
    assert len(acknowledged) > len(known), "nobody submitted meanwhile"
    return known


def kill_a_restore(instance: Instance, place: Path) -> None:
    """End a restore while it copies."""
    command = [str(ROOT / "campushub"), f"--config={instance.config}", "restore", str(place)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as restoring:
        while not (instance.data / ".restored-from").exists():
            assert restoring.poll() is None, "it ended by itself"
            time.sleep(0.005)
        os.kill(restoring.pid, signal.SIGKILL)
    assert (instance.data / ".restored-from").read_text(encoding="utf-8").startswith("copying")


def test_backup_made_while_somebody_submits_is_whole(story: Story) -> None:
    found = manifest.read(story.top)
    assert found.faults == ()
    assert mistakes(story.top, found.entries) == []
    assert not [
        path for path in story.top.rglob("*") if path.name.endswith((".sqlite-wal", ".sqlite-shm", ".db-journal"))
    ]
    rows = "\n".join(dump(story.top / "data/service/store.sqlite", STILL))
    assert all(submission in rows for submission in (*story.acknowledged, story.before))


def test_everything_is_as_it_was_byte_for_byte(story: Story) -> None:
    assert story.different == []
    assert story.compared > 100


def test_everybody_signs_in_with_their_own_password_and_finds_their_work(story: Story) -> None:
    student = Person(story.instance, "student")
    assert student.sign_in(OWN_PASSWORD).url.endswith("/courses/")
    page = student.get("/courses/").text
    assert "Score 8 of 10" in text_of(page)
    for submission in (*story.acknowledged, story.before):
        receipt = student.get(f"/courses/receipts/{submission}")
        assert receipt.ok
        assert submission in receipt.text
    feedback = student.get(f"/courses/feedback/{story.before}/first-steps.html")
    assert feedback.ok
    assert "asha" in text_of(Person(story.instance, "asha").sign_in(story.instance.first_password("asha")).text).lower()


def test_work_goes_on_where_it_ended(story: Story) -> None:
    student = story.instance.person("student")
    student.start("demo")
    assert student.inside("demo", "print(open('own/run.sh').read())") == "echo hello"
    assert submit(student, "under-way", RIGHT)["attempt"] > len(story.acknowledged)
    story.instance.wait_until_well()
    assert not (story.instance.data / ".restored-from").exists()


def test_restore_onto_a_hub_that_is_there_is_refused(story: Story) -> None:
    before = (story.instance.data / "service/store.sqlite").stat().st_ino
    done = story.instance.command("restore", str(story.place), check=False)
    assert done.returncode == 1
    assert f"a hub called '{story.instance.name}' is on this machine already" in done.stderr
    assert (story.instance.data / "service/store.sqlite").stat().st_ino == before


# -- refusals, against a small folder made by the hub's own code ---------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A backup of a small hub whose data is gone, and where its settings would go."""

    top: Path
    data: Path
    config: Path

    def refused(self, place: Path | None = None) -> str:
        with pytest.raises(Trouble) as caught:
            restore(ROOT, self.config, place or self.top, report=lambda _: None)
        return str(caught.value)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    settings, _ = make(tmp_path / "srv")
    assert backup(settings, tmp_path / "backups", keep=None, now=NOW, report=lambda _: None)
    shutil.rmtree(settings.data)
    (tmp_path / "checkout").mkdir()
    return Kept(tmp_path / "backups" / "2026-11-21T12-00-00Z", settings.data, tmp_path / "checkout" / "hub.yaml")


def test_damaged_backup_is_refused_with_the_names_of_its_files(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")  # an empty machine has no Docker yet
    (kept.top / "data/homes/asha/notes.txt").write_text("minE\n", encoding="utf-8")
    (kept.top / "data/secrets/command").unlink()
    said = kept.refused()
    assert "data/homes/asha/notes.txt has another content" in said
    assert "data/secrets/command is missing" in said
    assert "2 mistakes. Nothing was changed." in said
    assert not kept.data.exists()
    assert not kept.config.exists()


def test_unfinished_backup_is_none(kept: Kept) -> None:
    (kept.top / "MANIFEST").unlink()
    assert "is not a whole backup" in kept.refused()
    assert "holds no whole backup" in kept.refused(kept.top.parent)
    assert "there is no folder" in kept.refused(kept.top / "elsewhere")


def test_data_that_is_there_is_not_overwritten(kept: Kept) -> None:
    (kept.data / "homes").mkdir(parents=True)
    assert "has data already (homes" in kept.refused()
    assert [path.name for path in kept.data.iterdir()] == ["homes"]


def test_settings_that_say_something_else_are_not_overwritten(kept: Kept) -> None:
    kept.config.write_text("port: 8123\n", encoding="utf-8")
    assert f"{kept.config} is there already and says something else" in kept.refused()
    assert kept.config.read_text(encoding="utf-8") == "port: 8123\n"
    assert not kept.data.exists()


def test_newest_backup_without_faults_is_taken_from_a_folder_of_them(kept: Kept) -> None:
    found = manifest.read(kept.top)
    later = kept.top.with_name("2026-11-22T12-00-00Z")
    shutil.copytree(kept.top, later, symlinks=True)
    replace(found, faults=("the store cannot be read",)).write(later)
    (kept.data / "homes").mkdir(parents=True)
    said: list[str] = []
    with pytest.raises(Trouble, match="has data already"):
        restore(ROOT, kept.config, kept.top.parent, report=said.append)
    assert said[0].startswith(str(kept.top))
