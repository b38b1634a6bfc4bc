"""What an administrator types, and what they read."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.instance import Instance, Person, free_port, text_of


def test_status_is_words_for_people_and_data_for_programs(instance: Instance) -> None:
    told = json.loads(instance.command("status", "--json").stdout)
    assert set(told) >= {"ok", "url", "problems", "services"}
    assert told["ok"] is True
    assert told["url"] == instance.url
    assert set(told["services"]) == {"hub", "proxy", "service", "grader", "worker", "culler", "front", "mirror"}
    assert "grader" in instance.command("status").stdout


def test_a_part_that_is_gone_is_a_problem_in_words(instance: Instance) -> None:
    instance.part("worker").stop(timeout=2)
    try:
        told = json.loads(instance.command("status", "--json", check=False).stdout)
        assert told["ok"] is False
        assert any("worker" in problem for problem in told["problems"])
    finally:
        instance.part("worker").start()
    instance.wait_until_well()


def test_status_is_data_before_there_are_settings_and_without_docker(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = replace(instance, config=tmp_path / "hub.yaml")
    told = json.loads(nowhere.command("status", "--json", check=False).stdout)
    assert told["ok"] is False
    assert "no such file" in told["problems"][0]
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    told = json.loads(instance.command("status", "--json", check=False).stdout)
    assert told["ok"] is False
    assert "Docker does not answer" in told["problems"][0]


def test_files_are_named_from_where_one_stands(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(instance.config.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "hub.py").write_text("raise SystemExit('taken for the command')\n", encoding="utf-8")
    assert "mine.yaml: no mistakes; 2 courses" in instance.command("check", "mine.yaml").stdout


def test_mistakes_stop_up_before_anything_is_changed(instance: Instance) -> None:
    good = instance.config.read_text(encoding="utf-8")
    instance.config.write_text(good.replace("reserve: 200M", "reserv: 200 MB"), encoding="utf-8")
    try:
        checked = instance.command("check", check=False)
        done = instance.command("up", check=False)
    finally:
        instance.config.write_text(good, encoding="utf-8")
    assert done.returncode == checked.returncode == 1
    assert done.stderr == checked.stderr
    assert "did you mean 'reserve'" in done.stderr
    assert "nothing was changed" in done.stderr


def test_taken_port_is_said_before_anything_is_changed(instance: Instance) -> None:
    good = instance.config.read_text(encoding="utf-8")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        instance.config.write_text(good.replace(f"port: {instance.port}", f"port: {port}"), encoding="utf-8")
        try:
            done = instance.command("up", check=False)
        finally:
            instance.config.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    assert f"port {port}" in done.stderr


def test_port_of_another_hub_is_said(instance: Instance) -> None:
    other = instance.config.with_name("neighbour.yaml")
    text = instance.config.read_text(encoding="utf-8").replace(instance.name, "chtest-neighbour")
    other.write_text(text, encoding="utf-8")
    done = replace(instance, config=other).command("up", check=False)
    assert done.returncode == 1
    assert f"port {instance.port}" in done.stderr
    assert not Path("/var/lib/chtest-neighbour").exists()


def test_addresses_of_another_network_are_said(instance: Instance) -> None:
    other = instance.config.with_name("beside.yaml")
    text = instance.config.read_text(encoding="utf-8").replace(instance.name, "chtest-beside")
    for port in (instance.port, instance.https_port, instance.redirect_port):
        text = text.replace(str(port), str(free_port()))
    other.write_text(text, encoding="utf-8")
    done = replace(instance, config=other).command("up", check=False)
    assert done.returncode == 1
    assert f"taken by Docker's network '{instance.name}-" in done.stderr
    assert not Path("/var/lib/chtest-beside").exists()


def test_taken_name_is_said(instance: Instance) -> None:
    other = instance.config.with_name("other.yaml")
    text = instance.config.read_text(encoding="utf-8").replace(
        f"data: {instance.data}", "data: /var/lib/chtest-elsewhere"
    )
    other.write_text(text, encoding="utf-8")
    done = replace(instance, config=other).command("up", check=False)
    assert done.returncode == 1
    assert "already" in done.stderr
    assert str(instance.data) in done.stderr


def test_roster_is_imported_again_without_change_and_wrong_rows_are_told(instance: Instance) -> None:
    path = instance.data / "odd.csv"
    path.write_text(
        "name,full_name,email,role,section\n"
        "outsider,Olga Outsider,olga@example.edu,student,B\n"
        "Zoë Müller,Zoë Müller,,student,\n"
        "../x,Climber,,student,\n"
        "a+b,Plus,,student,\n"
        f"{'n' * 200},Long,,student,\n"
        "outsider,Again,,student,\n"
        "new.person,New <b>Person</b>,new@example.edu,boss,\n",
        encoding="utf-8",
    )
    before = sorted((instance.data / "first-passwords").iterdir())
    done = instance.command("roster", "import", "second", str(path), check=False)
    assert done.returncode == 1
    for line in (3, 4, 5, 6, 7, 8):
        assert f"odd.csv:{line} " in done.stdout, done.stdout
    assert "0 added, 0 changed, 1 unchanged, 6 rows not used" in done.stdout
    assert sorted((instance.data / "first-passwords").iterdir()) == before


def test_dry_run_changes_nothing(instance: Instance) -> None:
    path = instance.data / "dry.csv"
    path.write_text("name,full_name\nsomebody,Some Body\n", encoding="utf-8")
    done = instance.command("roster", "import", "second", str(path), "--dry-run")
    assert "somebody" in done.stdout
    assert "nothing was changed" in done.stdout
    assert instance.command("roster", "import", "second", str(path), "--dry-run").stdout == done.stdout


def test_first_passwords_are_for_root_alone(instance: Instance) -> None:
    folder = instance.data / "first-passwords"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all((path.stat().st_mode & 0o777, path.stat().st_uid) == (0o600, 0) for path in folder.iterdir())


def test_course_that_is_added_and_removed_needs_no_restart(instance: Instance, student: Person) -> None:
    good = instance.config.read_text(encoding="utf-8")
    started = instance.part("hub").attrs["State"]["StartedAt"]
    instance.config.write_text(good + "  third:\n    title: A third course\n", encoding="utf-8")
    try:
        instance.command("up")
        path = instance.data / "third.csv"
        path.write_text("name,role\nstudent,student\n", encoding="utf-8")
        instance.command("roster", "import", "third", str(path))
        assert "A third course" in student.get("/courses/").text
        student.start("third")
    finally:
        instance.config.write_text(good, encoding="utf-8")
        instance.command("up")
    assert instance.part("hub").attrs["State"]["StartedAt"] == started
    assert student.ready("third"), "a course removed while somebody works leaves the server running"
    assert "A third course" not in student.get("/courses/").text
    assert "There is no course 'third'" in text_of(student.get("/courses/third/").text)
    instance.docker.containers.get(instance.container_of("student", "third")).remove(force=True)  # doctor would find it
