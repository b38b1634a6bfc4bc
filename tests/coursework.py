"""Assignments, submissions and grading in tests: made as instructors and students make them, looked at on the disk."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.instance import Instance, Person, text_of

GRADE_SECONDS = 240
SUBMIT = """
    import io, json, sys, tarfile
    from campushub_client.service import Service
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in json.loads(%r).items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    packed.seek(0)
    print(json.dumps(Service.from_environment().submit("demo", %r, packed, confirmed=True)))
"""

MARKER = "only-the-hidden-test-knows-4711"
TESTS = f"""assert answer() == 42
### BEGIN HIDDEN TESTS
assert answer(1) == 43, "{MARKER}"
### END HIDDEN TESTS"""
CHECKED = f"### CHECKED\n{TESTS}"
RIGHT = "def answer(more=0):\n    return 42 + more"
WRONG = "def answer(more=0):\n    return 42"


def cell(text: str, name: str, *, points: float | None = None, solution: bool = False) -> Any:
    """A code cell as nbgrader marks it: of tests when it has points, of a solution otherwise."""
    made = new_code_cell(text)
    about: dict[str, Any] = {"grade": points is not None, "grade_id": name, "locked": points is not None}
    made.metadata["nbgrader"] = {**about, "schema_version": 3, "solution": solution, "task": False}
    if points is not None:
        made.metadata["nbgrader"]["points"] = points
    return made


def notebook(solution: str, *, tests: str = "") -> Any:
    """The notebook of an assignment with one solution and one cell of tests worth five points."""
    cells = [
        new_markdown_cell("Write `answer`."),
        cell(solution, "answer", solution=True),
        cell(tests, "tests", points=5),
    ]
    for number, one in enumerate(cells):
        one["id"] = f"cell-{number}"
    spec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def source(tests: str = TESTS, *, solution: str = RIGHT) -> Any:
    return notebook(f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION", tests=tests)


def hand_out(instance: Instance, name: str, document: Any = None) -> None:
    """Put an assignment into the course folder, generate it and release it."""
    folder = instance.data / "courses" / "demo" / "source" / name
    folder.mkdir(parents=True)
    nbformat.write(document or source(), folder / f"{name}.ipynb")
    for path in (folder.parent, folder, *folder.iterdir()):
        os.chown(path, 1000, 1000)
    for words in (["generate_assignment", name, "--force"], ["release_assignment", name]):
        done = instance.part("grader").exec_run(["env", "CAMPUSHUB_COURSE=demo", "nbgrader", *words])
        assert done.exit_code == 0, done.output.decode()


def submit(person: Person, name: str, solution: str | Any) -> dict[str, Any]:
    """Hand a solution in from the person's server; the receipt."""
    made = notebook(solution, tests="assert answer() == 42") if isinstance(solution, str) else solution
    files = {f"{name}.ipynb": nbformat.writes(made)}
    told: dict[str, Any] = json.loads(person.inside("demo", SUBMIT % (json.dumps(files), name)))
    return told


def grade(teacher: Person, name: str, *, seconds: float = GRADE_SECONDS) -> str:
    """Press the button on the course's page and wait; what the page says then."""
    answer = teacher.post("/courses/demo/grade", "/courses/demo/", {"assignment": name})
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        page = text_of(answer.text)
        said = page.partition(f" of {name} Grading: ")[2]
        if said and not said.startswith(("waiting", "under way")):
            return said.partition(" Person")[0]
        time.sleep(0.5)
        answer = teacher.get("/courses/demo/")
    raise AssertionError(f"not graded within {seconds} s: {page[:2000]}")


def student_id(instance: Instance, person: str) -> str:
    with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
        return str(store.execute("select student_id from people where name = ?", [person]).fetchone()[0])


def submitted_notebook(instance: Instance, person: str, name: str) -> str:
    """The number by which formgrader knows a person's submitted notebook."""
    query = """
        select submitted_notebook.id from submitted_notebook
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        join assignment on submitted_assignment.assignment_id = assignment.id
        where submitted_assignment.student_id = ? and assignment.name = ?
    """
    with sqlite3.connect(f"file:{instance.data}/courses/demo/gradebook.db?mode=ro", uri=True) as gradebook:
        return str(gradebook.execute(query, [student_id(instance, person), name]).fetchone()[0])


def graded(instance: Instance, person: str, name: str) -> Any:
    """The graded notebook as it lies in the course's folder."""
    folder = instance.data / "courses" / "demo" / "autograded" / student_id(instance, person) / name
    return nbformat.read(folder / f"{name}.ipynb", as_version=4)


def printed(document: Any) -> str:
    """Everything a notebook's cells show, as text."""
    return json.dumps([one.get("outputs", []) for one in document.cells])


def score(instance: Instance, person: str, name: str) -> float:
    """The automatic score of a person's submission in the gradebook."""
    return _sum_of("auto_score", instance, person, name)


def manual_score(instance: Instance, person: str, name: str) -> float:
    return _sum_of("manual_score", instance, person, name)


def _sum_of(column: str, instance: Instance, person: str, name: str) -> float:
    query = f"""
        select coalesce(sum(grade.{column}), 0) from grade
        join submitted_notebook on grade.notebook_id = submitted_notebook.id
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        join assignment on submitted_assignment.assignment_id = assignment.id
        where submitted_assignment.student_id = ? and assignment.name = ?
    """
    path = instance.data / "courses" / "demo" / "gradebook.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as gradebook:
        return float(gradebook.execute(query, [student_id(instance, person), name]).fetchone()[0])


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
