"""Copies of git repositories: brought in steps, only ever forward, and found under their public addresses."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hub import mirror
from hub.adapters import repos
from hub.adapters.fetching import Away
from hub.services.mirror import sync
from hub.settings import Settings
from hub.trouble import Trouble


def git(folder: Path, *words: str, env: dict[str, str] | None = None) -> str:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.edu"]
    command = ["git", "-C", str(folder), *who, *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **(env or {})})
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=x")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for number in range(4):
        commit(folder, "one.md", str(number))
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "material" / "nn.git"


def commits(folder: Path, branch: str = "main") -> int:
    return int(git(folder, "rev-list", "--count", branch))


def test_history_comes_in_steps_to_its_end(source: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repos, "STEP", 1)
    assert repos.mirror(str(source), "main", copy)
    assert commits(copy) == 4
    assert not (copy / "shallow").exists()
    assert not repos.mirror(str(source), "main", copy), "nothing came"


def test_newest_state_is_of_use_before_its_history_is_there(
    source: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repos, "STEP", 1)
    real = repos._fetch

    def broken(source: str, branch: str | None, copy: Path, *depth: str) -> None:
        if depth and depth[0].startswith("--deepen"):
            raise Away("the line broke")
        real(source, branch, copy, *depth)

    monkeypatch.setattr(repos, "_fetch", broken)
    with pytest.raises(Away):
        repos.mirror(str(source), "main", copy)
    assert git(copy, "show", "main:one.md") == "3"
    monkeypatch.setattr(repos, "_fetch", real)
    repos.mirror(str(source), "main", copy)
    assert commits(copy) == 4


def test_rewritten_branch_is_refused_and_the_others_go_on(source: Path, copy: Path) -> None:
    git(source, "branch", "other")
    repos.mirror(str(source), None, copy)
    git(source, "commit", "--quiet", "--amend", "--message=rewritten")
    git(source, "checkout", "--quiet", "other")
    commit(source, "two.md", "2")
    with pytest.raises(Trouble, match="history of the branch main was rewritten"):
        repos.mirror(str(source), None, copy)
    assert git(copy, "show", "other:two.md") == "2"
    assert commits(copy) == 4


def test_clone_without_a_branch_gets_the_sources_own(source: Path, copy: Path, tmp_path: Path) -> None:
    git(source, "checkout", "--quiet", "-b", "term-2026")
    repos.mirror(str(source), None, copy)
    git(tmp_path, "clone", "--quiet", f"file://{copy}", "home")
    assert git(tmp_path / "home", "branch", "--show-current").strip() == "term-2026"


def test_source_that_is_not_there_is_told_from_one_that_does_not_answer(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(Trouble) as told:
        repos.mirror(str(tmp_path / "nothing"), "main", copy)
    assert not isinstance(told.value, Away)
    with pytest.raises(Away):
        repos.mirror("http://127.0.0.1:9/course.git", "main", copy)
    assert not copy.exists()


def test_branch_that_the_source_has_not_got_is_said(source: Path, copy: Path) -> None:
    with pytest.raises(Trouble, match="couldn't find remote ref") as told:
        repos.mirror(str(source), "trunk", copy)
    assert not isinstance(told.value, Away)


@pytest.fixture
def course(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A course with its material and a library beside it, both mirrored, by public addresses that do not exist."""
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "--quiet", "--initial-branch=main")
    commit(library, "lib.py", "print(1)")
    about = {
        "title": "NN",
        "material": str(source),
        "material_also": ["https://git.example.edu/nn/course"],
        "repositories": {"lib": {"source": str(library), "also": ["https://git.example.edu/nn/lib.git"]}},
    }
    settings = Settings.model_validate({"data": tmp_path, "courses": {"nn": about}})
    monkeypatch.setattr(mirror, "MATERIAL", str(tmp_path / "material"))
    for one in mirror.repositories(settings):
        repos.mirror(one.source, one.branch, one.copy)
    return settings


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example.edu/nn/course",
        "https://git.example.edu/nn/course.git",
        "https://git.example.edu/nn/course/",
        "http://git.example.edu/nn/course",
        "git@git.example.edu:nn/course.git",
        "ssh://git@git.example.edu/nn/course.git",
    ],
)
def test_public_address_leads_to_the_copy_however_it_is_written(course: Settings, tmp_path: Path, address: str) -> None:
    variables = mirror.git_variables(mirror.repositories_of(course, "nn"))
    git(tmp_path, "clone", "--quiet", "--depth=1", address, "home", env=variables)
    assert (tmp_path / "home" / "one.md").read_text(encoding="utf-8") == "3"


def test_submodule_is_found_by_its_public_address(course: Settings, source: Path, tmp_path: Path) -> None:
    variables = mirror.git_variables(mirror.repositories_of(course, "nn"))
    git(source, "submodule", "add", "--quiet", "https://git.example.edu/nn/lib.git", "lib", env=variables)
    git(source, "commit", "--quiet", "--message=with the library")
    for one in mirror.repositories(course):
        repos.mirror(one.source, one.branch, one.copy)
    git(tmp_path, "clone", "--quiet", "--recursive", "https://git.example.edu/nn/course", "home", env=variables)
    assert (tmp_path / "home" / "lib" / "lib.py").exists()


@pytest.mark.parametrize("address", ["https://elsewhere.example/a/b.git", "git@elsewhere.example:a/b.git"])
def test_every_other_address_is_given_to_the_helper_that_refuses_it(
    course: Settings, tmp_path: Path, address: str
) -> None:
    helper = tmp_path / "bin" / "git-remote-campushub"
    helper.parent.mkdir()
    helper.write_text('#!/bin/sh\necho "refused: $2" >&2\nexit 1\n', encoding="utf-8")
    helper.chmod(0o755)
    variables = mirror.git_variables(mirror.repositories_of(course, "nn"))
    path = f"{helper.parent}{os.pathsep}{os.environ['PATH']}"
    command = ["git", "-C", str(tmp_path), "clone", address, "home"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, **variables, "PATH": path}
    )
    assert done.returncode
    assert f"refused: {address}" in done.stderr


def test_copies_that_no_course_asks_for_any_more_go(course: Settings, tmp_path: Path) -> None:
    about = course.courses["nn"]
    without = course.model_copy(update={"courses": {"nn": about.model_copy(update={"repositories": {}})}})
    (tmp_path / "data").mkdir()
    sync(without, report=lambda _: None)
    assert [str(path.relative_to(tmp_path)) for path in sorted((tmp_path / "material").rglob("*.git"))] == [
        "material/nn.git"
    ]
    earlier = without.model_copy(update={"courses": {"nn": about.model_copy(update={"archived": True})}})
    sync(earlier, report=lambda _: None)
    assert (tmp_path / "material" / "nn.git").exists(), "its staff may look at everything"
    sync(earlier.model_copy(update={"courses": {}}), report=lambda _: None)
    assert not (tmp_path / "material" / "nn.git").exists()
