"""Tutorials in homes: given once, renewed while nobody has touched them, never a reason for a server not to start."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from campushub_client import start, tutorials

OLD = {"1-tour.ipynb": "tour", "2-numpy.ipynb": "numpy"}
NEW = {"1-tour.ipynb": "better tour", "2-numpy.ipynb": "better numpy", "3-new.ipynb": "new"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def image(tmp_path: Path, texts: Mapping[str, str], edition: int) -> Path:
    """The tutorials of an image."""
    source = tmp_path / f"edition-{edition}"
    source.mkdir()
    (source / "edition.json").write_text(json.dumps({"edition": edition}), encoding="utf-8")
    for name, text in texts.items():
        (source / name).write_text(text, encoding="utf-8")
    return source


def inside(home: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (home / "tutorials").iterdir()}


def test_new_home_is_given_all_of_them(tmp_path: Path, home: Path) -> None:
    tutorials.bring(home, image(tmp_path, OLD, 1))
    assert inside(home) == OLD
    assert sorted(path.name for path in home.iterdir()) == [".config", "tutorials"], "nothing is left beside them"
    assert os.access(home / "tutorials" / "1-tour.ipynb", os.W_OK)


def test_what_was_deleted_stays_deleted(tmp_path: Path, home: Path) -> None:
    old = image(tmp_path, OLD, 1)
    tutorials.bring(home, old)
    (home / "tutorials" / "2-numpy.ipynb").unlink()
    tutorials.bring(home, old)
    assert inside(home).keys() == {"1-tour.ipynb"}
    tutorials.bring(home, image(tmp_path, NEW, 2))
    assert inside(home).keys() == {"1-tour.ipynb", "3-new.ipynb"}


def test_folder_that_was_deleted_stays_deleted(tmp_path: Path, home: Path) -> None:
    tutorials.bring(home, image(tmp_path, OLD, 1))
    (home / "tutorials").rename(home / "elsewhere")
    tutorials.bring(home, image(tmp_path, NEW, 2))
    assert not (home / "tutorials").exists()


def test_newer_edition_replaces_what_was_not_touched_and_nothing_else(tmp_path: Path, home: Path) -> None:
    tutorials.bring(home, image(tmp_path, OLD, 1))
    (home / "tutorials" / "1-tour.ipynb").write_text("my notes", encoding="utf-8")
    tutorials.bring(home, image(tmp_path, NEW, 2))
    assert inside(home) == {**NEW, "1-tour.ipynb": "my notes"}
    tutorials.bring(home, image(tmp_path, {"2-numpy.ipynb": "best numpy"}, 3))
    assert inside(home) == {**NEW, "1-tour.ipynb": "my notes", "2-numpy.ipynb": "best numpy"}


def test_new_tutorial_is_not_put_over_a_file_of_the_same_name(tmp_path: Path, home: Path) -> None:
    tutorials.bring(home, image(tmp_path, OLD, 1))
    (home / "tutorials" / "3-new.ipynb").write_text("mine", encoding="utf-8")
    tutorials.bring(home, image(tmp_path, NEW, 2))
    tutorials.bring(home, image(tmp_path, {"3-new.ipynb": "newer"}, 3))
    assert inside(home)["3-new.ipynb"] == "mine"


def test_older_image_takes_nothing_back(tmp_path: Path, home: Path) -> None:
    tutorials.bring(home, image(tmp_path, NEW, 2))
    tutorials.bring(home, image(tmp_path, OLD, 1))
    assert inside(home) == NEW


def test_folder_that_was_there_before_is_its_persons_own_for_good(tmp_path: Path, home: Path) -> None:
    (home / "tutorials").mkdir()
    tutorials.bring(home, image(tmp_path, OLD, 1))
    tutorials.bring(home, image(tmp_path, NEW, 2))
    assert inside(home) == {}
    assert not tutorials.is_news(home)


@pytest.mark.parametrize("odd", ["a file", "a link to nowhere", "a link to a folder", "closed"])
def test_odd_home_keeps_no_server_from_starting_and_is_not_changed(tmp_path: Path, home: Path, odd: str) -> None:
    place, outside = home / "tutorials", tmp_path / "outside"
    outside.mkdir()
    match odd:
        case "a file":
            place.write_text("mine", encoding="utf-8")
        case "a link to nowhere":
            place.symlink_to("/nonexistent")
        case "a link to a folder":
            place.symlink_to(outside)
        case "closed":
            (home / ".config").write_text("no folder", encoding="utf-8")
    before = sorted(path.name for path in home.iterdir() if path.name != ".config")
    for number, texts in ((1, OLD), (2, NEW)):
        tutorials.bring(home, image(tmp_path, texts, number))
    assert sorted(path.name for path in home.iterdir() if path.name != ".config") == before
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"edition": "x", "files": {}, "told": 1}', "[" * 100_000])
def test_state_that_cannot_be_read_means_hands_off(tmp_path: Path, home: Path, text: str) -> None:
    tutorials.bring(home, image(tmp_path, OLD, 1))
    (home / ".config" / "campushub" / "tutorials.json").write_text(text, encoding="utf-8")
    (home / "tutorials" / "2-numpy.ipynb").unlink()
    tutorials.bring(home, image(tmp_path, NEW, 2))
    assert inside(home) == {"1-tour.ipynb": "tour"}


def test_what_would_never_answer_is_not_waited_for(tmp_path: Path, home: Path) -> None:
    tutorials.bring(home, image(tmp_path, OLD, 1))
    (home / "tutorials" / "1-tour.ipynb").unlink()
    os.mkfifo(home / "tutorials" / "1-tour.ipynb")
    tutorials.bring(home, image(tmp_path, NEW, 2))
    assert (home / "tutorials" / "1-tour.ipynb").is_fifo()
    assert (home / "tutorials" / "2-numpy.ipynb").read_text(encoding="utf-8") == "better numpy"


def test_full_disk_leaves_nothing_half_made_and_is_tried_again(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    old = image(tmp_path, OLD, 1)
    with monkeypatch.context() as patch:
        patch.setattr(tutorials, "_remember", full)
        tutorials.bring(home, old)
    assert list(home.iterdir()) == []
    tutorials.bring(home, old)
    assert inside(home) == OLD


def test_nothing_to_do_costs_less_than_twenty_milliseconds(tmp_path: Path, home: Path) -> None:
    old = image(tmp_path, OLD, 1)
    tutorials.bring(home, old)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        tutorials.bring(home, old)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.02


def test_person_is_told_once(tmp_path: Path, home: Path) -> None:
    old = image(tmp_path, OLD, 1)
    assert not tutorials.is_news(home)
    tutorials.bring(home, old)
    assert tutorials.is_news(home)
    tutorials.tell(home)
    tutorials.bring(home, old)
    assert not tutorials.is_news(home)
    tutorials.bring(home, image(tmp_path, NEW, 2))
    assert not tutorials.is_news(home), "a newer edition is no second first day"


def test_who_asks_gets_back_what_is_missing_and_keeps_what_is_changed(tmp_path: Path, home: Path) -> None:
    old = image(tmp_path, OLD, 1)
    tutorials.bring(home, old)
    (home / "tutorials" / "1-tour.ipynb").write_text("my notes", encoding="utf-8")
    (home / "tutorials" / "2-numpy.ipynb").unlink()
    assert tutorials.restore(home, old) == ["2-numpy.ipynb"]
    assert inside(home) == {**OLD, "1-tour.ipynb": "my notes"}
    tutorials.bring(home, image(tmp_path, NEW, 2))
    assert inside(home) == {**NEW, "1-tour.ipynb": "my notes"}


@pytest.mark.parametrize(("role", "given"), [("work", True), ("grade", False)])
def test_only_servers_for_work_bring_them(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, role: str, *, given: bool
) -> None:
    source = image(tmp_path, OLD, 1)
    monkeypatch.setattr(start.tutorials, "bring", lambda place: tutorials._give(place, source, 1))
    monkeypatch.setattr(start.trial, "python_trouble", lambda *_: [])
    monkeypatch.setattr(os, "environ", {**os.environ, "CAMPUSHUB_ROLE": role})
    start.prepare(home, start.date(2026, 11, 29))
    assert (home / "tutorials").exists() is given
