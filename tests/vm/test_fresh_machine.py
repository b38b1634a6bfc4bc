"""From a machine that has nothing, installed over SSH, to a graded assignment, and once more after a reboot.

About an hour under emulation.
"""

from __future__ import annotations

import csv
import json
import os
import shlex
import subprocess
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.http_loop import walk
from tests.instance import OWN_PASSWORD, RESULTS, ROOT, Instance, Person, free_port, text_of
from tests.reach import OPEN, places, reach
from tests.vm.machine import Machine

PLACE = "/opt/campushub"
READY_SECONDS = 900
STUDENTS = ("student", "student2")


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
        assert self.machine is not None
        labels = f"--filter label=campushub.person={person} --filter label=campushub.server={server}"
        return self.machine.ssh(f"docker ps {labels} --format '{{{{.Names}}}}'").stdout.strip()

    def python_in(self, container: str, code: str, *, seconds: int = 60, user: str = "1000") -> str:
        assert self.machine is not None
        quoted = shlex.quote(textwrap.dedent(code))
        return self.machine.ssh(
            f"timeout {seconds} docker exec --user {user} {container} python -c {quoted}"
        ).stdout.strip()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    suite = os.environ.get("CAMPUSHUB_VM_SUITE", "bookworm")
    made = Machine(tmp_path_factory.mktemp("machine"), free_port(), suite)
    made.make()
    made.boot()
    yield made
    made.stop()


def reach_it(machine: Machine) -> Remote:
    port = free_port()
    remote = Remote("campushub", port, Path("/srv/campushub"), Path("/dev/null"), machine=machine)
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
    said = install(machine)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "vm-up.log").write_text(f"{said}\n{time.monotonic() - began:.0f} s\n", encoding="utf-8")
    assert "CampusHub is up." in said
    assert "Nothing had to be changed." in machine.ssh("campushub up").stdout
    assert "Nothing had to be changed." in install(machine)

    remote = reach_it(machine)
    teacher = Person(remote, "teacher")
    first_sign_in(remote, teacher)
    for name in STUDENTS:
        first_sign_in(remote, Person(remote, name))
    student, _ = start_servers(remote)
    teacher.start("grade-demo")
    receipt = walk(student, teacher)
    need_closed_network(remote)

    machine.ssh("systemctl restart docker")
    wait_until_well(machine)
    start_servers(remote)
    need_closed_network(remote)
    closed(remote)

    machine.reboot()
    wait_until_well(machine)
    again = reach_it(machine)
    student, _ = start_servers(again)
    assert receipt["submission"] in student.get("/courses/").text
    need_closed_network(again)
    closed(again)
    need_restorable(machine, receipt["submission"])


def need_restorable(machine: Machine, submission: str) -> None:
    """All of it is backed up, erased and put back; people sign in with their passwords and find their receipts."""
    kept = "/root/backups"
    machine.ssh(
        f"{PLACE}/campushub backup {kept} && {PLACE}/campushub down --erase --yes && rm {PLACE}/config/hub.yaml"
    )
    machine.ssh(f"{PLACE}/campushub restore {kept}")
    wait_until_well(machine)
    remote = reach_it(machine)
    student, _ = start_servers(remote)
    assert submission in student.get("/courses/").text
    need_closed_network(remote)
    closed(remote)


def install(machine: Machine) -> str:
    """Run `up --inventory` from here; what it says."""
    config = ROOT / "config" / "examples" / "hub.yaml"
    command = [str(ROOT / "campushub"), f"--config={config}", "up", f"--inventory={machine.inventory()}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3 * 3600)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def start_servers(remote: Remote) -> list[Person]:
    """The students, newly signed in with passwords of their own, and their servers."""
    people = [Person(remote, name) for name in STUDENTS]
    for person in people:
        assert "/courses/" in person.sign_in(OWN_PASSWORD).url
        person.start("demo")
    return people


def need_closed_network(remote: Remote) -> None:
    """The rules are there, and every way out of a student's server is open or closed as it should be."""
    assert remote.machine is not None
    assert remote.machine.ssh("iptables -S; ip6tables -S").stdout.count("REJECT") >= 4
    own, other = (remote.container_of(name, "demo") for name in STUDENTS)
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    addresses = remote.machine.ssh(f"docker inspect --format '{template}' {own} {other}").stdout.split()
    tried = places(remote.students, remote.core, front=8000, other=addresses[1])
    found = reach(Person(remote, STUDENTS[0]), "demo", tried)
    assert {name for name, said in found.items() if said == "open"} == OPEN, found


def first_sign_in(remote: Remote, person: Person) -> None:
    answer = person.sign_in(remote.first_password(person.name))
    assert answer.url.endswith("/courses/password"), text_of(answer.text)
    new = {"new": OWN_PASSWORD, "again": OWN_PASSWORD}
    assert person.post("/courses/password", "/courses/password", new).url.endswith("/courses/")


def closed(remote: Remote) -> None:
    assert remote.forwarded is not None
    remote.forwarded.terminate()
    remote.forwarded.wait(timeout=30)
