"""A course's packages: built beside the image in use, taken only when good, taken back by one command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from hub import image_record
from hub.adapters.engine import Engine
from hub.folders import Folders
from tests.instance import ROOT

SETTINGS = """\
name: chtest-packages
data: {data}
courses:
  nn: {{title: Networks}}
"""
GOOD, OTHER = "threadpoolctl", "narwhals"  # of one small wheel each


@dataclass
class Course:
    """A course with a copy of its material, and no hub."""

    folders: Folders
    config: Path
    source: Path

    def ask_for(self, *packages: str, notebook: str = "pass") -> None:
        """Push what the course asks for, and a notebook of one cell."""
        (self.source / "campushub-packages.txt").write_text("".join(f"{one}\n" for one in packages), encoding="utf-8")
        nbformat.write(new_notebook(cells=[new_code_cell(notebook)]), self.source / "lesson.ipynb")
        for words in (
            ["add", "--all"],
            ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x", "--allow-empty"],
        ):
            subprocess.run(["git", "-C", str(self.source), *words], check=True)
        copy = self.folders.material / "nn.git"
        subprocess.run(["rm", "-rf", str(copy)], check=True)
        subprocess.run(["git", "clone", "-q", "--bare", str(self.source), str(copy)], check=True)
        subprocess.run(["chown", "-R", "950:950", str(copy)], check=True)  # the service's

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        line = [str(ROOT / "campushub"), f"--config={self.config}", "course", "image", "nn", *words]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    @property
    def tag(self) -> str:
        found = image_record.tag_for(image_record.read(self.folders.images), "nn", "base")
        assert found is not None
        return found


@pytest.fixture
def course(folders: Folders, tags: dict[str, str], tmp_path: Path) -> Iterator[Course]:
    config, source = tmp_path / "hub.yaml", tmp_path / "source"
    config.write_text(SETTINGS.format(data=folders.data), encoding="utf-8")
    subprocess.run(["git", "init", "-q", "--initial-branch=main", str(source)], check=True)
    folders.material.mkdir(exist_ok=True)
    yield Course(folders, config, source)
    record = image_record.read(folders.images)
    for tag in image_record.tags({key: about for key, about in record.items() if key == "courses/nn"}):
        Engine.connect().remove_tag(tag)
    image_record.write(folders.images, {key: about for key, about in record.items() if key != "courses/nn"})
    folders.course_images.unlink(missing_ok=True)


def test_good_packages_are_taken_and_taken_back(course: Course, tags: dict[str, str]) -> None:
    course.ask_for(GOOD, notebook=f"import {GOOD}")
    done = course.command()
    assert done.returncode == 0, done.stdout + done.stderr
    first = course.tag
    assert first != tags["base"]
    assert "lesson.ipynb: good" in done.stdout
    assert "it has what it asks for" in course.command().stdout
    course.ask_for(GOOD, OTHER, notebook=f"import {OTHER}")
    assert course.command().returncode == 0
    assert course.tag not in (first, tags["base"])
    assert course.command("--back").returncode == 0
    assert course.tag == first
    assert course.command("--back").returncode == 0
    assert course.tag == tags["base"]
    assert "has no image of its own" in course.command("--back").stderr


@pytest.mark.parametrize(
    ("packages", "notebook", "said"),
    [
        ((OTHER,), "import no_such_module", "lesson.ipynb: ModuleNotFoundError"),
        (("no-such-package-at-all",), "pass", "not found in the package registry"),
        ((f"{GOOD}==0.0.1",), "pass", f"no version of {GOOD}==0.0.1"),
        (("numpy<2",), "pass", "numpy==2."),  # the image has another
        (("pyspark",), "pass", "pyspark"),  # publishes no wheel
        (("torch",), "pass", "torch would come with gigabytes of CUDA"),
        (("tf-keras",), "pass", "tensorflow would come with gigabytes of CUDA"),
        (("--index-url=http://127.0.0.1:9",), "pass", "is not a package"),
        (("../../etc/passwd",), "pass", "is not a package"),
    ],
)
def test_course_keeps_its_image_when_what_it_asks_for_is_not_good(
    course: Course, packages: tuple[str, ...], notebook: str, said: str
) -> None:
    course.ask_for(GOOD)
    assert course.command().returncode == 0
    before = course.tag
    course.ask_for(*packages, notebook=notebook)
    done = course.command()
    assert done.returncode == 1
    assert said in done.stderr
    assert course.tag == before
    assert Engine.connect().image(before) is not None


def test_nothing_is_run_that_a_link_leads_to(course: Course, tmp_path: Path) -> None:
    """Else an instructor could read in the reasons what others have written."""
    others = tmp_path / "others"
    others.mkdir()
    nbformat.write(new_notebook(cells=[new_code_cell("raise SystemExit('secret')")]), others / "theirs.ipynb")
    (course.source / "folder").symlink_to(others)
    (course.source / "file.ipynb").symlink_to(others / "theirs.ipynb")
    (course.folders.courses / "nn").mkdir(parents=True)
    (course.folders.courses / "nn" / "source").symlink_to(others)
    course.ask_for(GOOD)
    done = course.command()
    assert done.returncode == 0, done.stderr
    assert "lesson.ipynb: good" in done.stdout
    assert "theirs" not in done.stdout
    assert "file.ipynb" not in done.stdout


def test_notebook_that_needs_a_network_is_named(course: Course) -> None:
    course.ask_for(GOOD, notebook="import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/', timeout=3)")
    done = course.command()
    assert done.returncode == 1
    assert "lesson.ipynb: URLError" in done.stderr
    assert "in the cell: import urllib.request" in done.stderr
    assert json.loads(course.folders.course_images.read_text(encoding="utf-8"))["nn"]["packages"] == [GOOD]
