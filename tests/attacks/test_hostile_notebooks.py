"""Hostile notebooks, each first against nbgrader as it comes, where it succeeds, then against CampusHub."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from tests.coursework import (
    MARKER,
    RIGHT,
    cell,
    files_below,
    grade,
    graded,
    hand_out,
    notebook,
    printed,
    score,
    source,
    student_id,
    submit,
)
from tests.instance import Instance, Person

HERE = Path(__file__).parent
EXPECTED = yaml.safe_load((HERE / "expected.yaml").read_text(encoding="utf-8"))
TOKEN = "a-token-of-the-instructor"
NAME = "attacked"


def hostile(name: str) -> Any:
    """The assignment's notebook with the attack in the place of the solution."""
    code = nbformat.read(HERE / "notebooks" / f"{name}.ipynb", as_version=4).cells[0].source
    return notebook(f"{RIGHT}\n{code}", tests="assert answer() == 42")


@dataclass
class Stock:
    """A course graded by nbgrader as it comes: in the grader's own process, in its own folder."""

    folder: Path

    def nbgrader(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "JUPYTERHUB_API_TOKEN": TOKEN, "HOME": str(self.folder)}
        program = Path(sys.executable).with_name("nbgrader")
        return subprocess.run(
            [str(program), *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def put(self, student: str, document: Any) -> Path:
        folder = self.folder / "submitted" / student / NAME
        folder.mkdir(parents=True)
        nbformat.write(document, folder / f"{NAME}.ipynb")
        return folder / f"{NAME}.ipynb"

    def result(self) -> Any:
        return nbformat.read(self.folder / "autograded" / "mallory" / NAME / f"{NAME}.ipynb", as_version=4)


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    course = Stock(tmp_path)
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'stock'\n", encoding="utf-8"
    )
    folder = tmp_path / "source" / NAME
    folder.mkdir(parents=True)
    nbformat.write(source(), folder / f"{NAME}.ipynb")
    done = course.nbgrader("generate_assignment", NAME)
    assert done.returncode == 0, done.stderr
    course.put("alice", notebook(RIGHT, tests="assert answer() == 42"))
    yield course
    subprocess.run(["pkill", "-f", "left-behind-by-mallory"], check=False)
    shutil.rmtree(tmp_path, ignore_errors=True)


def succeeds(name: str, stock: Stock) -> bool:
    """Whether the attack reaches what it is after in nbgrader as it comes."""
    alice = stock.folder / "submitted" / "alice" / NAME / f"{NAME}.ipynb"
    before = alice.read_text(encoding="utf-8")
    stock.put("mallory", hostile(name))
    done = stock.nbgrader("autograde", NAME, "--student=mallory")
    match name:
        case "kill-grader":
            return done.returncode == -9
        case "touch-another":
            return alice.read_text(encoding="utf-8") != before
        case "write-gradebook":
            with sqlite3.connect(stock.folder / "gradebook.db") as gradebook:
                return bool(gradebook.execute("select count(*) from grade where manual_score = 99").fetchone()[0])
        case "leave-daemon":
            return daemons() > 0
        case "script-in-output":
            return "actedAsReader" in printed(stock.result()) and "<script>" in printed(stock.result())
        case "take-token":
            return TOKEN in printed(stock.result())
        case _:
            return MARKER in printed(stock.result())


def daemons() -> int:
    found = subprocess.run(
        ["pgrep", "-c", "-f", "name = 'left-behind-by-mallory'"], capture_output=True, text=True, check=False
    )
    return int(found.stdout or 0)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_attack_succeeds_in_nbgrader_as_it_comes(stock: Stock, name: str) -> None:
    assert succeeds(name, stock), f"{name} does not succeed even there, so the test of ours would prove nothing"


@pytest.fixture(scope="module")
def attacked(instance: Instance) -> Instance:
    hand_out(instance, NAME)
    return instance


def read_source(instance: Instance) -> bool:
    return MARKER in printed(graded(instance, "student2", NAME))


def take_token(instance: Instance) -> bool:
    said = printed(graded(instance, "student2", NAME))
    secrets = [path.read_text(encoding="ascii").strip() for path in (instance.data / "secrets").iterdir()]
    return any(secret in said for secret in secrets) or "TOKEN=" in said


def script_acts(instance: Instance) -> bool:
    return "actedAsReader" in formgrader_page(instance, instance.people["teacher"])


def formgrader_page(instance: Instance, teacher: Person) -> str:
    """The page on which an instructor marks the submission by hand."""
    with sqlite3.connect(f"file:{instance.data}/courses/demo/gradebook.db?mode=ro", uri=True) as gradebook:
        query = (
            "select submitted_notebook.id from submitted_notebook join submitted_assignment "
            "on submitted_notebook.assignment_id = submitted_assignment.id join assignment "
            "on submitted_assignment.assignment_id = assignment.id where student_id = ? and assignment.name = ?"
        )
        found = gradebook.execute(query, [student_id(instance, "student2"), NAME]).fetchone()[0]
    page = teacher.get(f"/user/teacher/grade-demo/formgrader/submissions/{found}/")
    assert "Submission" in page.text
    shown = page.text.split('class="output')  # the student's own code is shown as text, and may name anything
    return "".join(shown[1:])


REACHED: dict[str, Callable[[Instance], bool]] = {
    "read-source": read_source,
    "read-hidden-tests": read_source,
    "take-token": take_token,
    "script-in-output": script_acts,
    "leave-daemon": lambda _: daemons() > 0,
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_attack_is_kept_out_here(
    attacked: Instance, student: Person, student2: Person, teacher: Person, name: str
) -> None:
    submit(student, NAME, RIGHT)
    submitted = attacked.data / "service" / "submissions"
    before = files_below(submitted)
    submit(student2, NAME, hostile(name))
    assert grade(teacher, NAME).startswith("done")
    assert score(attacked, "student", NAME) == 5, "somebody else's submission is graded all the same"
    assert files_below(submitted).items() >= before.items()
    assert not manual_marks(attacked)
    reached = REACHED.get(name, lambda _: False)(attacked)
    assert reached is (EXPECTED[name]["ours"] == "open"), f"{name}: {EXPECTED[name]}"


def manual_marks(instance: Instance) -> int:
    with sqlite3.connect(f"file:{instance.data}/courses/demo/gradebook.db?mode=ro", uri=True) as gradebook:
        return int(gradebook.execute("select count(*) from grade where manual_score = 99").fetchone()[0])


def test_names_and_file_names_cannot_act(attacked: Instance, student2: Person, teacher: Person) -> None:
    """Markup in Markdown, in file names and in made-up marks of a cell reaches no page as markup."""
    document = hostile("take-token")
    document.cells.append(
        nbformat.v4.new_markdown_cell("<img src=x onerror='actedAsReader'>[x](javascript:actedAsReader)")
    )
    document.cells.append(cell("1", '"><script>actedAsReader</script>', solution=True))
    submit(student2, NAME, document)
    assert grade(teacher, NAME).startswith("done")
    page = formgrader_page(attacked, teacher)
    assert "onerror" not in page
    assert "javascript:actedAsReader" not in page
    assert "<script>actedAsReader" not in page
