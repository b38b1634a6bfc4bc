"""The tutorials in a student's server: there on the first day, and all of them run where no way leads out of the machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.homes import close, in_home
from tests.instance import ROOT, Instance, Person

NAMES = sorted(path.name for path in (ROOT / "images" / "base" / "tutorials").glob("*.ipynb"))
RUN = (ROOT / "images" / "checks" / "notebook.py").read_text(encoding="utf-8")
OUT = """
import socket
try:
    socket.create_connection(("192.0.2.1", 443), timeout=5)
    print("a way out")
except OSError:
    print("none")
"""


@pytest.fixture(scope="module")
def newcomer(instance: Instance) -> Iterator[Person]:
    """Somebody whose notebooks open for the first time."""
    person = instance.person("outsider")
    close(person)
    in_home(person, "rm -rf tutorials .config/campushub")
    person.start("second")
    yield person
    close(person)


def test_new_home_has_every_tutorial(newcomer: Person) -> None:
    there = newcomer.inside("second", "import os; print(sorted(os.listdir('/home/jovyan/tutorials')))")
    assert there == str(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_tutorial_runs_in_a_server_without_a_way_out(newcomer: Person, name: str) -> None:
    assert newcomer.inside("second", OUT) == "none"
    words = f"import sys\nsys.argv = ['', '/home/jovyan/tutorials/{name}', '{name}']\n"
    newcomer.inside("second", words + RUN, seconds=180)


def test_what_was_deleted_is_not_there_at_the_next_start(newcomer: Person) -> None:
    close(newcomer)
    in_home(newcomer, f"rm tutorials/{NAMES[1]}")
    newcomer.start("second")
    there = newcomer.inside("second", "import os; print(sorted(os.listdir('/home/jovyan/tutorials')))")
    assert there == str([name for name in NAMES if name != NAMES[1]])
    close(newcomer)
    in_home(newcomer, "rm -rf tutorials .config/campushub")  # for whichever test comes next
    newcomer.start("second")
