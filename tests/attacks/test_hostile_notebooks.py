"""Hostile notebooks, each first against nbgrader as it comes, where it succeeds, then against CampusHub."""

from __future__ import annotations

import json
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
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from playwright.sync_api import Browser, BrowserContext

from tests.coursework import (
    CHECKED,
    MARKER,
    RIGHT,
    WRONG,
    cell,
    files_below,
    grade,
    graded,
    hand_out,
    notebook,
    printed,
    score,
    source,
    submit,
    submitted_notebook,
)
from tests.instance import Instance, Person

HERE = Path(__file__).parent
EXPECTED = yaml.safe_load((HERE / "expected.yaml").read_text(encoding="utf-8"))
TOKEN = "a-token-of-the-instructor"
NAME, CHECKED_NAME = "attacked", "attacked-checked"


def hostile(name: str) -> Any:
    """The assignment's notebook with the attack in the place of the solution; its further cells stand behind the tests."""
    attack, *behind = nbformat.read(HERE / "notebooks" / f"{name}.ipynb", as_version=4).cells
    solution = WRONG if EXPECTED[name].get("forges") else RIGHT
    made = notebook(f"{solution}\n{attack.source}", tests="assert answer() == 42")
    made.cells += behind
    return made


@dataclass
class Stock:
    """A course graded by nbgrader as it comes: in the grader's own process, in its own folder."""

    folder: Path

    def nbgrader(self, *words: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).with_name("nbgrader")
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "JUPYTERHUB_API_TOKEN": TOKEN, "HOME": str(self.folder)}
        return subprocess.run(
            [str(program), *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def put(self, student: str, document: Any) -> Path:
        folder = self.folder / "submitted" / student / NAME
        folder.mkdir(parents=True)
        nbformat.write(document, folder / f"{NAME}.ipynb")
        return folder / f"{NAME}.ipynb"

    def score(self, student: str) -> float:
        """Grade one student's submission; the points."""
        done = self.nbgrader("autograde", NAME, f"--student={student}")
        assert done.returncode == 0, done.stderr
        return self.points(student)

    def points(self, student: str) -> float:
        query = """
            select sum(grade.auto_score) from grade
            join submitted_notebook on grade.notebook_id = submitted_notebook.id
            join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
            where submitted_assignment.student_id = ?
        """
        with sqlite3.connect(self.folder / "gradebook.db") as gradebook:
            return float(gradebook.execute(query, [student]).fetchone()[0] or 0)

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


def succeeds(name: str, stock: Stock, browser: Browser) -> bool:
    """Whether the attack reaches what it is after in nbgrader as it comes."""
    alice = stock.folder / "submitted" / "alice" / NAME / f"{NAME}.ipynb"
    before = alice.read_text(encoding="utf-8")
    if EXPECTED[name].get("forges"):
        stock.put("honest", notebook(WRONG, tests="assert answer() == 42"))
        assert stock.score("honest") == 0, "the wrong solution fails by itself"
    stock.put("mallory", hostile(name))
    done = stock.nbgrader("autograde", NAME, "--student=mallory")
    if EXPECTED[name].get("forges"):
        return stock.points("mallory") == 5
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
            page = stock.folder / "page.html"
            page.write_text(stock_page(stock.result()), encoding="utf-8")
            return acts(browser.new_context(), page.as_uri())
        case "take-token":
            return TOKEN in printed(stock.result())
        case _:
            return MARKER in printed(stock.result())


def stock_page(document: Any) -> str:
    """The page on which nbgrader as it comes has a submission marked by hand."""
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[handlers.template_path])
    about = {"index": 0, "total": 1, "base_url": "", "notebook_id": NAME, "assignment_id": NAME, "submission_id": "1"}
    names = {"student": "mallory", "first_name": "", "last_name": "", "notebook_path": ""}
    page, _ = exporter.from_notebook_node(document, resources={**about, **names})
    return str(page)


def acts(context: BrowserContext, url: str) -> bool:
    """Whether a page does what the student's markup says, once it was looked at and its links were pressed."""
    page = context.new_page()
    page.goto(url, wait_until="load")
    page.wait_for_timeout(1500)
    for link in page.locator("a:text-is('look')").all():
        link.click(timeout=2000)
    found = page.evaluate("window.actedAsReader === 4711")
    context.close()
    return bool(found)


def daemons() -> int:
    found = subprocess.run(
        ["pgrep", "-c", "-f", "name = 'left-behind-by-mallory'"], capture_output=True, text=True, check=False
    )
    return int(found.stdout or 0)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_attack_succeeds_in_nbgrader_as_it_comes(stock: Stock, browser: Browser, name: str) -> None:
    assert succeeds(name, stock, browser), (
        f"{name} does not succeed even there, so the test of ours would prove nothing"
    )


@pytest.fixture(scope="module")
def attacked(instance: Instance) -> Instance:
    hand_out(instance, NAME)
    hand_out(instance, CHECKED_NAME, source(CHECKED))
    return instance


def read_source(instance: Instance) -> bool:
    return MARKER in printed(graded(instance, "student2", NAME))


def take_token(instance: Instance) -> bool:
    said = printed(graded(instance, "student2", NAME))
    secrets = [path.read_text(encoding="ascii").strip() for path in (instance.data / "secrets").iterdir()]
    return any(secret in said for secret in secrets) or "TOKEN=" in said


def formgrader_page(instance: Instance, teacher: Person, browser: Browser) -> tuple[BrowserContext, str]:
    """The instructor at a browser, and the page on which they mark the submission by hand."""
    context = browser.new_context(ignore_https_errors=True)
    for cookie in teacher.http.cookies:
        about = {"name": cookie.name, "value": cookie.value or "", "domain": "localhost", "path": cookie.path}
        context.add_cookies([about])  # type: ignore[list-item]
    return (
        context,
        f"{instance.url}/user/teacher/grade-demo/formgrader/submissions/{submitted_notebook(instance, 'student2', NAME)}/",
    )


REACHED: dict[str, Callable[[Instance], bool]] = {
    "read-source": read_source,
    "read-hidden-tests": read_source,
    "search-memory": read_source,
    "take-token": take_token,
    "leave-daemon": lambda _: daemons() > 0,
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_attack_is_kept_out_here(
    attacked: Instance, student: Person, student2: Person, teacher: Person, browser: Browser, name: str
) -> None:
    submit(student, NAME, RIGHT)
    submitted = attacked.data / "service" / "submissions"
    before = files_below(submitted)
    submit(student2, NAME, hostile(name))
    assert grade(teacher, NAME).startswith("done")
    assert score(attacked, "student", NAME) == 5, "somebody else's submission is graded all the same"
    assert files_below(submitted).items() >= before.items()
    assert not manual_marks(attacked)
    if EXPECTED[name].get("forges"):
        assert (score(attacked, "student2", NAME) == 5) is (EXPECTED[name]["ours"] == "open"), EXPECTED[name]
        return
    reached = name in REACHED and REACHED[name](attacked)
    if name == "script-in-output":
        reached = acts(*formgrader_page(attacked, teacher, browser))
    assert reached is (EXPECTED[name]["ours"] == "open"), f"{name}: {EXPECTED[name]}"


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if "checked" in EXPECTED[name]))
def test_attack_on_checked_tests(attacked: Instance, student2: Person, teacher: Person, name: str) -> None:
    submit(student2, CHECKED_NAME, hostile(name))
    assert grade(teacher, CHECKED_NAME).startswith("done")
    if EXPECTED[name].get("forges"):
        succeeded = score(attacked, "student2", CHECKED_NAME) == 5
    else:
        assert score(attacked, "student2", CHECKED_NAME) == 5, "the right solution passes, so that its tests have run"
        succeeded = MARKER in printed(graded(attacked, "student2", CHECKED_NAME))
    assert succeeded is (EXPECTED[name]["checked"] == "open"), f"{name}: {EXPECTED[name]}"


def manual_marks(instance: Instance) -> int:
    with sqlite3.connect(f"file:{instance.data}/courses/demo/gradebook.db?mode=ro", uri=True) as gradebook:
        return int(gradebook.execute("select count(*) from grade where manual_score = 99").fetchone()[0])


def test_markup_in_text_cannot_act(attacked: Instance, student2: Person, teacher: Person, browser: Browser) -> None:
    document = notebook(RIGHT, tests="assert answer() == 42")
    markup = "<img src=x onerror='window.actedAsReader = 4711'> [look](javascript:window.actedAsReader=4711)"
    document.cells.append(nbformat.v4.new_markdown_cell(markup, id="markup"))
    submit(student2, NAME, document)
    assert grade(teacher, NAME).startswith("done")
    context, url = formgrader_page(attacked, teacher, browser)
    page = teacher.get(url.removeprefix(attacked.url)).text
    assert "onerror" not in page
    assert not acts(context, url)


def test_made_up_marks_of_a_cell_are_gone_and_the_rest_counts(
    attacked: Instance, student: Person, student2: Person, teacher: Person
) -> None:
    """nbgrader prints a cell's `grade_id` into its pages as it is; a made-up one never gets that far."""
    submit(student, NAME, RIGHT)
    document = notebook(RIGHT, tests="assert answer() == 42")
    document.cells.append(cell("1", '"><script>actedAsReader</script>', solution=True))
    document.cells[-1]["id"] = "made-up"
    submit(student2, NAME, document)
    assert grade(teacher, NAME).startswith("done")
    assert "actedAsReader" not in json.dumps([one.metadata for one in graded(attacked, "student2", NAME).cells])
    assert [score(attacked, name, NAME) for name in ("student", "student2")] == [5, 5]
