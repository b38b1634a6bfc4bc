"""Handing out, handing in and giving back, asked from inside people's servers with their servers' own tokens."""

from __future__ import annotations

import json
import sqlite3
import threading
import time

import pytest

from tests.instance import Instance, Person

NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'

HAND_IN = """
    import io, json, sys, tarfile
    from campushub_client.service import Service, ServiceError
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
        print(json.dumps(Service.from_environment().submit("demo", "first-steps", packed)))
    except ServiceError as refused:
        print(json.dumps({"refused": str(refused)}))
"""
GOOD = 'put("first-steps.ipynb")'


def hand_in(person: Person, *put: str) -> dict[str, object]:
    lines = "\n        ".join(put)
    told: dict[str, object] = json.loads(person.inside("demo", HAND_IN % (NOTEBOOK, lines)))
    return told


def stored(instance: Instance, person: str) -> list[str]:
    with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
        rows = store.execute(
            "select id from submissions where person = ? and assignment = 'first-steps' order by attempt", [person]
        )
        return [str(row[0]) for row in rows]


def test_receipt_names_what_was_stored(instance: Instance, student: Person) -> None:
    receipt = hand_in(student, GOOD, 'put("data/notes.txt", "naïve")')
    assert {file["path"] for file in receipt["files"]} == {"first-steps.ipynb", "data/notes.txt"}  # type: ignore[attr-defined]
    assert receipt["late"] is False
    folder = instance.data / "service" / "submissions" / str(receipt["submission"])
    assert (folder / "first-steps.ipynb").read_text(encoding="utf-8") == NOTEBOOK
    page = student.get(f"/courses/receipts/{receipt['submission']}").text
    assert all(file["sha256"] in page for file in receipt["files"])  # type: ignore[attr-defined]


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
        ('put("other.ipynb", "this is no JSON")', "other.ipynb"),
        ('[put(f"f{i}", "x") for i in range(1001)]', "files"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(instance: Instance, student: Person, put: str, told: str) -> None:
    before = stored(instance, "student")
    assert told in str(hand_in(student, GOOD, put)["refused"])
    assert stored(instance, "student") == before


def test_missing_and_renamed_notebooks_are_named(student: Person) -> None:
    assert "'first-steps.ipynb' is missing" in str(hand_in(student, 'put("First steps (1).ipynb")')["refused"])


def test_what_is_too_large_is_refused_and_leaves_nothing(instance: Instance, student: Person) -> None:
    told = str(hand_in(student, GOOD, 'put("big.bin", b"x" * (200 * 1024**2))').get("refused"))
    assert "larger than 20 MB" in told
    assert not list((instance.data / "service" / "incoming").glob("*"))


def test_two_at_once_are_two_attempts_or_one_but_never_lost(instance: Instance, student2: Person) -> None:
    before, told = stored(instance, "student2"), []
    threads = [threading.Thread(target=lambda: told.append(hand_in(student2, GOOD))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {receipt["submission"] for receipt in told} == set(stored(instance, "student2")) - set(before)
    assert sorted(receipt["attempt"] for receipt in told) == [len(before) + n for n in (1, 2, 3)]  # type: ignore[type-var]


def test_the_same_submission_sent_again_is_one_attempt(instance: Instance, student: Person) -> None:
    code = """
        import io, os, requests, tarfile
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo("first-steps.ipynb"); member.size = len(%r)
            archive.addfile(member, io.BytesIO(%r.encode()))
        for _ in range(2):
            answer = requests.put(os.environ["CAMPUSHUB_SERVICE_URL"] + "/assignments/demo/first-steps/submission", data=packed.getvalue(),
                headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"], "Idempotency-Key": "the-same"})
            print(answer.json()["submission"])
    """
    first, second = student.inside("demo", code % (NOTEBOOK, NOTEBOOK)).split()
    assert first == second
    assert stored(instance, "student").count(first) == 1


def test_service_killed_while_it_stores_loses_nothing_acknowledged(instance: Instance, student: Person) -> None:
    told: list[dict[str, object]] = []
    threads = [
        threading.Thread(target=lambda: told.append(hand_in(student, GOOD, 'put("big.bin", b"x" * 15 * 1024**2)')))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1.2)
    instance.docker.api.kill(f"{instance.name}-service", "KILL")
    instance.docker.api.start(f"{instance.name}-service")
    for thread in threads:
        thread.join()
    instance.wait_until_well()
    kept = stored(instance, "student")
    for receipt in told:
        if "submission" in receipt:
            assert receipt["submission"] in kept
            folder = instance.data / "service" / "submissions" / str(receipt["submission"])
            assert (folder / "big.bin").stat().st_size == 15 * 1024**2
        else:
            assert "Nothing is lost" in str(receipt["refused"])
    folders = {path.name for path in (instance.data / "service" / "submissions").iterdir()}
    assert set(kept) == {name for name in folders if not name.startswith(".")} & set(kept)


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
    attempt("another's submission", lambda: service.submission_files(%r))
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
        assert time.monotonic() - began < 2
    finally:
        container.unpause()
    waiting.join()
    assert told
