"""A roster that changes every day: by the page and by the command, and what follows for those who are no longer on it."""

from __future__ import annotations

import re
import time

import pytest

from tests.http_loop import ask
from tests.instance import Instance, Person, text_of

PAGE = "/courses/demo/roster"
FIRST_STEPS = "<h3>first-steps</h3>"  # other assignments stand on the page too


def names(instance: Instance, course: str) -> dict[str, str]:
    """Role by name, as the command lists them."""
    lines = instance.command("roster", "list", course).stdout.splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}


def add(instance: Instance, name: str, role: str = "student", course: str = "demo") -> Person:
    instance.command("roster", "add", course, name, f"--role={role}", f"--full-name={name.title()}")
    return instance.person(name)


def test_command_adds_changes_and_removes_one_person(instance: Instance) -> None:
    instance.command("roster", "add", "second", "single", "--role=ta", "--section=X")
    assert names(instance, "second")["single"] == "ta"
    instance.command("roster", "add", "second", "single", "--full-name=Single Person")
    assert names(instance, "second")["single"] == "ta", "what is not said stays"
    instance.command("roster", "add", "second", "single", "--role=student")
    assert names(instance, "second")["single"] == "student"
    instance.command("roster", "remove", "second", "single")
    assert "single" not in names(instance, "second")
    again = instance.command("roster", "remove", "second", "single", check=False)
    assert again.returncode == 1
    assert "'single' is not on the roster of 'second'" in again.stderr


def test_file_removes_students_who_are_not_in_it_only_when_it_is_told_to(instance: Instance) -> None:
    instance.command("roster", "add", "second", "leaver")
    kept = [name for name, role in names(instance, "second").items() if role == "student" and name != "leaver"]
    file = instance.data / "without-leaver.csv"
    file.write_text("name\n" + "\n".join(kept) + "\n", encoding="utf-8")
    said = instance.command("roster", "import", "second", str(file)).stdout
    assert "students who are not in it (--remove-missing removes them): leaver" in said
    assert "leaver" in names(instance, "second")
    said = instance.command("roster", "import", "second", str(file), "--remove-missing", "--dry-run").stdout
    assert "removed: leaver" in said
    assert "leaver" in names(instance, "second")
    instance.command("roster", "import", "second", str(file), "--remove-missing")
    after = names(instance, "second")
    assert "leaver" not in after
    assert after["ta"] == "instructor", "staff is never removed by a file"


def test_who_is_removed_loses_what_runs_and_comes_back_with_everything(instance: Instance) -> None:
    person = add(instance, "goer")
    person.start("demo")
    person.inside("demo", "open('kept.txt', 'w').write('mine')")
    teacher = instance.person("teacher")
    teacher.post(f"{PAGE}/remove", PAGE, {"name": "goer", "sure": "yes"})
    assert person.get("/courses/demo/").status_code == 403
    until = time.monotonic() + 60
    while person.ready("demo") or person.being_closed("demo"):
        assert time.monotonic() < until, "the server still runs"
        time.sleep(1)
    assert "You are not in the course 'demo'" in text_of(person.get("/hub/spawn/goer/demo").text)
    add(instance, "goer").start("demo")
    assert person.inside("demo", "print(open('kept.txt').read())") == "mine"


def test_who_teaches_no_longer_loses_the_grading_server_and_keeps_their_own(instance: Instance) -> None:
    person = add(instance, "former", "ta")
    person.start("demo")
    person.start("grade-demo")
    teacher = instance.person("teacher")
    teacher.post(
        f"{PAGE}/add", PAGE, {"name": "former", "full_name": "Former", "email": "", "role": "student", "section": ""}
    )
    until = time.monotonic() + 60
    while person.ready("grade-demo"):
        assert time.monotonic() < until, "the grading server still runs"
        time.sleep(1)
    assert person.ready("demo")


def test_leader_changes_no_address_of_somebody_who_is_in_another_course_too(instance: Instance) -> None:
    """Else they could sign in as them where a provider matches people by e-mail."""
    teacher = instance.person("teacher")
    row = {"name": "lena", "full_name": "Mallory", "email": "mallory@example.org", "role": "student", "section": ""}
    teacher.post(f"{PAGE}/add", PAGE, row)
    told = instance.command("roster", "list", "demo").stdout
    teacher.post(f"{PAGE}/remove", PAGE, {"name": "lena", "sure": "yes"})
    assert re.search(r"^lena +student +Lena Limits +lena@example.edu$", told, re.MULTILINE), told


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("add", {"name": "intruder", "role": "instructor"}),
        ("remove", {"name": "student2", "sure": "yes"}),
        ("import", {"csv": "name,role\nintruder,instructor\n", "step": "do"}),
    ],
)
def test_only_who_leads_a_course_changes_its_roster(instance: Instance, path: str, data: dict[str, str]) -> None:
    add(instance, "assistant", "ta")
    before = names(instance, "demo")
    for name in ("student", "assistant"):
        answer = instance.person(name).post(f"{PAGE}/{path}", "/courses/password", data)
        assert answer.status_code == 403, name
    assert names(instance, "demo") == before
    assert instance.person("student").get(PAGE).status_code == 403
    assert instance.person("assistant").get(PAGE).status_code == 200
    assert "Save" not in instance.person("assistant").get(PAGE).text


def test_instructor_cannot_remove_or_demote_themselves(instance: Instance) -> None:
    teacher = instance.person("teacher")
    for path, data in (("remove", {"name": "teacher"}), ("add", {"name": "Teacher", "role": "student"})):
        answer = teacher.post(f"{PAGE}/{path}", PAGE, data)
        assert answer.status_code == 409
        assert "Another instructor or the administrator can" in text_of(answer.text)
    assert names(instance, "demo")["teacher"] == "instructor"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "No file was chosen, or it is empty"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"x" * (2 * 1024**2 + 1), "too large for a roster"),
        (b"who,what\na,b\n", "there is no column 'name'"),
    ],
)
def test_file_that_is_no_roster_is_refused_in_words(instance: Instance, content: bytes, sentence: str) -> None:
    teacher = instance.person("teacher")
    token = teacher.get(PAGE).text.split('name="_xsrf" value="')[1].split('"')[0]
    answer = teacher.http.post(
        f"{instance.url}{PAGE}/import", data={"_xsrf": token}, files={"file": ("roster.csv", content)}, timeout=60
    )
    assert sentence in text_of(answer.text)


def test_names_of_people_are_shown_as_text(instance: Instance) -> None:
    instance.command("roster", "add", "demo", "script", "--full-name=<script>alert(1)</script>")
    page = instance.person("teacher").get(PAGE).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_administrator_announces_to_every_course(instance: Instance) -> None:
    instance.command("announce", "The machine rests on Sunday.")
    page = text_of(instance.person("teacher").get("/courses/").text)
    assert page.count("The machine rests on Sunday.") == 2, "in the course they teach and in the one they take"
    too_long = instance.command("announce", "x" * 1001, check=False)
    assert "at most 1000 characters" in too_long.stderr
    instance.command("announce", "")
    assert "rests on Sunday" not in instance.person("teacher").get("/courses/").text


def test_fetching_and_working_are_seen_by_staff(instance: Instance) -> None:
    person = add(instance, "eager")
    person.start("demo")
    assert "not yet nothing yet" in row_of(instance, "/courses/demo/", "Eager", below=FIRST_STEPS)
    ask(person, "POST", "demo", "campushub/fetch", {"name": "first-steps"})
    assert "has it open now" in row_of(instance, PAGE, "Eager")
    row = row_of(instance, "/courses/demo/", "Eager", below=FIRST_STEPS)
    assert "not yet nothing yet" not in row
    assert "nothing yet" in row, "fetched, not submitted"


def row_of(instance: Instance, path: str, name: str, *, below: str = "") -> str:
    """A person's row of a table that the instructor sees, as words; of the first one below a heading."""
    rows = instance.person("teacher").get(path).text.partition(below or "<body>")[2].split("<tr>")
    return text_of(next(row for row in rows if name in row))
