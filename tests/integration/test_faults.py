"""Service, grader and worker are killed at work, come back by themselves, and every receipt and every mark is what it should be.

Killed from outside, as a kernel out of memory would do it: Docker starts again what ended by itself, not what it stopped. The
steps of storing are killed one by one in tests/unit/test_killed.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.coursework import RIGHT, WRONG, files_below, hand_out, score, student_id, submit
from tests.instance import Instance, Person

NAME = "faults"
HAND_IN_SECONDS = 15  # or longer, until there were enough kills
ENOUGH = "/tmp/enough-of-faults"
SLOW_SECONDS = 8  # that one of the two submissions runs, so that something can be killed meanwhile
CHANCE = random.Random(4711)

HAND_IN = """
    import hashlib, io, json, os, tarfile, time
    from campushub_client.service import Service, ServiceError
    service, number = Service.from_environment(), 0
    while not os.path.exists(%r):
        number += 1
        files = {"%s.ipynb": %r.encode(), "more.bin": os.urandom(300_000)}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        sent = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        while True:
            try:
                receipt = service._upload("assignments/demo/%s/submission?confirmed=yes", packed, key=f"fault-{number}")
                break
            except ServiceError:
                time.sleep(0.3)
        print(json.dumps([receipt, sent]))
"""


@pytest.fixture(scope="module", autouse=True)
def _handed_out(instance: Instance) -> None:
    hand_out(instance, NAME)


def kill(instance: Instance, part: str) -> None:
    """Kill a part and wait until Docker has started it again."""
    container = instance.part(part)
    before = container.attrs["State"]["Pid"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: instance.part(part).attrs["State"]["Pid"] not in (0, before), f"{part} does not start")


def wait_for(seen: Callable[[], object], otherwise: str, *, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until, otherwise
        time.sleep(0.01)


def rows(instance: Instance, query: str, *values: object) -> list[dict[str, Any]]:
    with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
        store.row_factory = sqlite3.Row
        return [dict(row) for row in store.execute(query, values)]


def compare(instance: Instance, person: str, told: list[tuple[dict[str, Any], dict[str, str]]]) -> None:
    """Every receipt has its row and its files, every row its receipt, each attempt once."""
    kept = rows(instance, "select * from submissions where person = ? and key like 'fault-%' order by attempt", person)
    assert [row["id"] for row in kept] == [receipt["submission"] for receipt, _ in told], "in the order of their keys"
    numbers = [row["attempt"] for row in kept]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for row, (receipt, sent) in zip(kept, told, strict=True):
        assert {file["path"]: file["sha256"] for file in receipt["files"]} == sent
        assert json.loads(row["files"]) == receipt["files"]
        assert (row["attempt"], bool(row["late"])) == (receipt["attempt"], receipt["late"])
        folder = instance.data / "service" / "submissions" / row["id"]
        found = {Path(path).name: hashlib.sha256(content).hexdigest() for path, content in files_below(folder).items()}
        assert found == sent


def kill_again_and_again(instance: Instance) -> None:
    """Kill the service for a while, three times at least."""
    until, kills = time.monotonic() + HAND_IN_SECONDS, 0
    while kills < 3 or time.monotonic() < until:
        time.sleep(CHANCE.uniform(1.5, 4))  # it is up again within two seconds
        kill(instance, "service")
        kills += 1


def test_service_killed_again_and_again_loses_and_doubles_nothing(
    instance: Instance, student: Person, student2: Person
) -> None:
    folder = next((instance.data / "courses" / "demo" / "release" / NAME).glob("*.ipynb"))
    code = HAND_IN % (ENOUGH, NAME, folder.read_text(encoding="utf-8"), NAME)
    said: dict[str, str] = {}
    people = (student, student2)

    def work(person: Person) -> None:
        said[person.name] = person.inside("demo", code, seconds=400)

    threads = [threading.Thread(target=work, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    try:
        kill_again_and_again(instance)
    finally:
        for person in people:
            person.inside("demo", f"open({ENOUGH!r}, 'w').close()")
        for thread in threads:
            thread.join()
    instance.wait_until_well()
    for person in people:
        told = [tuple(json.loads(line)) for line in said[person.name].splitlines()]
        assert len(told) >= 3, "nearly nothing was handed in"
        compare(instance, person.name, told)


# -- grading -----------------------------------------------------------------------------------------------------------


class Round:
    """One grading of two submissions, one of which takes a while; the quick one's mark becomes another."""

    def __init__(self, instance: Instance, teacher: Person, slow: Person, quick: Person) -> None:
        self.instance, self.slow, self.quick = instance, slow, quick
        self.right, self.wrong = (slow.name, quick.name) if self.mark(quick.name) == 5 else (quick.name, slow.name)
        sleeping = f"import time; time.sleep({SLOW_SECONDS})\n"
        solution = {self.right: RIGHT, self.wrong: WRONG}
        self.submission = submit(slow, NAME, sleeping + solution[slow.name])["submission"]
        submit(quick, NAME, solution[quick.name])
        teacher.post("/courses/demo/grade", "/courses/demo/", {"assignment": NAME})

    def collected(self) -> bool:
        folder = self.instance.data / "courses/demo/submitted" / student_id(self.instance, self.slow.name) / NAME
        try:
            return bool((folder / "submission_id.txt").read_text(encoding="utf-8") == self.submission)
        except FileNotFoundError:
            return False

    def one_is_scored(self) -> bool:
        return self.mark(self.quick.name) == (5 if self.right == self.quick.name else 0)

    def mark(self, person: str) -> float:
        return score(self.instance, person, NAME)

    def job(self) -> dict[str, Any]:
        found = rows(self.instance, "select * from jobs where assignment = ? and verb = 'grade'", NAME)
        assert sum(one["state"] in ("queued", "running") for one in found) <= 1, "a job is there twice"
        return found[-1]

    def ends(self) -> str:
        wait_for(lambda: self.job()["state"] in ("done", "failed"), "the job does not end", seconds=90)
        return str(self.job()["state"])

    def is_right(self) -> None:
        assert (self.mark(self.right), self.mark(self.wrong)) == (5, 0)
        with sqlite3.connect(f"file:{self.instance.data}/courses/demo/gradebook.db?mode=ro", uri=True) as gradebook:
            query = "select count(*) from submitted_assignment join assignment on assignment_id = assignment.id where name = ?"
            assert gradebook.execute(query, [NAME]).fetchone()[0] == 2, "each submission counts once"


def test_grader_killed_at_every_step_gives_the_right_marks_once(
    instance: Instance, teacher: Person, student: Person, student2: Person
) -> None:
    jobs = len(rows(instance, "select id from jobs where assignment = ?", NAME))
    moments = (
        ("collected", 0.0),
        ("collected", 2.0),
        ("one_is_scored", 0.0),
        ("job", CHANCE.uniform(0, SLOW_SECONDS / 2)),
    )
    for step, seconds in moments:
        one = Round(instance, teacher, student, student2)
        wait_for(getattr(one, step), f"{step}: never")
        time.sleep(seconds)  # after two of them the slow submission is in its sandbox
        assert one.job()["state"] in ("queued", "running"), "it was over before it was killed"
        kill(instance, "grader")
        assert one.ends() == "done"
        one.is_right()
    assert len(rows(instance, "select id from jobs where assignment = ?", NAME)) == jobs + len(moments)


def test_worker_killed_while_a_sandbox_runs_costs_no_mark(
    instance: Instance, teacher: Person, student: Person, student2: Person
) -> None:
    one = Round(instance, teacher, student, student2)
    wait_for(one.one_is_scored, "none was scored")
    kill(instance, "worker")
    until = time.monotonic() + 60
    while one.ends() == "failed":  # the worker may come up later than its container
        assert "Try again in a minute" in one.job()["message"]
        assert time.monotonic() < until, "a minute was not enough"
        time.sleep(2)
        teacher.post("/courses/demo/grade", "/courses/demo/", {"assignment": NAME})
    one.is_right()
    labels = [f"campushub.instance={instance.name}", "campushub.sandbox=1"]
    wait_for(
        lambda: len(instance.docker.containers.list(all=True, filters={"label": labels}, ignore_removed=True)) <= 1,
        "the sandbox that ran is left over",
    )
