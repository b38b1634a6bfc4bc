"""What a student's server may reach, and what it may not; each way tried from inside."""

from __future__ import annotations

import json
import secrets
import subprocess
import time

import pytest

from tests.instance import Instance, Person
from tests.reach import OPEN, TRY, places, reach


def address(instance: Instance, container: str, network: str) -> str:
    networks = instance.docker.containers.get(container).attrs["NetworkSettings"]["Networks"]
    return str(networks[f"{instance.name}-{network}"]["IPAddress"])


def test_student_reaches_hub_and_service_and_nothing_else(
    instance: Instance, student: Person, student2: Person
) -> None:
    other = address(instance, instance.container_of("student2", "demo"), "students")
    tried = places(instance.students, instance.core, front=instance.port, other=other)
    found = reach(student, "demo", tried)
    assert {name for name, said in found.items() if said == "open"} == OPEN, found


def test_the_same_attempt_succeeds_on_a_stock_network(instance: Instance) -> None:
    """Shows that the test above bites: on Docker's ordinary bridge one server reaches another and the machine."""
    image = instance.part("grader").image.id
    network = instance.docker.networks.create(f"{instance.name}-stock-{secrets.token_hex(2)}", driver="bridge")
    listen = ["python", "-m", "http.server", "8888"]
    running = [
        instance.docker.containers.run(image, listen, detach=True, network=network.name, working_dir="/tmp")
        for _ in range(2)
    ]
    try:
        running[1].reload()
        other = running[1].attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"]
        code = TRY % json.dumps({"other": (other, 8888)})
        until = time.monotonic() + 60
        while (said := json.loads(instance.python_in(str(running[0].id), code))["other"][0]) != "open":
            assert time.monotonic() < until, said
    finally:
        for container in running:
            container.remove(force=True)
        network.remove()


def test_students_have_no_outside_names(student: Person) -> None:
    code = """
        import socket
        try:
            print(socket.getaddrinfo("deb.debian.org", 80))
        except OSError:
            print("no name")
    """
    assert student.inside("demo", code) == "no name"


def test_nothing_of_the_core_reaches_a_student_but_hub_and_proxy(instance: Instance, student: Person) -> None:
    mine = address(instance, instance.container_of("student", "demo"), "students")
    code = TRY % json.dumps({"student": (mine, 8888)})
    assert json.loads(instance.python_in(f"{instance.name}-hub", code))["student"][0] == "open"
    for part in ("service", "worker", "grader"):
        assert json.loads(instance.python_in(f"{instance.name}-{part}", code))["student"][0] != "open", part


def test_ipv6_between_servers_is_refused(instance: Instance, student: Person, student2: Person) -> None:
    """The bridge has no IPv6 addresses but those of the link; a neighbour's must not answer."""
    container = instance.container_of("student2", "demo")
    code = """
        import pathlib
        rows = [line.split() for line in pathlib.Path("/proc/net/if_inet6").read_text().splitlines()]
        print(*(row[0] for row in rows if row[-1] != "lo"))
    """
    other = instance.python_in(container, code)
    if not other:
        return  # Docker has switched IPv6 off in these servers altogether
    plain = ":".join(other.split()[0][i : i + 4] for i in range(0, 32, 4))
    assert reach(student, "demo", {"neighbour": (f"{plain}%eth0", 8888)}) == {"neighbour": "closed"}


@pytest.mark.parametrize("program", ["iptables", "ip6tables"])
def test_rules_taken_away_are_seen_and_put_back(instance: Instance, program: str) -> None:
    chain = f"CH-{instance.name}"
    subprocess.run([program, "-w", "-F", chain], check=True)
    told = json.loads(instance.command("status", "--json", check=False).stdout)
    assert any("firewall" in problem for problem in told["problems"]), told
    instance.command("up")
    assert json.loads(instance.command("status", "--json", check=False).stdout)["ok"]
