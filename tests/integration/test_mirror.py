"""What a course asks for from outside is on this machine: fetched once from stand-in sources, and of use when these are gone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.conftest import with_server
from tests.homes import close
from tests.instance import Instance, Person, text_of
from tests.world import PENGUINS, SHA256, World, mirrored

COURSE = "second"
TRIED = """
import subprocess
done = subprocess.run({command!r}, shell=True, capture_output=True, text=True)
print(done.returncode, done.stdout, done.stderr)
"""


@pytest.fixture(scope="module")
def world(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with mirrored(instance, COURSE, tmp_path_factory.mktemp("upstream")) as found:
        yield found


@pytest.fixture(scope="module")
def learner(world: World) -> Iterator[Person]:
    """A student of the course, whose server was started after that."""
    yield (found := with_server(world.instance, "lena", COURSE))
    close(found, COURSE)


def tried(person: Person, command: str) -> str:
    return person.inside(COURSE, TRIED.format(command=command))


def test_status_of_the_mirror_says_what_is_here(world: World) -> None:
    told = json.loads(world.instance.command("mirror", "status", "--json", check=False).stdout)["things"]
    by_key = {one["key"]: one for one in told}
    assert by_key[f"data/{COURSE}/penguins"]["size"] == len(PENGUINS)
    assert by_key[f"git/{COURSE}/lessons"]["size"] > 0
    assert by_key["git/demo"]["at"]


def test_data_are_read_and_cannot_be_changed(learner: Person) -> None:
    assert tried(learner, "sha256sum /data/penguins/penguins.csv").startswith(f"0 {SHA256}")
    assert "Read-only file system" in tried(learner, "touch /data/mine /data/penguins/penguins.csv")


@pytest.mark.parametrize(
    "command",
    [
        "wget -q {url} && cat penguins.csv",
        "curl -sSLo mine.csv {url} && cat mine.csv",
        "curl -s {url}",
        """python -c 'import httpx; print(httpx.get("{url}").text, end="")'""",
        """python -c 'import requests; print(requests.get("{url}").text, end="")'""",
    ],
)
def test_data_are_found_by_their_address(world: World, learner: Person, command: str) -> None:
    line = command.format(url=f"{world.source.url}/penguins.csv")
    assert tried(learner, f"mkdir -p w && cd w && ({line}) | sha256sum; rm -r ../w").startswith(f"0 {SHA256}")


@pytest.mark.parametrize(
    "command",
    [
        "wget -q {url}",
        "curl -s {url}",
        """python -c 'import httpx; httpx.get("{url}")'""",
        """python -c 'import http.client; http.client.HTTPSConnection("data.example.org").connect()'""",
    ],
)
def test_what_is_not_provided_is_said_at_once_whoever_asks(learner: Person, command: str) -> None:
    said = tried(learner, f"timeout 5 {command.format(url='https://data.example.org/x.csv')}")
    assert not said.startswith(("0 ", "124 "))
    assert "is not on the campus machine" in said
    assert "Ask your instructor to have it provided." in said


def test_data_are_in_nobody_elses_course(world: World, student: Person) -> None:
    assert "penguins" not in student.inside("demo", "import os; print(os.listdir('/data'))")


def test_repository_is_cloned_by_its_public_address_with_what_comes_later(world: World, learner: Person) -> None:
    clone = f"rm -rf l && git clone -q {world.repository} l && cat l/lesson.md"
    assert tried(learner, clone).startswith("0 first")
    world.push("lesson.md", "second")
    world.sync()
    assert tried(learner, clone).startswith("0 second"), "a running server sees it"


def test_source_that_vanishes_is_told_to_the_administrator_and_noticed_by_nobody(world: World, learner: Person) -> None:
    world.source.status = 503
    try:
        assert "503" in world.sync()
        shown = world.instance.command("mirror", "status", check=False)
        assert shown.returncode == 1
        assert "503" in shown.stdout
        assert json.loads(world.instance.command("status", "--json").stdout)["ok"], "nothing is wrong with the hub"
        assert tried(learner, f"rm -rf l && git clone -q {world.repository} l && wc -c /data/penguins/*").startswith(
            "0 "
        )
    finally:
        world.source.status = 200
        world.sync()
    assert world.instance.command("mirror", "status").returncode == 0


def test_rewritten_branch_is_told_to_those_who_teach(world: World, learner: Person) -> None:
    world.rewrite()
    try:
        assert "was rewritten, and people keep the state of before" in world.sync()
        said = text_of(world.instance.person("ta").get(f"/courses/{COURSE}/").text)
        assert f"{COURSE}/lessons: the history of the branch main was rewritten" in said
        assert "What does not arrive" not in text_of(learner.get(f"/courses/{COURSE}/").text)
        assert tried(learner, f"rm -rf l && git clone -q {world.repository} l").startswith("0")
    finally:
        world.restore()
        world.sync()
    assert "What does not arrive" not in text_of(world.instance.person("ta").get(f"/courses/{COURSE}/").text)


def test_sandbox_reads_the_courses_data(world: World) -> None:
    said = world.instance.python_in(f"{world.instance.name}-grader", EXECUTE, seconds=120)
    assert json.loads(said)["cells"][0]["outputs"][0]["text"] == f"{len(PENGUINS)}\n", said


EXECUTE = """
import json, os, pathlib, requests
cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
        "source": "import os; print(os.path.getsize('/data/penguins/penguins.csv'))"}
notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
token = (pathlib.Path(os.environ["CAMPUSHUB_TOKEN_FILE"]).parent / "worker").read_text().strip()
asked = {"course": "second", "image": "base", "notebook": notebook, "files": {}}
answer = requests.post(os.environ["CAMPUSHUB_WORKER_URL"] + "/execute", json=asked,
                       headers={"Authorization": f"token {token}"}, timeout=100)
print(json.dumps(answer.json()))
"""
