"""Grading from the button to the score: students' code runs in sandboxes only, and what did not run does not pass."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path

import pytest

from hub.services.pool import KINDS
from tests.coursework import (
    MARKER,
    RIGHT,
    WRONG,
    grade,
    graded,
    hand_out,
    manual_score,
    printed,
    score,
    student_id,
    submit,
)
from tests.http_loop import ask
from tests.instance import Instance, Person, text_of

NAME = "graded"
MARKED = "marked-by-two"  # of its own, since manual marks stay when a later attempt is graded


@pytest.fixture(scope="module", autouse=True)
def _handed_out(instance: Instance) -> None:
    hand_out(instance, NAME)


@pytest.mark.parametrize(("solution", "points"), [(RIGHT, 5), (WRONG, 0), ("answer = 1 /", 0)])
def test_hidden_tests_decide(instance: Instance, student: Person, teacher: Person, solution: str, points: int) -> None:
    submit(student, NAME, solution)
    assert grade(teacher, NAME).startswith("done"), grade(teacher, NAME)
    assert score(instance, "student", NAME) == points


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("import os; os._exit(0)", "The Python process ended"),
        ("hog = bytearray(2 * 1024**3)", "memory"),
        ("import time; time.sleep(600)", "longer than"),
        ("import time\nwhile True:\n    print('x' * 1000)\n    time.sleep(0.0005)", "printed more"),
        ("import os, signal\nfor pid in range(2, 40):\n    try: os.kill(pid, 9)\n    except OSError: pass", "ended"),
    ],
)
def test_what_did_not_run_to_its_end_does_not_pass(
    instance: Instance, student: Person, teacher: Person, trouble: str, said: str
) -> None:
    submit(student, NAME, f"{RIGHT}\n{trouble}")
    assert grade(teacher, NAME).startswith("done")
    assert score(instance, "student", NAME) == 0
    assert said in printed(graded(instance, "student", NAME))
    most = max(Counter(sandboxes(instance)).values(), default=0)
    assert most <= KINDS, "only what waits for the next submission of its kind is left"


def sandboxes(instance: Instance) -> list[str]:
    """The kind of each sandbox that there is, but for its seconds: image, role, what is mounted in it, what it may use.

    None of them may have run to its end: that one should be gone.
    """
    labels = [f"campushub.instance={instance.name}", "campushub.sandbox=1"]
    there = instance.docker.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
    found = [one.attrs for one in there]
    assert {one["State"]["Status"] for one in found} <= {"created", "running"}, "one that has run is left"
    return [repr((one["Image"], one["Config"]["Cmd"][-1], one["HostConfig"])) for one in found]


LOOK = f"""{RIGHT}
import json, os, pathlib, socket
found = {{"uid": os.getuid(), "files": sorted(os.listdir("/tmp/work")), "secrets": [k for k in os.environ if "TOKEN" in k or "CAMPUSHUB" in k]}}
found["caps"] = [l.split()[1] for l in open("/proc/self/status") if l.startswith("CapEff")][0]
found["interfaces"] = sorted(os.listdir("/sys/class/net"))
found["localhost"], found["network"] = socket.gethostbyname("localhost"), os.readlink("/proc/self/ns/net")
for name, place in (("root", "/x"), ("usr", "/usr/x"), ("env", "/opt/env/x")):
    try:
        pathlib.Path(place).write_text("x")
        found[name] = "written"
    except OSError as error:
        found[name] = "closed"
for name in ("0", "1", "2"):
    try:
        os.close(os.open("/proc/1/fd/" + name, os.O_RDWR))
        found["pipe"] = "open"
    except OSError:
        found.setdefault("pipe", "closed")
print(json.dumps(found))"""


def test_sandbox_has_no_network_no_secret_and_nothing_to_write(
    instance: Instance, student2: Person, teacher: Person
) -> None:
    submit(student2, NAME, LOOK)
    assert grade(teacher, NAME).startswith("done")
    outputs = graded(instance, "student2", NAME).cells[1].outputs
    found = json.loads(outputs[0].text)
    assert found.pop("network") != str(Path("/proc/self/ns/net").readlink()), "not this machine's"
    assert found == {
        "uid": 65534,
        "files": [],
        "secrets": [],
        "caps": "0000000000000000",
        "interfaces": ["lo"],
        "localhost": "127.0.0.1",
        "root": "closed",
        "usr": "closed",
        "env": "closed",
        "pipe": "closed",
    }


def test_feedback_has_the_score_and_not_the_hidden_tests(instance: Instance, student: Person, teacher: Person) -> None:
    receipt = submit(student, NAME, WRONG)
    assert grade(teacher, NAME).startswith("done")
    verb = "/user/teacher/grade-demo/formgrader/api/assignment/" + NAME
    for step in ("generate_feedback", "release_feedback"):
        token = teacher.http.cookies.get("_xsrf", path="/user/teacher/grade-demo/")
        told = teacher.http.post(teacher.instance.url + f"{verb}/{step}", headers={"X-XSRFToken": token}, timeout=60)
        assert told.json()["success"], told.text
    page = student.get("/courses/demo/").text
    assert "Score 0 of 5" in page
    feedback = student.get(f"/courses/feedback/{receipt['submission']}/{NAME}.html")
    assert feedback.headers["Content-Security-Policy"].startswith("sandbox")
    assert "hidden test of this cell did not pass" in feedback.text
    assert MARKER not in feedback.text
    assert "answer(1)" not in feedback.text
    assert "<script" not in feedback.text
    submit(student, NAME, RIGHT)
    page = text_of(student.get("/courses/demo/").text)
    assert f"Submitted Score 0 of 5 for attempt {receipt['attempt']}" in page


def test_two_instructors_mark_at_the_same_time_and_no_mark_is_lost(
    instance: Instance, student: Person, student2: Person, teacher: Person
) -> None:
    roster = instance.data / "second-instructor.csv"
    roster.write_text("name,full_name,role\ncolleague,Cora Colleague,ta\n", encoding="utf-8")
    instance.command("roster", "import", "demo", str(roster))
    colleague = instance.person("colleague")
    if not colleague.ready("grade-demo"):
        colleague.start("grade-demo")
    hand_out(instance, MARKED)
    for person in (student, student2):
        submit(person, MARKED, RIGHT)
    assert grade(teacher, MARKED).startswith("done")
    failed: list[str] = []

    def mark(person: Person, submitter: str) -> None:
        base = f"formgrader/api/submitted_notebooks/{MARKED}/{MARKED}"
        rows = ask(person, "GET", "grade-demo", base).json()
        row = next(one for one in rows if one["student"] == student_id(instance, submitter))
        graded_cell = ask(person, "GET", "grade-demo", f"formgrader/api/grades?submission_id={row['id']}").json()[0]
        for points in range(12):
            change = {"manual_score": points, "extra_credit": 0}
            ask(person, "PUT", "grade-demo", f"formgrader/api/grade/{graded_cell['id']}", change)
            seen = ask(person, "GET", "grade-demo", f"formgrader/api/grade/{graded_cell['id']}").json()["manual_score"]
            if seen != points:
                failed.append(f"{person.name} wrote {points} and read {seen}")

    pairs = ((teacher, "student"), (colleague, "student2"))
    threads = [threading.Thread(target=mark, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert {manual_score(instance, name, MARKED) for name in ("student", "student2")} == {11.0}
