"""Two terms of one course: the new one has the sources and nobody in it, the old one can be looked at by its staff."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.coursework import grade
from tests.http_loop import ask, hand_in
from tests.instance import Instance, Person, text_of


@pytest.fixture
def two_terms(instance: Instance, student: Person, teacher: Person) -> Iterator[str]:
    """After a rollover of `demo`, in which somebody has submitted; the settings are put back at the end."""
    before = instance.config.read_text(encoding="utf-8")
    receipt = hand_in(student)
    assert grade(teacher, "first-steps", seconds=300).startswith("done")
    said = instance.command("course", "rollover", "demo", "demo-next", "--title=The next term").stdout
    assert "demo-next: taken over from demo, with an empty roster; demo is archived" in said
    yield str(receipt["submission"])
    instance.config.write_text(before, encoding="utf-8")
    instance.command("up")
    wait_until_ended(instance.person("teacher"), "grade-demo")  # it could only read


def test_old_term_is_closed_to_students_and_readable_for_staff(instance: Instance, two_terms: str) -> None:
    student, teacher = instance.person("student"), instance.person("teacher")
    wait_until_ended(student, "demo")
    assert "is a course of an earlier term and is closed" in text_of(student.get("/courses/demo/").text)
    assert "is a course of an earlier term and is closed" in text_of(student.get("/hub/spawn/student/demo").text)
    assert "A first course" not in text_of(student.get("/courses/").text)
    page = teacher.get("/courses/demo/").text
    assert f"/courses/receipts/{two_terms}" in page
    assert "Grade all" not in text_of(page)
    assert teacher.get(f"/courses/receipts/{two_terms}").ok
    assert "Save" not in teacher.get("/courses/demo/roster").text
    refused = teacher.post("/courses/demo/grade", "/courses/password", {"assignment": "first-steps"})
    assert refused.status_code == 403
    look_at_the_gradebook(teacher)
    start_the_new_term(instance, teacher)


def look_at_the_gradebook(teacher: Person) -> None:
    """The grading server that could write has ended; in a new one the marks are shown, and nothing can be changed."""
    wait_until_ended(teacher, "grade-demo")
    teacher.start("grade-demo")
    assignments = ask(teacher, "GET", "grade-demo", "formgrader/api/assignments").json()
    assert [one["name"] for one in assignments if one["num_submissions"]], assignments
    assert teacher.get("/user/teacher/grade-demo/formgrader/gradebook").ok
    code = "try: open('/teaching/demo/source/x', 'w')\nexcept OSError as refused: print(refused.strerror)"
    assert teacher.inside("grade-demo", code) == "Read-only file system"


def ask_hub_to_stop(person: Person, server: str) -> None:
    person.get("/hub/home")
    token = person.http.cookies.get("_xsrf", path="/hub/") or ""
    url = f"{person.instance.url}/hub/api/users/{person.name}/servers/{server}?_xsrf={token}"
    person.http.delete(url, headers={"Referer": f"{person.instance.url}/hub/home"}, timeout=60)
    wait_until_ended(person, server)


def wait_until_ended(person: Person, server: str) -> None:
    """Wait until a server is gone, and the hub's page does not say any more that it is being closed."""
    until = time.monotonic() + 90
    name, listed = person.instance.name, person.instance.docker.containers.list
    labels = [f"campushub.instance={name}", f"campushub.person={person.name}", f"campushub.server={server}"]
    while (
        person.ready(server)
        or listed(all=True, filters={"label": labels}, ignore_removed=True)
        or person.being_closed(server)
    ):
        assert time.monotonic() < until, f"{person.name}'s server {server} still runs"
        time.sleep(1)


def start_the_new_term(instance: Instance, teacher: Person) -> None:
    assert instance.command("roster", "list", "demo-next").stdout.strip() == ""
    assert "demo-next" not in teacher.get("/courses/").text
    instance.command("roster", "add", "demo-next", "teacher", "--role=instructor", "--full-name=Tara Teacher")
    assert "No assignment is handed out" in text_of(teacher.get("/courses/demo-next/").text)
    teacher.start("grade-demo-next")
    for verb in ("assign", "release"):
        told = ask(teacher, "POST", "grade-demo-next", f"formgrader/api/assignment/first-steps/{verb}").json()
        assert told["success"], told
    ask_hub_to_stop(teacher, "grade-demo-next")


def test_course_with_an_example_has_its_material_and_assignments(instance: Instance) -> None:
    before = instance.config.read_text(encoding="utf-8")
    wrong = instance.command("course", "add", "tried", "--title=To try", "--example=no-such", check=False)
    assert wrong.returncode == 1
    assert "there is no example 'no-such'; there is: deep-learning, demo, spark" in wrong.stderr
    try:
        instance.command("course", "add", "tried", "--title=To try", "--example=demo")
        teacher = instance.person("teacher")
        assert "first-steps" in teacher.get("/courses/tried/").text
        student = instance.person("student")
        until = time.monotonic() + 120  # the service looks for new material once a minute
        while not (instance.data / "material" / "tried.git").exists():
            assert time.monotonic() < until, "the material is not there"
            time.sleep(1)
        student.start("tried")
        assert "01-how-a-model-learns.ipynb" in student.inside(
            "tried", "import os; print(os.listdir('/home/jovyan/tried'))"
        )
    finally:
        instance.config.write_text(before, encoding="utf-8")
        instance.command("up")
    ask_hub_to_stop(instance.person("student"), "tried")
