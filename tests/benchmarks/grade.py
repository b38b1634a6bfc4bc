"""`campushub bench grade`: submissions graded in a minute, ours beside nbgrader as it comes, on the same machine.

Ours is a whole instance: the button on the course's page, a fresh sandbox for each submission, scores in the gradebook; the pool is
empty when it begins. Stock is `nbgrader autograde` in a container with the same locked packages, one after the other in its own
process, without a sandbox. The same submissions, half of them right; whose marks come out wrong are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import docker

from tests.benchmarks import stock
from tests.benchmarks.spawn import as_program, machine, say
from tests.instance import SETTINGS, Instance, Person, running

NAME, POINTS = "bench", 5
AT_SUBMIT, REST_SECONDS = 9, 3
RIGHT, WRONG = "def answer(more=0):\n    return 42 + more", "def answer(more=0):\n    return 42"
TESTS = "assert answer() == 42"
HIDDEN = f"{TESTS}\n### BEGIN HIDDEN TESTS\nassert answer(1) == 43\n### END HIDDEN TESTS"
HOSTILE = "while True:\n    pass"
ROSTER_HEAD = "name,full_name,email,role,section\nteacher,Tara Teacher,teacher@example.edu,instructor,\n"
SEED = """
import io, json, os, sys, tarfile
from datetime import UTC, datetime
from pathlib import Path
from hub.services.state import State
state = State.open(Path(os.environ["CAMPUSHUB_CONFIG"]), "")
given = json.loads({given!r})
for person, text in given["texts"].items():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(given["name"] + ".ipynb")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
    packed.seek(0)
    state.work.submit("demo", given["name"], person, packed, key=given["name"], now=datetime.now(UTC))
"""


SUBMIT = """
    import io, json, tarfile
    from campushub_client.service import Service
    packed, text = io.BytesIO(), {text!r}.encode()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("{name}.ipynb")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    packed.seek(0)
    print(json.dumps(Service.from_environment().submit("demo", "{name}", packed)))
"""


@dataclass(frozen=True)
class Round:
    """One grading of all submissions."""

    seconds: float
    cpu_seconds: float  # of the whole machine, the container engine's too
    count: int
    wrong: int  # submissions whose marks are not those that they should be

    @property
    def per_minute(self) -> float:
        return 60 * self.count / self.seconds

    def as_data(self) -> dict[str, Any]:
        return {
            "per_minute": round(self.per_minute, 1),
            "seconds": round(self.seconds, 2),
            "cpu_s_each": round(self.cpu_seconds / self.count, 3),
            "wrong_marks": self.wrong,
        }


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--json", action="store_true")
    words.add_argument("--n", type=int, default=100)
    options = words.parse_args()
    began, people = datetime.now(UTC), [f"s{number:03}" for number in range(options.n)]
    say(f"stock: {options.n} submissions")
    theirs = stock_round(people)
    one, two, hostile, scores = our_rounds(people)
    told = {
        "name": "grade",
        "n": options.n,
        "conditions": {
            "measured": "from the order to grade until the last score is in the gradebook; the pool is empty at first",
            "submit_to_score": f"one student, {AT_SUBMIT} times after the first, nobody else; from the beginning of the upload "
            "until the score can be read, by the server's clock",
            "model": "a minute holds 60 × the smaller of at_once / (seconds each with one place) and cores / (CPU seconds each)",
            **machine(began),
        },
        "ours": {**two.as_data(), "submit_to_score_s": round(median(scores), 2)},
        "ours_one_place": one.as_data(),
        "ours_with_a_hostile_one": hostile.as_data(),
        "stock": theirs.as_data(),
        "ratio": {
            "per_minute": round(two.per_minute / theirs.per_minute, 3),
            "two_places_to_one": round(two.per_minute / one.per_minute, 3),
            "seconds_with_a_hostile_one": round(hostile.seconds / two.seconds, 3),
        },
    }
    sys.stdout.write((json.dumps(told, indent=2) if options.json else "\n".join(lines(told))) + "\n")
    return 1 if any(done.wrong for done in (one, two, hostile, theirs)) else 0


def lines(told: Mapping[str, Any]) -> list[str]:
    """What a person reads."""
    rows: list[tuple[str, ...]] = [("", "in a minute", "seconds", "CPU s each", "wrong marks", "submit to score, s")]
    for key in ("ours", "ours_one_place", "ours_with_a_hostile_one", "stock"):
        rows.append((key.replace("_", " "), *(str(value) for value in told[key].values())))
    table = ["  ".join(text.ljust(24 if not place else 11) for place, text in enumerate(row)).rstrip() for row in rows]
    ratios = [f"{key.replace('_', ' ')}: {value}" for key, value in told["ratio"].items()]
    return [*table, "", *ratios, "", *(f"{key}: {value}" for key, value in told["conditions"].items())]


def notebook(solution: str, tests: str = TESTS) -> str:
    """A small assignment's notebook, as text: one solution, one cell of tests."""
    marks = {"schema_version": 3, "task": False}
    written = {**marks, "grade": False, "grade_id": "answer", "locked": False, "solution": True}
    tested = {**marks, "grade": True, "grade_id": "tests", "locked": True, "solution": False, "points": POINTS}
    code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
    cells = [
        {"cell_type": "markdown", "id": "words", "metadata": {}, "source": "Write `answer`."},
        {**code, "id": "answer", "metadata": {"nbgrader": written}, "source": solution},
        {**code, "id": "tests", "metadata": {"nbgrader": tested}, "source": tests},
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


def source() -> str:
    return notebook(f"### BEGIN SOLUTION\n{RIGHT}\n### END SOLUTION", HIDDEN)


def solution_of(number: int) -> str:
    return RIGHT if number % 2 == 0 else WRONG


def cpu_seconds() -> float:
    """What all processors have computed since the machine started (proc(5), stat)."""
    ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]]
    return (sum(ticks[:8]) - ticks[3] - ticks[4]) / 100


def wrong_in(gradebook: Path | str, points: Mapping[str, float], assignment: str) -> int:
    """How many of these students' automatic points are others."""
    query = """
        select submitted_assignment.student_id, sum(grade.auto_score) from grade
        join submitted_notebook on grade.notebook_id = submitted_notebook.id
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        join assignment on submitted_assignment.assignment_id = assignment.id
        where assignment.name = ? group by submitted_assignment.student_id
    """
    with sqlite3.connect(f"file:{gradebook}?mode=ro", uri=True) as store:
        found = dict(store.execute(query, [assignment]))
    return sum(found.get(student) != wanted for student, wanted in points.items())


# -- stock -------------------------------------------------------------------------------------------------------------


def stock_round(people: list[str]) -> Round:
    """nbgrader's own command on the same submissions, in a container without limits."""
    with TemporaryDirectory(prefix="campushub-bench-") as scratch, stock_container(Path(scratch)) as container:
        folder, config = Path(scratch), "c = get_config()\nc.CourseDirectory.course_id = 'stock'\n"
        (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
        write(folder / "source" / NAME, source())
        for number, person in enumerate(people):
            write(folder / "submitted" / person / NAME, notebook(solution_of(number)))
        in_stock(container, "generate_assignment")
        computed, began = cpu_seconds(), time.monotonic()
        in_stock(container, "autograde")
        seconds, computed = time.monotonic() - began, cpu_seconds() - computed
        wanted = {name: POINTS if solution_of(number) == RIGHT else 0 for number, name in enumerate(people)}
        return Round(seconds, computed, len(people), wrong_in(folder / "gradebook.db", wanted, NAME))


@contextmanager
def stock_container(folder: Path) -> Iterator[Any]:
    client = docker.from_env(timeout=600)
    container = client.containers.run(
        stock.server_image(),
        ["sleep", "3600"],
        name=f"campushub-bench-{secrets.token_hex(3)}",
        user="0",
        working_dir="/course",
        volumes={str(folder): {"bind": "/course", "mode": "rw"}},
        detach=True,
    )
    try:
        yield container
    finally:
        container.remove(force=True)


def in_stock(container: Any, verb: str) -> None:
    done = container.exec_run(["nbgrader", verb, NAME])
    assert done.exit_code == 0, done.output.decode()


def write(folder: Path, document: str) -> None:
    folder.mkdir(parents=True)
    (folder / f"{folder.name}.ipynb").write_text(document, encoding="utf-8")


# -- ours --------------------------------------------------------------------------------------------------------------


def our_rounds(people: list[str]) -> tuple[Round, Round, Round, list[float]]:
    """With one place, with two, with two and one submission among them that never ends; and seconds from submit to score."""
    settings = SETTINGS.replace("sandbox: {{seconds: 40,", "sandbox: {{at_once: 1, ready: 0, seconds: 40,")
    roster = ROSTER_HEAD + "".join(f"{name},Student {name},,student,\n" for name in [*people, "mallory"])
    with running(settings, {"demo": roster}) as instance:
        teacher = instance.person("teacher")
        say("ours: one place")
        one = our_round(instance, teacher, "one", people)
        text = instance.config.read_text(encoding="utf-8")
        instance.config.write_text(text.replace("at_once: 1, ready: 0,", "at_once: 2, ready: 1,"), encoding="utf-8")
        instance.command("up")
        say("ours: two places")
        two = our_round(instance, teacher, "two", people)
        say("ours: two places and a hostile one")
        hostile = our_round(instance, teacher, "hostile", people, hostile=True)
        say("ours: graded at submit")
        return one, two, hostile, at_submit(instance, teacher, people[0])


def our_round(instance: Instance, teacher: Person, name: str, people: list[str], *, hostile: bool = False) -> Round:
    folder = instance.data / "courses" / "demo" / "source" / name
    write(folder, source())
    for path in (folder.parent, folder, *folder.iterdir()):
        os.chown(path, 1000, 1000)
    for words in (["generate_assignment", name, "--force"], ["release_assignment", name, "--force"]):
        done = instance.part("grader").exec_run(["env", "CAMPUSHUB_COURSE=demo", "nbgrader", *words])
        assert done.exit_code == 0, done.output.decode()
    texts = {person: solution_of(number) for number, person in enumerate(people)}
    put_in(instance, name, {"mallory": HOSTILE, **texts} if hostile else texts)
    page, computed, began = "/courses/demo/", cpu_seconds(), time.monotonic()
    teacher.post("/courses/demo/grade", page, {"assignment": name})
    wanted = points_of(instance, people)
    while wrong_in(gradebook_of(instance), wanted, name):
        if time.monotonic() - began > 20 * len(people):
            break
        time.sleep(0.2)
    seconds = time.monotonic() - began
    done = Round(seconds, cpu_seconds() - computed, len(people), wrong_in(gradebook_of(instance), wanted, name))
    wait_for_the_end(instance, name)
    return done


def at_submit(instance: Instance, teacher: Person, name: str) -> list[float]:
    """Seconds from submit to score of one student, again and again; the first meets an empty pool and is left out."""
    rules = {"late": "mark", "percent_a_day": "10", "counts": "last", "shows": "score"}
    teacher.post("/courses/demo/assignments/two/rules", "/courses/demo/assignments/two", rules)
    person, found = instance.person(name), []
    person.start("demo")
    for number in range(AT_SUBMIT + 1):
        told = person.inside("demo", SUBMIT.format(text=notebook(f"{RIGHT}\n# {number}"), name="two"))
        receipt = json.loads(told)
        at = scored_at(instance, receipt["submission"])
        found.append((at - datetime.fromisoformat(receipt["at"])).total_seconds())
        time.sleep(REST_SECONDS)
    return found[1:]


def scored_at(instance: Instance, submission: str) -> datetime:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
            row = store.execute("select at from results where submission = ?", [submission]).fetchone()
        if row:
            return datetime.fromisoformat(row[0])
        time.sleep(0.1)
    raise AssertionError("a submission was not graded within a minute")


def gradebook_of(instance: Instance) -> Path:
    return instance.data / "courses" / "demo" / "gradebook.db"


def points_of(instance: Instance, people: list[str]) -> dict[str, float]:
    with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
        ids = dict(store.execute("select name, student_id from people"))
    return {ids[name]: POINTS if solution_of(number) == RIGHT else 0 for number, name in enumerate(people)}


def put_in(instance: Instance, name: str, solutions: Mapping[str, str]) -> None:
    """Hand in for everybody, as the service stores what arrives."""
    texts = {person: notebook(text) for person, text in solutions.items()}
    code = SEED.format(given=json.dumps({"name": name, "texts": texts}))
    words = ["docker", "exec", "-i", f"{instance.name}-service", "python", "-"]
    done = subprocess.run(words, input=code, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def wait_for_the_end(instance: Instance, name: str) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
            states = [row[0] for row in store.execute("select state from jobs where assignment = ?", [name])]
        if states and not {"queued", "running"} & set(states):
            return
        time.sleep(0.5)
    raise AssertionError(f"the grading of {name} does not end")


if __name__ == "__main__":
    as_program(main)
