"""The course's material in a home, with real git: brought at the start, brought anew with each click, never overwritten."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from campushub_client.material import Material

# nbgitpuller leaves the pipes of its git processes to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.edu"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def write(source: Path, name: str, text: str) -> None:
    (source / name).write_text(text, encoding="utf-8")
    git(source, "add", "--all")
    git(source, "commit", "--message=x")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "--initial-branch=main")
    write(folder, "one.md", "1")
    return folder


@pytest.fixture
def material(source: Path, tmp_path: Path) -> Material:
    return Material(str(source), "main", tmp_path / "home" / "nn")


async def test_click_during_the_start_waits_for_the_pull_that_goes_on(material: Material) -> None:
    begun = material.begin()
    assert material.begin() is begun
    assert await material.is_there()
    assert (material.folder / "one.md").read_text(encoding="utf-8") == "1"


async def test_every_later_click_brings_what_is_new(material: Material, source: Path) -> None:
    assert await material.is_there()
    write(source, "two.md", "2")
    assert await material.is_there()
    assert (material.folder / "two.md").exists()


async def test_what_a_student_wrote_stays(material: Material, source: Path) -> None:
    assert await material.is_there()
    (material.folder / "one.md").write_text("mine", encoding="utf-8")
    write(source, "one.md", "theirs")
    assert await material.is_there()
    assert (material.folder / "one.md").read_text(encoding="utf-8") == "mine"


async def test_branch_that_is_not_there_leads_to_the_page_that_says_so(source: Path, tmp_path: Path) -> None:
    material = Material(str(source), "gone", tmp_path / "nn")
    assert await material.is_there() is False
    assert material.pages()[1].startswith("git-pull?repo=")


async def test_pull_that_takes_long_is_neither_there_nor_failed(material: Material) -> None:
    assert await material.is_there(seconds=0) is None
    assert await material.is_there()
