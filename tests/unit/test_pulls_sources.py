"""Where pulls of material come from: depth, submodules, public addresses, tags, what is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from campushub_client import addresses
from campushub_client.puller import Puller
from nbgitpuller.errors import GitPullerError

from tests.pulling import Home, Upstream, git


def test_old_history_stays_out_of_the_home(tmp_path: Path) -> None:
    upstream = Upstream(tmp_path / "course")
    for _ in range(4):
        (upstream.folder / "big.bin").write_bytes(os.urandom(5_000_000))
        upstream.publish()
    upstream.publish(big__bin=None, lesson__ipynb="1")
    home = Home(tmp_path / "home", upstream)
    home.pull()
    (upstream.folder / "big.bin").write_bytes(os.urandom(5_000_000))
    upstream.publish()
    upstream.publish(big__bin=None, lesson__ipynb="2")
    home.pull()
    size = sum(path.stat().st_size for path in home.folder.rglob("*") if path.is_file())
    assert home.read("lesson.ipynb") == "2"
    assert size < 300_000


def test_whole_history_that_was_asked_for_stays_whole(tmp_path: Path, upstream: Upstream) -> None:
    upstream.publish(lesson__ipynb="2")
    home = Home(tmp_path / "whole", upstream)
    home.pull(depth=0)
    upstream.publish(lesson__ipynb="3")
    home.pull()
    assert git(home.folder, "rev-list", "--count", "HEAD") == "3"


def with_submodule(upstream: Upstream, url: Path | str, commit: str) -> None:
    upstream.write(".gitmodules", f'[submodule "data"]\n\tpath = data\n\turl = {url}\n')
    git(upstream.folder, "add", ".gitmodules")
    git(upstream.folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},data")
    git(upstream.folder, "commit", "--quiet", "--message=with a submodule")


def test_a_submodule_comes_by_its_public_address_and_keeps_what_the_person_wrote(
    tmp_path: Path, upstream: Upstream, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = Upstream(tmp_path / "inner")
    inner.publish(table__csv="1", notes__md="n")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{inner.folder}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.example.edu/nn/data.git")
    with_submodule(upstream, "https://git.example.edu/nn/data.git", git(inner.folder, "rev-parse", "HEAD"))
    home.pull()
    assert home.read("data/table.csv") == "1"
    assert "data" in home.told()[0]["new"]
    home.write("data/table.csv", "mine")
    inner.publish(table__csv="2", notes__md="n2")
    with_submodule(upstream, "https://git.example.edu/nn/data.git", git(inner.folder, "rev-parse", "HEAD"))
    home.pull()
    assert [home.read(f"data/{name}") for name in ("table.csv", "table-new.csv", "notes.md")] == ["mine", "2", "n2"]
    assert home.told()[0]["kept"] == [["data/table.csv", "data/table-new.csv"]]


def test_a_submodule_that_is_not_here_is_named_once_and_all_else_comes(upstream: Upstream, home: Home) -> None:
    with_submodule(upstream, "/nowhere/data.git", "1" * 40)
    upstream.write("lesson.ipynb", "2")
    git(upstream.folder, "add", "lesson.ipynb")
    git(upstream.folder, "commit", "--quiet", "--message=y")
    home.pull()
    assert home.read("lesson.ipynb") == "2"
    assert home.told()[0]["missing"] == ["data"]
    home.pull()
    assert len(home.told()) == 1
    assert not any((home.folder / "data").iterdir())


def test_relative_address_of_a_submodule_is_beside_its_repository() -> None:
    assert (
        addresses.resolve("https://git.example.edu/nn/course.git", "../data.git")
        == "https://git.example.edu/nn/data.git"
    )
    assert addresses.resolve("file:///srv/material/nn.git", "../data.git") == "file:///srv/material/data.git"


def test_copy_of_this_machine_is_known_by_its_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.file:///srv/material/nn.git.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.example.edu/nn/course")
    assert addresses.public("file:///srv/material/nn.git") == "https://git.example.edu/nn/course"
    assert addresses.public("https://elsewhere.org/x.git") == "https://elsewhere.org/x.git"


def test_what_is_not_there_is_said_in_gits_words(tmp_path: Path) -> None:
    with pytest.raises(GitPullerError, match=r"does not (exist|appear to be a git repository)"):
        Puller(f"file://{tmp_path}/none.git", str(tmp_path / "nn"), branch="main")


def test_a_tag_and_the_default_branch_can_be_linked_to(tmp_path: Path, upstream: Upstream) -> None:
    git(upstream.folder, "tag", "-a", "week-1", "-m", "x")
    upstream.publish(lesson__ipynb="2")
    for branch, text in (("week-1", "1"), (None, "2")):
        folder = tmp_path / f"linked-{branch}"
        for _ in range(2):
            list(Puller(str(upstream.folder), str(folder), branch=branch).pull())
        assert (folder / "lesson.ipynb").read_text(encoding="utf-8") == text
