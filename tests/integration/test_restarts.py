"""Parts come and go by themselves: nobody's kernel ends, nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import time

import requests

from tests.instance import Instance, Person

KERNEL = """
    import pathlib, subprocess, sys
    pathlib.Path('/tmp/ticking').write_text('0')
    subprocess.Popen([sys.executable, '-c', "import time, pathlib\\nfor i in range(600):\\n pathlib.Path('/tmp/ticking').write_text(str(i)); time.sleep(.2)"], start_new_session=True)
"""


def ticks(person: Person) -> int:
    return int(person.inside("demo", "print(open('/tmp/ticking').read() or 0)"))


def test_killed_hub_is_back_and_finds_every_server(instance: Instance, student: Person) -> None:
    student.inside("demo", KERNEL)
    container = instance.docker.containers.get(instance.container_of("student", "demo"))
    hub, before = instance.part("hub"), ticks(student)
    os.kill(hub.attrs["State"]["Pid"], signal.SIGKILL)  # Docker starts again what ended by itself, not what it stopped
    began = time.monotonic()
    while time.monotonic() - began < 30:
        try:
            if requests.get(f"{instance.url}/hub/health", timeout=2).ok:
                break
        except requests.RequestException:
            pass
        time.sleep(0.2)
    took = time.monotonic() - began
    assert took < 10, f"the hub was back after {took:.1f} s"
    assert student.ready("demo")
    assert ticks(student) > before
    assert instance.container_of("student", "demo") == container.name


def test_every_part_restarts_alone(instance: Instance, student: Person) -> None:
    for part in ("service", "grader", "worker", "culler", "proxy", "front"):
        instance.part(part).restart(timeout=5)
        instance.wait_until_well()
    until = time.monotonic() + 30  # a proxy that was restarted gets its routes again from the hub
    while not student.ready("demo"):
        assert time.monotonic() < until
        time.sleep(0.5)


def test_second_up_changes_nothing_within_a_minute(instance: Instance) -> None:
    began = time.monotonic()
    said = instance.command("up").stdout
    assert "Nothing had to be changed." in said, said
    assert time.monotonic() - began < 60
