"""Parts come and go by themselves: nobody's kernel ends, nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from tests.instance import Instance, Person

KERNEL = """
    import json, os, requests
    url = "http://127.0.0.1:8888/user/student/demo/api/kernels"
    headers = {"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}
    %s
"""
START = "print(requests.post(url, headers=headers, json={'name': 'python3'}).json()['id'])"
LIST = "print([one['id'] for one in requests.get(url, headers=headers).json()])"


def test_killed_hub_is_back_and_finds_every_server(
    instance: Instance, student: Person, record_property: Callable[[str, object], None]
) -> None:
    kernel = student.inside("demo", KERNEL % START)
    container = instance.docker.containers.get(instance.container_of("student", "demo"))
    hub = instance.part("hub")
    os.kill(hub.attrs["State"]["Pid"], signal.SIGKILL)  # Docker starts again what ended by itself, not what it stopped
    began = time.monotonic()
    while not instance.hub_answers():
        assert time.monotonic() - began < 30, "the hub is not back"
        time.sleep(0.2)
    record_property("hub_back_s", round(time.monotonic() - began, 1))  # 5 s on two shared cores
    wait_until_ready(student)
    assert kernel in student.inside("demo", KERNEL % LIST)
    assert instance.container_of("student", "demo") == container.name
    instance.wait_until_well()


def wait_until_ready(student: Person) -> None:
    """The proxy gets its routes again from the hub, a moment after either has been started."""
    until = time.monotonic() + 60
    while not student.ready("demo"):
        assert time.monotonic() < until
        time.sleep(0.5)


def test_every_part_restarts_alone(instance: Instance, student: Person) -> None:
    for part in ("service", "grader", "worker", "culler", "mirror", "proxy", "front"):
        instance.part(part).restart(timeout=5)
        instance.wait_until_well()
    wait_until_ready(student)


def test_second_up_changes_nothing(instance: Instance, record_property: Callable[[str, object], None]) -> None:
    began = time.monotonic()
    said = instance.command("up").stdout
    assert "Nothing had to be changed." in said, said
    record_property("second_up_s", round(time.monotonic() - began, 1))  # 20 s on two shared cores
