"""Pulls of material after something was cut off: git killed, the machine off, another server of the same person at work."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from campushub_client import placing, repository

from tests.pulling import Home, Upstream, git


def test_locks_and_half_a_merge_that_a_killed_git_left_are_no_hindrance(
    upstream: Upstream, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "LOCK_SECONDS", 0.3)
    kept = home.folder / ".git"
    for name in ("index.lock", "HEAD.lock", "shallow.lock", "config.lock", "refs/heads/main.lock"):
        (kept / name).touch()
    (kept / "index").write_bytes(b"DIRC half")
    (kept / "MERGE_HEAD").write_text("0" * 40 + "\n")
    upstream.publish(lesson__ipynb="2")
    home.pull()
    assert home.read("lesson.ipynb") == "2"
    assert git(home.folder, "status", "--porcelain") == ""
    assert not (kept / "MERGE_HEAD").exists()


def test_a_copy_that_was_cut_off_is_made_anew(tmp_path: Path, upstream: Upstream) -> None:
    home = Home(tmp_path / "home", upstream)
    (home.home / ".nn.arriving" / ".git").mkdir(parents=True)
    home.pull()
    assert home.names() == {"lesson.ipynb", "other.md"}
    assert sorted(path.name for path in home.home.iterdir()) == ["nn"]


def test_a_repository_that_the_machine_left_broken_is_put_aside(upstream: Upstream, home: Home) -> None:
    home.write("other.md", "mine")
    for path in (home.folder / ".git" / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"")
    upstream.publish(lesson__ipynb="2", third__md="3")
    home.pull()
    assert (home.read("other.md"), home.read("third.md"), home.read("lesson-new.ipynb")) == ("mine", "3", "2")
    home.pull()
    assert len(list(home.folder.glob(".git-broken-*"))) == 1


def test_two_servers_of_a_person_pull_one_after_the_other(home: Home) -> None:
    with repository.turn(home.home):
        began = subprocess.Popen(
            [
                "python",
                "-c",
                f"from campushub_client.repository import turn\nfrom pathlib import Path\n"
                f"with turn(Path({str(home.home)!r})): print('mine now')",
            ],
            env={**os.environ, "PYTHONPATH": "images/exchange_client"},
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(0.5)
        assert began.poll() is None
    assert began.communicate()[0] == "mine now\n"


def test_fingerprint_of_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    assert placing.fingerprint(tmp_path) == ""
    assert placing.fingerprint(tmp_path / "none") == ""
