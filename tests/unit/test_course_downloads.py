"""A course's material as real git has it, its sources, and the answer of the command; the page reads a commit once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hub import course_downloads
from hub.services.looks import Looks
from hub.settings import Settings
from tests.unit.test_downloads import notebook

TIPS = "import seaborn\nseaborn.load_dataset('tips')"


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.edu"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A course whose copy of the material has a notebook in a folder, one that is a link, and a large one."""
    course = {"title": "N", "material": "https://git.host.example/nn.git"}
    made = Settings.model_validate({"data": tmp_path, "courses": {"nn": course, "empty": {"title": "E"}}})
    source = tmp_path / "source"
    (source / "week 1").mkdir(parents=True)
    git(source, "init", "--initial-branch=main")
    (source / "week 1" / "plots.ipynb").write_bytes(notebook(TIPS, "def broken(:"))
    (source / "link.ipynb").symlink_to("/etc/passwd")
    (source / "notes.md").write_text("![a](https://host.example/a.png)", encoding="utf-8")
    commit(made, source)
    return made


def commit(settings: Settings, source: Path) -> None:
    """Commit what is in a source, and bring the copy to it."""
    git(source, "add", "--all")
    git(source, "commit", "--message=x")
    settings.folders.material.mkdir(exist_ok=True)
    git(source, "push", "--quiet", str(bare(settings)), "main")


def bare(settings: Settings) -> Path:
    copy = settings.folders.material_copy("nn")
    if not copy.exists():
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(copy)], check=True)
    return copy


def look(settings: Settings) -> course_downloads.Look:
    return course_downloads.look_at_material(settings, "nn", course_downloads.commit(settings, "nn"))


def test_material_is_read_at_the_commit_that_students_get(settings: Settings) -> None:
    seen = look(settings)
    assert [one.place for one in seen.found] == ["week 1/plots.ipynb, cell 1, line 2"]
    assert [one.cell for one in seen.unread] == ["cell 2"]
    assert seen.files == 1


def test_index_decides_what_is_there(settings: Settings) -> None:
    before = course_downloads.check("nn", look(settings), course_downloads.provided(settings, "nn"))
    assert len(before.missing) == 1
    folder = settings.folders.course_data("nn")
    folder.mkdir(parents=True)
    entry = {"name": "tips", "path": "tips/tips.csv", "urls": [], "library": "seaborn"}
    (folder / ".campushub.json").write_text(json.dumps({"entries": [entry]}), encoding="utf-8")
    after = course_downloads.check("nn", look(settings), course_downloads.provided(settings, "nn"))
    assert after.missing == []
    assert "course nn: 1 file read; 1 download, none of them NOT there." in list(after.lines())


def test_command_tells_places_remedies_and_the_lines_to_write(settings: Settings) -> None:
    checked = course_downloads.check("nn", look(settings), course_downloads.provided(settings, "nn"))
    said = "\n".join(checked.lines())
    assert "week 1/plots.ipynb, cell 1, line 2: the data set tips of seaborn\n  NOT there: Give the lines below" in said
    assert "        library: seaborn" in said
    assert "| sha256sum" in said
    assert checked.as_data()["downloads"][0]["urls"] == [
        "https://raw.githubusercontent.com/mwaskom/seaborn-data/master/tips.csv"
    ]
    json.dumps(checked.as_data())


def test_packages_of_the_image_and_the_courses_own_are_there(settings: Settings) -> None:
    settings.folders.config.mkdir()
    record = {
        "base": {"tag": "t", "has": {"numpy": "2.3.0"}},
        "courses/nn": {"tag": "u", "upon": "base", "packages": ["lightgbm==4.6.0", "a[b]>1"]},
    }
    settings.folders.images.write_text(json.dumps(record), encoding="utf-8")
    has = course_downloads.provided(settings, "nn").packages
    assert has == {"numpy": "2.3.0", "lightgbm": "", "a": ""}


def test_course_without_material_has_nothing_to_read(settings: Settings) -> None:
    assert course_downloads.commit(settings, "empty") == ""
    assert course_downloads.look_at_material(settings, "empty", "") == course_downloads.Look()


def test_sources_are_read_but_not_through_links(tmp_path: Path) -> None:
    folder, other = tmp_path / "source", tmp_path / "other"
    for name in (folder / "ps1", folder / ".ipynb_checkpoints", other):
        name.mkdir(parents=True)
        (name / "a.ipynb").write_bytes(notebook(TIPS))
    (folder / "b.ipynb").symlink_to(other / "a.ipynb")
    assert [one.place for one in course_downloads.look_at_sources(folder).found] == [
        "source/ps1/a.ipynb, cell 1, line 2"
    ]
    assert course_downloads.look_at_sources(tmp_path / "nowhere") == course_downloads.Look()


def test_large_file_is_told_and_not_read(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course_downloads, "LARGEST", 100)
    assert [str(one) for one in look(settings).unread] == ["week 1/plots.ipynb: has more than 0 MB and was not read."]


async def test_page_reads_a_commit_once(settings: Settings, tmp_path: Path) -> None:
    looks = Looks()
    first = await looks.at_material(settings, "nn")
    assert (await looks.at_material(settings, "nn"))[1] is first[1]
    (tmp_path / "source" / "week 1" / "plots.ipynb").write_bytes(notebook("x = 1"))
    commit(settings, tmp_path / "source")
    later = await looks.at_material(settings, "nn")
    assert later[0] != first[0]
    assert later[1].found == ()
