"""What happens when something runs out: disk, Docker, the mirror."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub import debian
from hub.adapters.engine import Engine
from hub.trouble import Trouble
from tests.instance import ROOT, Instance, Person, text_of


@contextmanager
def settings_with(instance: Instance, old: str, new: str) -> Iterator[None]:
    """The instance with one setting changed."""
    good = instance.config.read_text(encoding="utf-8")
    assert old in good
    instance.config.write_text(good.replace(old, new), encoding="utf-8")
    try:
        instance.command("up")
        time.sleep(3)  # the service looks at its settings every two seconds
        yield
    finally:
        instance.config.write_text(good, encoding="utf-8")
        instance.command("up")
        time.sleep(3)


def test_below_the_reserve_nothing_starts_and_nothing_is_acknowledged(instance: Instance, student: Person) -> None:
    student.inside("demo", "open('large', 'wb').write(bytes(60_000_000))")
    with settings_with(instance, "reserve: 200M", "reserve: 900T"):
        refused = instance.person("lena").get("/hub/spawn/lena/second")
        assert "disk is nearly full" in text_of(refused.text)
        code = """
            import io
            from campushub_client.service import Service, ServiceError
            try:
                print(Service.from_environment().submit("demo", "first-steps", io.BytesIO(b"")))
            except ServiceError as refused:
                print(refused)
        """
        assert "disk is nearly full" in student.inside("demo", code)
        told = json.loads(instance.command("status", "--json", check=False).stdout)
        assert any("free below" in problem for problem in told["problems"])
        assert "student" in {name for name, _ in told["homes"]}
    student.inside("demo", "import os; os.remove('large')")
    assert instance.wait_until_well()["ok"]


def test_docker_that_does_not_answer_is_said_in_words(instance: Instance) -> None:
    environment = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:9"}
    command = [str(ROOT / "campushub"), f"--config={instance.config}", "status"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert "Docker does not answer" in done.stdout
    assert "Traceback" not in done.stderr


def test_mirror_that_does_not_answer_is_said_in_words(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "apt_sources", lambda: "deb http://127.0.0.1:9/debian bookworm main")
    with pytest.raises(Trouble, match=r"could not be fetched from http://127\.0\.0\.1:9/debian"):
        debian.bootstrap(Engine.connect(), "chtest/never:made", tmp_path, report=print)
