"""Handing out, handing in and giving back, asked from inside people's servers with their servers' own tokens."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.instance import Instance, Person, text_of

HAND_IN = """
    import io, json, sys, tarfile
    from campushub_client.service import Service, ServiceError, Unconfirmed
    NOTEBOOK = %r
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        def put(name, text=NOTEBOOK, **about):
            member = tarfile.TarInfo(name)
            content = text.encode() if isinstance(text, str) else text
            member.size = 0 if about else len(content)
            for key, value in about.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(content) if not about else None)
        %s
    packed.seek(0)
    try:
        print(json.dumps(Service.from_environment().submit("demo", %r, packed, confirmed=%r)))
    except Unconfirmed as asked:
        print(json.dumps({"asked": str(asked), **asked.told}))
    except ServiceError as refused:
        print(json.dumps({"refused": str(refused)}))
"""
GOOD = 'put("first-steps.ipynb")'


def released(instance: Instance) -> str:
    """The notebook of the demo course as it was handed out."""
    with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
        query = "select release from assignments where course = 'demo' and name = 'first-steps'"
        folder = str(store.execute(query).fetchone()[0])
    return (instance.data / "service" / "releases" / folder / "first-steps.ipynb").read_text(encoding="utf-8")


def hand_in(person: Person, *put: str, name: str = "first-steps", confirmed: bool = False) -> dict[str, Any]:
    lines = "\n        ".join(put)
    code = HAND_IN % (released(person.instance), lines, name, confirmed)
    told: dict[str, Any] = json.loads(person.inside("demo", code))
    return told


def stored(instance: Instance, person: str) -> list[str]:
    with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
        rows = store.execute(
            "select id from submissions where person = ? and assignment = 'first-steps' order by attempt", [person]
        )
        return [str(row[0]) for row in rows]


def test_receipt_names_what_was_stored(instance: Instance, student: Person) -> None:
    receipt = hand_in(student, GOOD, 'put("data/notes.txt", "naïve")')
    assert {file["path"] for file in receipt["files"]} == {"first-steps.ipynb", "data/notes.txt"}
    assert receipt["late"] is False
    folder = instance.data / "service" / "submissions" / str(receipt["submission"])
    assert (folder / "first-steps.ipynb").read_text(encoding="utf-8") == released(instance)
    page = student.get(f"/courses/receipts/{receipt['submission']}").text
    assert all(file["sha256"] in page for file in receipt["files"])


@pytest.mark.parametrize(
    ("put", "told"),
    [
        ('put("../first-steps.ipynb")', "leads out of"),
        ('put("/etc/passwd", "x")', "leads out of"),
        ('put("link", type=tarfile.SYMTYPE, linkname="/etc/passwd")', "link"),
        ('put("hard", type=tarfile.LNKTYPE, linkname="first-steps.ipynb")', "link"),
        ('put("device", type=tarfile.CHRTYPE, devmajor=1, devminor=3)', "device"),
        ('put("first-steps.ipynb", "again")', "is there twice"),
        ('put("First-Steps.ipynb", "again")', "differ only"),
        ('put("a", "x"); put("a/b", "x")', "same name"),
        ('[put(f"f{i}", "x") for i in range(1001)]', "files"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(instance: Instance, student: Person, put: str, told: str) -> None:
    before = stored(instance, "student")
    assert told in str(hand_in(student, GOOD, put)["refused"])
    assert stored(instance, "student") == before


ZIPPED = """
        import zipfile
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("first-steps/first-steps.ipynb", NOTEBOOK)
            made.writestr("first-steps/notes.txt", "mine")
        put("all.zip", zipped.getvalue())"""


@pytest.mark.parametrize(
    ("put", "arrived", "files"),
    [
        ('put("First steps (1).ipynb")', "First steps (1).ipynb", {"first-steps.ipynb"}),
        ('put("first-steps-Copy1.ipynb")', "first-steps-Copy1.ipynb", {"first-steps.ipynb"}),
        (
            'put("again/first-steps.ipynb"); put("again/notes.txt", "mine")',
            "again/first-steps.ipynb",
            {"first-steps.ipynb", "notes.txt"},
        ),
        (ZIPPED, "all.zip/first-steps/first-steps.ipynb", {"first-steps.ipynb", "notes.txt"}),
    ],
)
def test_notebook_under_another_name_is_known_and_the_receipt_says_so(
    instance: Instance, student: Person, put: str, arrived: str, files: set[str]
) -> None:
    receipt = hand_in(student, put)
    assert {file["path"] for file in receipt["files"]} == files
    folder = instance.data / "service" / "submissions" / receipt["submission"]
    assert (folder / "first-steps.ipynb").read_text(encoding="utf-8") == released(instance)
    said = f"'{arrived}' was taken as 'first-steps.ipynb', whose cells it has."
    assert receipt["remarks"] == [said]
    assert said in text_of(student.get(f"/courses/receipts/{receipt['submission']}").text)


def test_notebooks_of_something_else_are_left_out_and_named(student: Person) -> None:
    receipt = hand_in(student, GOOD, 'put("other.ipynb", "this is no JSON")', 'put("first-steps-Copy1.ipynb")')
    assert [file["path"] for file in receipt["files"]] == ["first-steps.ipynb"]
    assert receipt["remarks"] == [
        "'first-steps-Copy1.ipynb' is left out: 'first-steps.ipynb' counts.",
        "'other.ipynb' is left out: no notebook of this assignment.",
    ]


def test_changed_tests_are_asked_about_before_they_count(instance: Instance, student: Person) -> None:
    before = stored(instance, "student")
    changed = 'put("first-steps.ipynb", NOTEBOOK.replace("assert mean", "assert True or mean"))'
    asked = hand_in(student, changed)
    assert asked["changed"] == {"first-steps.ipynb": ["mean-tests"]}
    assert "counts as it was handed out: mean-tests" in asked["asked"]
    assert stored(instance, "student") == before
    receipt = hand_in(student, changed, confirmed=True)
    assert receipt["remarks"] == [asked["asked"]]


@pytest.fixture
def two_parts(teacher: Person) -> Iterator[str]:
    """An assignment with two notebooks, for as long as a test."""
    code = """
        import io, json, tarfile
        from campushub_client.service import Service
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name in ("one", "two"):
                cell = {"cell_type": "code", "id": name, "source": "", "outputs": [], "execution_count": None,
                    "metadata": {"nbgrader": {"grade_id": name, "grade": True, "solution": True}}}
                text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()
                member = tarfile.TarInfo(name + ".ipynb")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text))
                print(text.decode())
        packed.seek(0)
        Service.from_environment().release("demo", "two-parts", packed, None)
    """
    yield teacher.inside("grade-demo", code).splitlines()[0]
    withdraw = 'from campushub_client.service import Service; Service.from_environment().withdraw("demo", "two-parts")'
    teacher.inside("grade-demo", withdraw)


def test_missing_notebook_is_asked_about_and_none_at_all_is_refused(student: Person, two_parts: str) -> None:
    one = f'put("one.ipynb", {two_parts!r})'
    assert hand_in(student, one, name="two-parts")["missing"] == ["two.ipynb"]
    receipt = hand_in(student, one, name="two-parts", confirmed=True)
    assert receipt["remarks"] == ["'two.ipynb' is missing."]
    refused = hand_in(student, 'put("notes.txt", "x")', name="two-parts", confirmed=True)["refused"]
    assert "No notebook of this assignment is in it; 'one.ipynb' and 'two.ipynb' are missing." in refused


def test_command_asks_and_takes_yes(student: Person, two_parts: str) -> None:
    code = """
        import subprocess
        from pathlib import Path
        folder = Path.home() / "assignments" / "demo" / "two-parts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "my one.ipynb").write_text(%r)
        for words in ([], ["--Submit.confirmed=True"]):
            done = subprocess.run(["nbgrader", "submit", "two-parts", *words], cwd=folder, capture_output=True, text=True)
            print(done.returncode, done.stderr.replace(chr(10), " "))
    """
    asked, done = student.inside("demo", code % two_parts).splitlines()
    assert asked.startswith("1 ")
    assert "'two.ipynb' is missing." in asked
    assert "nbgrader submit two-parts --Submit.confirmed=True" in asked
    assert done.startswith("0 ")
    assert "'my one.ipynb' was taken as 'one.ipynb'" in done
    assert "not recognized" not in done


def test_what_is_too_large_is_refused_and_leaves_nothing(instance: Instance, student: Person) -> None:
    incoming = instance.data / "service" / "incoming"
    before = set(incoming.glob("*"))  # what staff look at before they hand it in waits there
    told = str(hand_in(student, GOOD, 'put("big.bin", b"x" * (200 * 1024**2))').get("refused"))
    assert "larger than 20 MB" in told
    assert set(incoming.glob("*")) <= before


def test_two_at_once_are_two_attempts_or_one_but_never_lost(instance: Instance, student2: Person) -> None:
    before, told = stored(instance, "student2"), []
    threads = [threading.Thread(target=lambda: told.append(hand_in(student2, GOOD))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {receipt["submission"] for receipt in told} == set(stored(instance, "student2")) - set(before)
    assert sorted(receipt["attempt"] for receipt in told) == [len(before) + n for n in (1, 2, 3)]


def test_the_same_submission_sent_again_is_one_attempt(instance: Instance, student: Person) -> None:
    code = """
        import io, os, requests, tarfile
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo("first-steps.ipynb"); member.size = len(%r.encode())
            archive.addfile(member, io.BytesIO(%r.encode()))
        for _ in range(2):
            answer = requests.put(os.environ["CAMPUSHUB_SERVICE_URL"] + "/assignments/demo/first-steps/submission", data=packed.getvalue(),
                headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"], "Idempotency-Key": "the-same"})
            print(answer.json()["submission"])
    """
    notebook = released(instance)
    first, second = student.inside("demo", code % (notebook, notebook)).split()
    assert first == second
    assert stored(instance, "student").count(first) == 1


def test_after_the_due_date_it_is_taken_and_called_late(instance: Instance, teacher: Person, student2: Person) -> None:
    due = """
        from campushub_client.service import Service
        Service.from_environment().set_due("demo", "first-steps", %r)
    """
    teacher.inside("grade-demo", due % "2020-01-01T00:00:00+00:00")
    try:
        assert hand_in(student2, GOOD)["late"] is True
    finally:
        teacher.inside("grade-demo", due % "2030-01-01T00:00:00+00:00")
    assert hand_in(student2, GOOD)["late"] is False


FORBIDDEN = """
    import io, json
    from campushub_client.service import Service, ServiceError
    service, found = Service.from_environment(), {}
    def attempt(name, work):
        try:
            work()
            found[name] = "done"
        except ServiceError as refused:
            found[name] = str(refused)
    attempt("another's feedback", lambda: service.feedback_files(%r))
    attempt("another's submission", lambda: service.submission_files("demo", "first-steps", [%r]))
    attempt("who submitted", lambda: service.submissions("demo", "first-steps"))
    attempt("roster", lambda: service.people("demo"))
    attempt("release", lambda: service.release("demo", "first-steps", io.BytesIO(b""), None))
    attempt("withdraw", lambda: service.withdraw("demo", "first-steps"))
    attempt("due date", lambda: service.set_due("demo", "first-steps", None))
    attempt("grade", lambda: service.ask_to_grade("demo", "first-steps", None))
    attempt("give back", lambda: service.give_back(%r, io.BytesIO(b""), 10, 10))
    attempt("take a job", lambda: service.take_job(again=True))
    attempt("another course", lambda: service.assignments("second"))
    attempt("submit there", lambda: service.submit("second", "first-steps", io.BytesIO(b"")))
    print(json.dumps(found))
"""


def test_student_can_do_nothing_of_staff_or_of_others(student: Person, student2: Person) -> None:
    theirs = str(hand_in(student2, GOOD)["submission"])
    found = json.loads(student.inside("demo", FORBIDDEN % (theirs, theirs, theirs)))
    assert not [name for name, said in found.items() if said == "done"], found
    assert student.get(f"/courses/receipts/{theirs}").status_code == 403


def test_staff_verbs_need_the_grading_server(instance: Instance, teacher: Person) -> None:
    """A poisoned notebook in an instructor's ordinary server cannot release or read marks."""
    if not teacher.ready("demo"):
        teacher.start("demo")
    found = json.loads(teacher.inside("demo", FORBIDDEN % ("0" * 24, "0" * 24, "0" * 24)))
    assert "done" not in {
        found[name] for name in ("who submitted", "roster", "release", "withdraw", "due date", "grade")
    }
    assert "grading server" in found["release"]


def test_silent_service_gives_a_sentence_and_the_server_stays_quick(instance: Instance, student: Person) -> None:
    container = instance.part("service")
    container.pause()
    try:
        told: list[str] = []
        url = "/user/student/demo/campushub/assignments"
        waiting = threading.Thread(target=lambda: told.append(student.get(url).text))
        waiting.start()
        time.sleep(1)
        began = time.monotonic()
        assert student.ready("demo")
        assert time.monotonic() - began < 10
        assert not told, "it answers while the other question still waits for the service"
    finally:
        container.unpause()
    waiting.join()
    assert told
