"""Pulls of material with real git: what upstream changed arrives, what the person wrote stays whole, whatever came between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from campushub_client import changes, repository
from nbgitpuller.pull import GitPuller

from tests.pulling import Home, Upstream

# nbgitpuller leaves the pipes of its git processes to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


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


def test_name_that_the_course_comes_to_use_itself_is_left_to_it(upstream: Upstream, home: Home) -> None:
    home.write("lesson.ipynb", "mine")
    upstream.publish(lesson__ipynb="2")
    home.pull()
    upstream.write("lesson-new.ipynb", "the course's own")
    upstream.publish(lesson__ipynb="3")
    home.pull()
    upstream.publish(lesson__ipynb="4")
    home.pull()
    texts = {home.read(name) for name in home.names()}
    assert {"mine", "4", "the course's own"} <= texts


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
