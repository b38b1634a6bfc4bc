"""Material that changed while a student worked in it: told once, listed as long as they like; in real Chromium."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.homes import close, forget_lab, home_of, in_home
from tests.instance import Instance, Person
from tests.world import sync

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds
LESSON = "01-how-a-model-learns.ipynb"
BESIDE = "01-how-a-model-learns-new.ipynb"


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Tara", "-c", "user.email=tara@example.edu", "-c", "safe.directory=*"]
    done = subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Course:
    """The repository of the material of `demo`, and the campus copy that servers pull from."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.source = instance.data / "material-sources" / "demo"
        self.copy = instance.data / "material" / "demo.git"

    def publish(self, message: str) -> None:
        """Commit what was changed, and bring it into the copy, which the mirror does every minute by itself."""
        git(self.source, "add", "--all")
        git(self.source, "commit", "--quiet", "--allow-empty", f"--message={message}")
        said = sync(self.instance)
        assert git(self.copy, "rev-parse", "main") == git(self.source, "rev-parse", "HEAD"), said


@pytest.fixture
def course(instance: Instance) -> Iterator[Course]:
    made = Course(instance)
    before = git(made.source, "rev-parse", "HEAD")
    yield made
    git(made.source, "checkout", "--quiet", before, "--", ".")
    (made.source / "week-2.md").unlink(missing_ok=True)
    made.publish("as it was")


@pytest.fixture
def person(instance: Instance) -> Iterator[Person]:
    found = instance.person("student2")
    close(found, "demo")
    forget_lab(found)
    in_home(found, "rm -rf demo")
    yield found
    close(found, "demo")
    in_home(found, "rm -rf demo")


def test_changed_material_is_told_once_and_the_list_stays(visit: Open, person: Person, course: Course) -> None:
    student = visit("student2")
    page = student.page
    open_course(student)
    notice = page.locator(".Toastify__toast").filter(has_text="New in demo")
    in_home(person, f"sed -i 's/model/MY MODEL/' demo/{LESSON}")
    mine = (home_of(person) / "demo" / LESSON).read_text(encoding="utf-8")
    (course.source / "week-2.md").write_text("# Week 2\n", encoding="utf-8")
    (course.source / "README.md").write_text("# New words\n", encoding="utf-8")
    lesson = course.source / LESSON
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("model", "course's model"), encoding="utf-8")
    expect(notice).to_have_count(0)
    course.publish("Week 2")
    open_course(student)
    expect(notice).to_contain_text("New in demo: 1 new, 1 changed. 1 that you changed too stays yours.", timeout=LONG)
    student.shot("material-notice")
    assert (home_of(person) / "demo" / LESSON).read_text(encoding="utf-8") == mine
    notice.get_by_role("button", name="What changed").click()
    dialog = page.get_by_role("dialog").filter(has_text="What changed in the material")
    expect(dialog).to_contain_text(f"{LESSON} – the course’s version is {BESIDE}")
    expect(dialog).to_contain_text("week-2.md")
    student.shot("material-changed")
    dialog.get_by_role("button", name=BESIDE).click()
    expect(page.get_by_role("tab", name=BESIDE)).to_be_visible(timeout=LONG)
    expect(page.locator(".jp-Notebook")).to_contain_text("course's model", timeout=LONG)
    open_course(student)
    student.choose("Help", "What Changed in the Material")
    expect(dialog).to_contain_text("week-2.md")
    expect(notice).to_have_count(0)
    student.shot("material-listed-again")


def test_an_ordinary_link_brings_a_repository_and_tells_of_its_changes(
    visit: Open, person: Person, course: Course
) -> None:
    link = (
        "/user/student2/demo/git-pull?repo=/srv/material/demo.git&branch=main&targetpath=linked&urlpath=lab/tree/linked"
    )
    in_home(person, "rm -rf linked")
    person.start("demo")
    student = visit("student2")
    student.open(link)
    student.page.wait_for_url("**/lab/tree/linked", timeout=LONG)
    (course.source / "week-2.md").write_text("# Week 2\n", encoding="utf-8")
    course.publish("Week 2")
    student.open(link)
    student.page.wait_for_url("**/lab/tree/linked", timeout=LONG)
    notice = student.page.locator(".Toastify__toast").filter(has_text="New in linked: 1 new.")
    expect(notice).to_be_visible(timeout=LONG)
    in_home(person, "rm -rf linked")


def open_course(student: Visit) -> None:
    student.open("/courses/")
    student.page.get_by_role("link", name="Open A first course").click()
    expect(student.page.locator(".campushub-panel")).to_be_visible(timeout=LONG)
