"""Pulls of material with real git: what upstream changed arrives, what the person wrote stays whole, whatever came between."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from campushub_client import bringing, changes, placing, repository
from campushub_client.puller import Puller
from nbgitpuller.errors import GitPullerError
from nbgitpuller.pull import GitPuller

# nbgitpuller leaves the pipes of its git processes to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.edu", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Upstream:
    """A course's repository that its instructor works on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--initial-branch=main")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def publish(self, **files: str | None) -> None:
        """Commit these files, by names in which `__` is a dot; none is a file that is removed."""
        for name, text in files.items():
            path = name.replace("__", ".")
            if text is None:
                (self.folder / path).unlink()
            else:
                self.write(path, text)
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message=x")


class Home:
    """A person's home, and the material's folder in it."""

    def __init__(self, home: Path, upstream: Upstream) -> None:
        self.home, self.upstream, self.folder = home, upstream, home / "nn"

    def pull(self, **more: Any) -> list[str]:
        return list(Puller(str(self.upstream.folder), str(self.folder), branch="main", **more).pull())

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def told(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = changes.told(self.home)
        return found

    def names(self) -> set[str]:
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if not path.is_dir())
        return {str(path) for path in found if path.parts[0] != ".git"}


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    made = Upstream(tmp_path / "course")
    made.publish(lesson__ipynb="1", other__md="o")
    return made


@pytest.fixture
def home(tmp_path: Path, upstream: Upstream) -> Home:
    made = Home(tmp_path / "home", upstream)
    made.pull()
    return made


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "metadata": {}, "source": [cell], "outputs": []} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def cells(text: str) -> list[str]:
    return [cell["source"][0] for cell in json.loads(text)["cells"]]


BOTH = (notebook("a", "b", "c"), notebook("a", "b", "c", "mine"), notebook("a", "b", "hint", "c", "exercise"))


def test_stock_nbgitpuller_mixes_a_notebook_that_both_changed_and_drops_a_cell_without_a_word(tmp_path: Path) -> None:
    upstream = Upstream(tmp_path / "course")
    upstream.publish(lesson__ipynb=BOTH[0])
    stock = GitPuller(str(upstream.folder), str(tmp_path / "nn"), branch="main")
    list(stock.pull())
    (tmp_path / "nn" / "lesson.ipynb").write_text(BOTH[1], encoding="utf-8")
    upstream.publish(lesson__ipynb=BOTH[2])
    said = "".join(stock.pull())
    assert cells((tmp_path / "nn" / "lesson.ipynb").read_text(encoding="utf-8")) == ["a", "b", "hint", "c", "mine"]
    assert "CONFLICT" not in said


def test_a_notebook_that_both_changed_stays_the_persons_and_the_courses_lies_beside(
    upstream: Upstream, home: Home
) -> None:
    upstream.publish(lesson__ipynb=BOTH[0])
    home.pull()
    home.write("lesson.ipynb", BOTH[1])
    upstream.publish(lesson__ipynb=BOTH[2])
    home.pull()
    assert (home.read("lesson.ipynb"), home.read("lesson-new.ipynb")) == BOTH[1:]


def test_what_lies_beside_is_renewed_while_nobody_touched_it(upstream: Upstream, home: Home) -> None:
    home.write("lesson.ipynb", "mine")
    for text in ("2", "3"):
        upstream.publish(lesson__ipynb=text)
        home.pull()
    assert home.names() == {"lesson.ipynb", "other.md", "lesson-new.ipynb"}
    assert home.read("lesson-new.ipynb") == "3"


def test_what_the_person_wrote_into_the_file_beside_stays_and_another_name_is_taken(
    upstream: Upstream, home: Home
) -> None:
    home.write("lesson.ipynb", "mine")
    upstream.publish(lesson__ipynb="2")
    home.pull()
    home.write("lesson-new.ipynb", "mine too")
    upstream.publish(lesson__ipynb="3")
    home.pull()
    assert home.read("lesson-new.ipynb") == "mine too"
    assert home.read("lesson-new-2.ipynb") == "3"


def test_whoever_takes_the_courses_version_gets_what_is_new_again(upstream: Upstream, home: Home) -> None:
    home.write("lesson.ipynb", "mine")
    upstream.publish(lesson__ipynb="2")
    home.pull()
    (home.folder / "lesson-new.ipynb").replace(home.folder / "lesson.ipynb")
    upstream.publish(lesson__ipynb="3")
    home.pull()
    assert home.read("lesson.ipynb") == "3"
    assert home.names() == {"lesson.ipynb", "other.md"}


def test_a_file_of_ones_own_where_the_course_puts_one_stays_where_it_is(upstream: Upstream, home: Home) -> None:
    home.write("plot.py", "mine")
    upstream.publish(plot__py="theirs")
    home.pull()
    assert (home.read("plot.py"), home.read("plot-new.py")) == ("mine", "theirs")
    assert home.told()[0]["kept"] == [["plot.py", "plot-new.py"]]


def test_what_upstream_removes_goes_unless_it_was_edited(upstream: Upstream, home: Home) -> None:
    home.write("lesson.ipynb", "mine")
    upstream.publish(lesson__ipynb=None, other__md=None)
    home.pull()
    assert home.names() == {"lesson.ipynb"}
    assert home.told()[0]["removed"] == ["other.md"]
    assert home.told()[0]["kept"] == [["lesson.ipynb", ""]]


def test_what_the_person_deleted_comes_again(home: Home) -> None:
    (home.folder / "lesson.ipynb").unlink()
    home.pull()
    assert home.read("lesson.ipynb") == "1"
    assert not home.told()


def test_first_pull_and_pulls_without_news_have_nothing_to_tell(home: Home) -> None:
    home.write("lesson.ipynb", "mine")
    home.pull()
    assert home.told() == []


def test_news_are_told_once_and_listed_afterwards(upstream: Upstream, home: Home) -> None:
    upstream.publish(lesson__ipynb="2", more__md="m")
    home.pull()
    [told] = home.told()
    assert (told["folder"], told["new"], told["changed"], told["told"]) == ("nn", ["more.md"], ["lesson.ipynb"], False)
    changes.mark(home.home, told["id"])
    assert [one["told"] for one in home.told()] == [True]
    upstream.publish(more__md="n")
    home.pull()
    assert [one["told"] for one in home.told()] == [False, True]


def test_a_file_that_becomes_a_folder_and_back(upstream: Upstream, home: Home) -> None:
    (upstream.folder / "other.md").unlink()
    upstream.write("other.md/inside.md", "i")
    upstream.publish()
    home.pull()
    assert home.read("other.md/inside.md") == "i"
    (upstream.folder / "other.md" / "inside.md").unlink()
    (upstream.folder / "other.md").rmdir()
    upstream.publish(other__md="o2")
    home.pull()
    assert home.read("other.md") == "o2"


def test_a_folder_where_the_person_has_a_file_lies_beside(upstream: Upstream, home: Home) -> None:
    home.write("week", "mine")
    upstream.write("week/one.md", "1")
    upstream.publish()
    home.pull()
    home.pull()
    assert (home.read("week"), home.read("week-new/one.md")) == ("mine", "1")


def test_a_link_to_elsewhere_in_the_place_of_a_folder_is_not_followed(upstream: Upstream, home: Home) -> None:
    (home.home / "elsewhere").mkdir()
    (home.folder / "week").symlink_to(home.home / "elsewhere")
    upstream.write("week/one.md", "1")
    upstream.publish()
    home.pull()
    assert list((home.home / "elsewhere").iterdir()) == []
    assert home.read("week-new/one.md") == "1"


def test_what_is_written_while_the_pull_goes_on_is_the_persons(
    upstream: Upstream, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = repository.Repository.stage

    def save_meanwhile(self: repository.Repository, tree: str, paths: list[str]) -> None:
        staged(self, tree, paths)
        home.write("lesson.ipynb", "saved just now")

    monkeypatch.setattr(repository.Repository, "stage", save_meanwhile)
    upstream.publish(lesson__ipynb="2")
    home.pull()
    assert (home.read("lesson.ipynb"), home.read("lesson-new.ipynb")) == ("saved just now", "2")


def test_a_home_of_stock_nbgitpuller_goes_on(tmp_path: Path, upstream: Upstream) -> None:
    home = Home(tmp_path / "home", upstream)
    stock = GitPuller(str(upstream.folder), str(home.folder), branch="main")
    list(stock.pull())
    home.write("other.md", "mine")
    upstream.publish(lesson__ipynb="2")
    list(stock.pull())
    upstream.publish(lesson__ipynb="3")
    home.pull()
    assert (home.read("lesson.ipynb"), home.read("other.md")) == ("3", "mine")
    assert home.told()[0]["changed"] == ["lesson.ipynb"]
    upstream.publish(lesson__ipynb="4")
    list(stock.pull())
    assert (home.read("lesson.ipynb"), home.read("other.md")) == ("4", "mine")
    upstream.publish(lesson__ipynb="5")
    home.pull()
    assert home.names() == {"lesson.ipynb", "other.md"}
    assert home.read("lesson.ipynb") == "5"


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
        bringing.resolve("https://git.example.edu/nn/course.git", "../data.git")
        == "https://git.example.edu/nn/data.git"
    )
    assert bringing.resolve("file:///srv/material/nn.git", "../data.git") == "file:///srv/material/data.git"


def test_copy_of_this_machine_is_known_by_its_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.file:///srv/material/nn.git.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.example.edu/nn/course")
    assert bringing.public("file:///srv/material/nn.git") == "https://git.example.edu/nn/course"
    assert bringing.public("https://elsewhere.org/x.git") == "https://elsewhere.org/x.git"


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


class Years:
    """Random edits on both sides, with pulls that are cut off in between."""

    NAMES = (
        "a.ipynb",
        "b.md",
        "c.txt",
        "week/d.ipynb",
        "week/e.md",
        "week",
        "deep/er/f.md",
        "deep",
        "g-new.md",
        "g.md",
    )

    def __init__(self, seed: int, upstream: Upstream, home: Home) -> None:
        self.chance, self.upstream, self.home, self.number = random.Random(seed), upstream, home, 0

    def text(self, who: str) -> str:
        self.number += 1
        return (
            "\n".join(f"{who} {self.number} {line}" for line in range(self.chance.randrange(4))) + f"{who}{self.number}"
        )

    def edit(self, folder: Path, who: str) -> None:
        for _ in range(self.chance.randrange(4)):
            path = folder / self.chance.choice(self.NAMES)
            if self.chance.random() < 0.3:
                if path.is_file():
                    path.unlink()
            elif not path.is_dir() and not any(one.is_file() for one in path.parents):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.text(who), encoding="utf-8")

    def touch_what_lies_beside(self) -> None:
        beside = sorted(name for name in self.home.names() if "-new" in name)
        if beside and self.chance.random() < 0.3:
            self.home.write(self.chance.choice(beside), self.text("mine"))

    def contents(self, folder: Path) -> dict[str, str]:
        found = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
        return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in found}

    def cut_off(self) -> None:
        lines = Puller(str(self.upstream.folder), str(self.home.folder), branch="main").pull()
        for _ in range(self.chance.randrange(1, 4)):
            next(lines, "")
        lines.close()

    def round(self) -> None:
        was = self.contents(self.upstream.folder)
        self.edit(self.upstream.folder, "theirs")
        for folder in sorted(self.upstream.folder.rglob("*"), reverse=True):
            if folder.is_dir() and ".git" not in folder.parts and not any(folder.iterdir()):
                folder.rmdir()
        self.upstream.publish()
        self.edit(self.home.folder, "mine")
        self.touch_what_lies_beside()
        before = {name: text for name, text in self.contents(self.home.folder).items() if "mine" in text}
        if self.chance.random() < 0.3:
            self.cut_off()
            self.look(before)
        self.home.pull()
        self.look(before)
        after, theirs = self.contents(self.home.folder), self.contents(self.upstream.folder)
        for name, text in theirs.items():
            hidden = self.is_hidden(name)
            assert text == was.get(name) or text in after.values(), f"{name} has not arrived"
            # Where the course comes to use the name of a file beside, that file counts as the person's.
            assert hidden or after[name] == text or "mine" in after[name] or name == "g-new.md", name
        assert not git(self.home.folder, "status", "--porcelain", "--untracked-files=no")
        assert git(self.home.folder, "merge-base", "HEAD", "origin/main") == git(
            self.upstream.folder, "rev-parse", "HEAD"
        )

    def is_hidden(self, name: str) -> bool:
        """Whether the person has a file where the course has a folder, or something of theirs in a folder of that name."""
        own = list((self.home.folder / name).rglob("*"))
        return bool(own) or any((self.home.folder / parent).is_file() for parent in Path(name).parents[:-1])

    def look(self, before: dict[str, str]) -> None:
        after = self.contents(self.home.folder)
        assert {name: after.get(name) for name in before} == before


@pytest.mark.parametrize("seed", range(3))
def test_years_of_edits_on_both_sides_lose_nothing_that_the_person_wrote(
    seed: int, upstream: Upstream, home: Home
) -> None:
    years = Years(seed, upstream, home)
    for _ in range(15):
        years.round()


def test_fingerprint_of_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    assert placing.fingerprint(tmp_path) == ""
    assert placing.fingerprint(tmp_path / "none") == ""
