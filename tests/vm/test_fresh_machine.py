"""From a machine that has nothing to a graded assignment, and once more after a reboot. About an hour under emulation."""

from __future__ import annotations

import csv
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.http_loop import walk
from tests.instance import RESULTS, ROOT, Instance, Person, free_port, text_of
from tests.vm.machine import Machine

PLACE = "/opt/campushub"
READY_SECONDS = 900


@dataclass
class Remote(Instance):
    """A CampusHub on another machine: its address is forwarded, its files are read by ssh."""

    machine: Machine | None = None
    forwarded: subprocess.Popen[bytes] | None = field(default=None)

    def first_password(self, name: str) -> str:
        assert self.machine is not None
        text = self.machine.ssh("cat /srv/campushub/first-passwords/demo-*.csv").stdout
        return next(row["password"] for row in csv.DictReader(text.splitlines()) if row["name"] == name)

    def container_of(self, person: str, server: str) -> str:
        return f"{server} of {person}"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("machine"), free_port())
    made.make()
    made.boot()
    made.put_checkout(ROOT, PLACE)
    yield made
    made.stop()


def reach(machine: Machine) -> Remote:
    port = free_port()
    remote = Remote("campushub", port, Path("/srv/campushub"), Path("/dev/null"), docker=None, machine=machine)  # type: ignore[arg-type]
    remote.forwarded = machine.forward(port)
    time.sleep(5)
    return remote


def wait_until_well(machine: Machine) -> dict[str, Any]:
    until = time.monotonic() + READY_SECONDS
    while True:
        told: dict[str, Any] = json.loads(machine.ssh(f"{PLACE}/campushub status --json", check=False).stdout or "{}")
        if told.get("ok"):
            return told
        assert time.monotonic() < until, told
        time.sleep(10)


def test_from_nothing_to_a_graded_assignment_and_through_a_reboot(machine: Machine) -> None:
    began = time.monotonic()
    said = machine.ssh(f"{PLACE}/campushub up").stdout
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "vm-up.log").write_text(f"{said}\n{time.monotonic() - began:.0f} s\n", encoding="utf-8")
    assert "CampusHub is up." in said
    assert "Nothing had to be changed." in machine.ssh(f"{PLACE}/campushub up").stdout

    remote = reach(machine)
    student, teacher = Person(remote, "student"), Person(remote, "teacher")
    remote.people |= {"student": student, "teacher": teacher}
    for person in (student, teacher):
        first_sign_in(remote, person)
    student.start("demo")
    teacher.start("grade-demo")
    receipt = walk(student, teacher)
    closed(remote)

    machine.reboot()
    wait_until_well(machine)
    rules = machine.ssh("iptables -S; ip6tables -S").stdout
    assert rules.count("REJECT") >= 4
    again = reach(machine)
    back = Person(again, "student")
    assert "/courses/" in back.sign_in("an own long password").url
    assert receipt["submission"] in back.get("/courses/").text
    back.start("demo")
    closed(again)


def first_sign_in(remote: Remote, person: Person) -> None:
    answer = person.sign_in(remote.first_password(person.name))
    assert answer.url.endswith("/courses/password"), text_of(answer.text)
    new = {"new": "an own long password", "again": "an own long password"}
    assert person.post("/courses/password", "/courses/password", new).url.endswith("/courses/")


def closed(remote: Remote) -> None:
    assert remote.forwarded is not None
    remote.forwarded.terminate()
    remote.forwarded.wait(timeout=30)
