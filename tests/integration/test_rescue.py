"""A home that is full or broken keeps nobody out: first JupyterHub's own server fails in it, then ours comes up and says why."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.homes import close, fill, home_of, home_on_its_own, in_home, session, what_works, what_works_in_stock
from tests.http_loop import ask
from tests.instance import Instance, Person, text_of

EVERYTHING = {"lab": True, "settings": True, "workspaces": True, "files": True, "notebook": True}
THEMES = ".jupyter/lab/user-settings/@jupyterlab/apputils-extension"
OWN = "import os; os._exit(0)"

# What a student could have left behind; what of JupyterHub's own server it breaks; what ours says of it.
BROKEN = {
    "JupyterLab's settings are cut off": (
        f"mkdir -p {THEMES}; echo '{{' > {THEMES}/themes.jupyterlab-settings",
        "settings",
        "themes.jupyterlab-settings' cannot be used",
    ),
    "JupyterLab's workspace is cut off": (
        "mkdir -p .jupyter/lab/workspaces; echo '{' > .jupyter/lab/workspaces/default-37a8.jupyterlab-workspace",
        "workspaces",
        "default-37a8.jupyterlab-workspace' cannot be used",
    ),
    ".jupyter is closed": ("mkdir .jupyter; chmod 000 .jupyter", "workspaces", "'.jupyter' cannot be used"),
    ".ipython is closed": ("mkdir .ipython; chmod 000 .ipython", "lab", "'.ipython' cannot be used"),
    "a profile is a file": (
        "mkdir .ipython; touch .ipython/profile_default",
        "notebook",
        "'.ipython/profile_default' cannot be used",
    ),
    "a start-up file ends Python": (
        f"mkdir -p .ipython/profile_default/startup; echo '{OWN}' > .ipython/profile_default/startup/00.py",
        "notebook",
        "'.ipython' cannot be used: Python does not start with it",
    ),
    "IPython's settings end Python": (
        "mkdir -p .ipython/profile_default; echo 'raise SystemExit' > .ipython/profile_default/ipython_config.py",
        "notebook",
        "'.ipython' cannot be used: Python does not start with it",
    ),
    "the home is closed to its owner": ("chmod 000 .", "files", "closed to yourself"),
}
# What breaks JupyterHub's own server and is never read by ours, so that nothing need be said.
LEFT_ALONE = {
    "a setting ends the server": (
        "mkdir .jupyter; echo 'raise SystemExit(3)' > .jupyter/jupyter_server_config.py",
        "lab",
    ),
    "a kernel of one's own is cut off": (
        "mkdir -p .local/share/jupyter/kernels/python3; echo '{' > .local/share/jupyter/kernels/python3/kernel.json",
        "notebook",
    ),
    "an extension of one's own is cut off": (
        "mkdir -p .local/share/jupyter/labextensions/x; echo '{' > .local/share/jupyter/labextensions/x/package.json",
        "lab",
    ),
}


@pytest.fixture
def person(instance: Instance) -> Iterator[Person]:
    """Somebody whose server does not run and whose home has nothing in it."""
    found = instance.person("lena")
    close(found)
    empty(home_of(found))
    yield found
    close(found)
    empty(home_of(found))


def empty(home: Path) -> None:
    home.chmod(0o700)
    subprocess.run(["find", str(home), "-mindepth", "1", "-delete"], check=True)


def test_stock_server_works_in_a_home_that_is_sound(instance: Instance, person: Person) -> None:
    assert what_works_in_stock(instance, home_of(person)) == EVERYTHING


@pytest.mark.parametrize("case", BROKEN)
def test_broken_home_comes_up_in_rescue_mode_and_says_why(instance: Instance, person: Person, case: str) -> None:
    command, broken, said = BROKEN[case]
    in_home(person, command)
    assert not what_works_in_stock(instance, home_of(person)).get(broken)
    empty(home_of(person))
    in_home(person, command)
    person.start("second")
    assert said in " ".join(session(person)["rescue"]["why"])
    assert what_works(person) == EVERYTHING
    close(person)
    person.start("second")
    assert session(person)["rescue"] is None
    assert what_works(person) == EVERYTHING


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_a_server_need_not_read_does_not_keep_it_from_working(
    instance: Instance, person: Person, case: str
) -> None:
    command, broken = LEFT_ALONE[case]
    in_home(person, command)
    assert not what_works_in_stock(instance, home_of(person)).get(broken)
    person.start("second")
    assert what_works(person) == EVERYTHING
    assert session(person)["rescue"] is None


def test_full_home_comes_up_and_room_can_be_made_in_it(instance: Instance, person: Person) -> None:
    with home_on_its_own(person, size="24m") as home:
        in_home(
            person, "mkdir .ipython .jupyter; mkdir -p .cache/models; head -c 3000000 /dev/zero > .cache/models/weights"
        )
        fill(home, "data.bin")
        assert what_works_in_stock(instance, home) == {}
        person.start("second")
        assert "Your home is full" in " ".join(session(person)["rescue"]["why"])
        assert what_works(person) == EVERYTHING
        found = ask(person, "GET", "second", "campushub/rescue").json()
        assert found["full"]
        assert [one["path"] for one in found["largest"]] == ["data.bin", ".cache"]
        found = ask(person, "POST", "second", "campushub/rescue", {"path": "data.bin"}).json()
        assert not found["full"]
        assert not (home / "data.bin").exists()
        close(person)
        person.start("second")
        assert session(person)["rescue"] is None


def test_deleted_file_makes_room_at_once(person: Person) -> None:
    person.start("second")
    in_home(person, "head -c 5000000 /dev/zero > large.bin")
    ask(person, "DELETE", "second", "api/contents/large.bin")
    large = [path for path in home_of(person).rglob("*") if path.is_file() and path.lstat().st_size > 4_000_000]
    assert not large


def test_home_that_nothing_can_be_written_to_comes_up(person: Person) -> None:
    with home_on_its_own(person, size="8m") as home:
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
        person.start("second")
        assert "Nothing can be written to your home" in " ".join(session(person)["rescue"]["why"])
        assert what_works(person) == EVERYTHING


def test_nothing_outside_of_the_home_is_deleted_and_nothing_outside_of_rescue_mode(
    instance: Instance, person: Person
) -> None:
    in_home(person, "ln -s /tmp outside; mkdir work; touch work/kept")
    with pages_being_answered(instance):
        person.get("/hub/spawn/lena/second?opt-rescue=1")
        person.start("second")
    for path in ("../../../tmp/x", "outside/x", "/etc/passwd", "work", ".", ""):
        with pytest.raises(AssertionError, match="409"):
            ask(person, "POST", "second", "campushub/rescue", {"path": path})
    assert (home_of(person) / "work" / "kept").exists()
    close(person)
    person.start("second")
    assert session(person)["rescue"] is None, "asked for once, it counts once"
    with pytest.raises(AssertionError, match="404"):
        ask(person, "POST", "second", "campushub/rescue", {"path": "work/kept"})


def test_server_that_ends_while_it_starts_is_said_at_once_and_then_started_in_rescue_mode(
    instance: Instance, person: Person
) -> None:
    """A fault that no look at the home finds: the first start fails, the next one is in rescue mode."""
    with failing_once(instance), pytest.raises(AssertionError, match="ended while they were being opened"):
        person.start("second")
    page = text_of(person.get("/courses/second/server").text)
    assert "It ended by a fault while it was being opened" in page
    person.start("second")
    assert session(person)["rescue"]["why"]
    close(person)
    person.start("second")
    assert session(person)["rescue"] is None


@contextmanager
def pages_being_answered(instance: Instance) -> Iterator[None]:
    """Others who ask the hub for pages all the while: with each answer it takes back what it has not committed."""
    done = threading.Event()

    def ask_on() -> None:
        somebody = Person(instance, "nobody")
        while not done.is_set():
            somebody.get("/hub/health")

    with ThreadPoolExecutor(2) as others:
        asking = [others.submit(ask_on) for _ in range(2)]
        try:
            yield
        finally:
            done.set()
    for one in asking:
        one.result()


class failing_once:  # noqa: N801 (reads as a word)
    """An image whose servers end at once, in the place of the course's own."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.record = instance, instance.data / "config" / "images.json"

    def __enter__(self) -> None:
        self.good = self.record.read_text(encoding="utf-8")
        record = json.loads(self.good)
        container = self.instance.docker.containers.create(
            record["base"]["tag"], command=["python", "-c", "raise SystemExit(7)"]
        )
        container.commit("chtest/ends-at-once", "one", conf={"Cmd": ["python", "-c", "raise SystemExit(7)"]})
        container.remove()
        record["base"]["tag"] = "chtest/ends-at-once:one"
        self.record.write_text(json.dumps(record), encoding="utf-8")

    def __exit__(self, *_: object) -> None:
        self.record.write_text(self.good, encoding="utf-8")
        self.instance.docker.images.remove("chtest/ends-at-once:one", force=True)
