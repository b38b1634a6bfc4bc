"""Courses over the terms: what becomes of the settings file and of a course's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub import terms
from hub.settings_file import SettingsInvalid, load
from hub.trouble import Trouble

IMAGES = frozenset({"base"})
FILE = """\
# Ours, since 2026.
admins: [amey]   # the head of the lab
data: {data}
courses:
  nn-2026:       # the first one
    title: "Neural Networks"
    limits: {{cpu: 4, memory: 8G}}

# what comes after the courses
reserve: 2G
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.yaml"
    path.write_text(FILE.format(data=tmp_path / "data"), encoding="utf-8")
    return path


def test_course_is_added_and_comments_stay(config: Path) -> None:
    terms.add(config, IMAGES, "ml", {"title": "Machine Learning", "material": "", "branch": "", "image": ""})
    settings = load(config, images=IMAGES)
    assert settings.courses["ml"].title == "Machine Learning"
    text = config.read_text(encoding="utf-8")
    for comment in (
        "# Ours, since 2026.",
        "# the head of the lab",
        "# the first one",
        "# what comes after the courses",
    ):
        assert comment in text


@pytest.mark.parametrize("text", ["", "courses: {}\n", "courses:\n  a: {title: A}\n", "courses: {a: {title: A}}\n"])
def test_course_is_added_to_any_good_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hub.yaml"
    path.write_text(text, encoding="utf-8")
    terms.add(path, IMAGES, "ml", {"title": "Machine Learning: an introduction #1"})
    assert load(path, images=IMAGES).courses["ml"].title == "Machine Learning: an introduction #1"


@pytest.mark.parametrize(
    ("key", "about", "sentence"),
    [
        ("nn-2026", {"title": "Again"}, "there is a course 'nn-2026' already"),
        ("Neural_x", {"title": "X"}, "cannot be a course's key"),
        ("ml", {"title": "X", "image": "deep"}, "no image is called 'deep'"),
        ("ml", {"title": "X", "material": "notes"}, "neither a git URL"),
    ],
)
def test_course_that_cannot_be_is_refused_and_nothing_changed(
    config: Path, key: str, about: dict[str, str], sentence: str
) -> None:
    before = config.read_bytes()
    with pytest.raises((Trouble, SettingsInvalid), match=sentence):
        terms.add(config, IMAGES, key, about)
    assert config.read_bytes() == before


def test_rollover_takes_sources_and_settings_and_closes_the_old_term(config: Path) -> None:
    old = load(config).folders.courses / "nn-2026"
    for folder in (
        "source/ps1",
        "release/ps1",
        "submitted/s1/ps1",
        "autograded/s1",
        "feedback/s1",
        ".ipynb_checkpoints",
    ):
        (old / folder).mkdir(parents=True)
        (old / folder / "ps1.ipynb").write_text(folder, encoding="utf-8")
    (old / "gradebook.db").write_text("marks", encoding="utf-8")
    (old / "header.ipynb").write_text("header", encoding="utf-8")
    terms.rollover(config, IMAGES, "nn-2026", "nn-2027", "Neural Networks 2027")
    settings = load(config, images=IMAGES)
    assert settings.courses["nn-2026"].archived
    assert not settings.courses["nn-2027"].archived
    assert settings.courses["nn-2027"].title == "Neural Networks 2027"
    assert settings.limits_of("nn-2027") == settings.limits_of("nn-2026")
    new = old.with_name("nn-2027")
    files = {str(path.relative_to(new)) for path in new.rglob("*") if path.is_file()}
    assert files == {"source/ps1/ps1.ipynb", "header.ipynb"}
    assert (old / "gradebook.db").exists()


def test_rollover_that_cannot_be_changes_nothing(config: Path) -> None:
    before = config.read_bytes()
    folder = load(config).folders.courses / "nn-2027"
    folder.mkdir(parents=True)
    (folder / "somebodys.ipynb").touch()
    for old, new, sentence in (
        ("nn-2026", "nn-2027", "is there already and not empty"),
        ("nn-2025", "nn-2027", "there is no course 'nn-2025'"),
        ("nn-2026", "nn-2026", "already"),
        ("nn-2026", "grade-x", "may not start with"),
    ):
        with pytest.raises((Trouble, SettingsInvalid), match=sentence):
            terms.rollover(config, IMAGES, old, new, "")
    assert config.read_bytes() == before


def test_course_is_archived_once(config: Path) -> None:
    terms.archive(config, IMAGES, "nn-2026")
    with pytest.raises(Trouble, match="archived already"):
        terms.archive(config, IMAGES, "nn-2026")
    with pytest.raises(Trouble, match="archived already"):
        terms.rollover(config, IMAGES, "nn-2026", "nn-2027", "")
