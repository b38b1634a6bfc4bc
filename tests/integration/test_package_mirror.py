"""`pip install` in a person's server through the hub's package mirror, with an upstream that has every trouble."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from hub.settings_file import load
from tests.conftest import with_server
from tests.instance import Instance, Person
from tests.package_index import PackageIndex, package_index
from tests.reach import places, reach

STARTS = 90  # seconds
SECTION = """
package_mirror: {{upstream: "http://{core}.1:{port}/simple/", size: 50M}}
"""
OPEN = {"hub", "service", "mirror"}  # of the places below


def run(person: Person, server: str, command: list[str]) -> str:
    """A command's status and all that it says, with the person's own environment as notebooks and terminals have it."""
    code = f"""
        import os, subprocess
        folder = os.path.expanduser("~/.environments/base/bin")
        path = folder + ":" + os.environ["PATH"]
        done = subprocess.run({command!r}, env=dict(os.environ, PATH=path), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(done.returncode, done.stdout)
    """
    return person.inside(server, code, seconds=120)


@dataclass
class Mirrored:
    """The instance with a mirror, its upstream, and a student whose server was started since."""

    instance: Instance
    upstream: PackageIndex
    student: Person

    @property
    def index(self) -> str:
        return f"http://{self.instance.students}.5:8060/root/pypi/+simple/"

    def pip(self, *words: str, magic: bool = False) -> str:
        """What pip says in a terminal, or in a notebook by `%pip`, after its status."""
        program = ["python", "-m", "pip"] if magic else ["pip"]
        return self.run([*program, "install", "--no-cache-dir", "--no-color", *words])

    def run(self, command: list[str]) -> str:
        return run(self.student, "demo", command)

    def python(self, code: str) -> str:
        return self.run(["python", "-c", code])

    def forget(self, *names: str) -> None:
        """Take packages out of the student's home; the mirror keeps them."""
        self.run(["pip", "uninstall", "-q", "-y", *names])

    def asked(self, method: str, path: str) -> int:
        """The mirror's status for a request from the student's server."""
        code = f"""
            import requests
            print(requests.request({method!r}, "http://{self.instance.students}.5:8060{path}", data=b"x").status_code)
        """
        return int(self.student.inside("demo", code))

    def state(self) -> dict[str, str]:
        code = f"import requests; print(requests.get('http://{self.instance.students}.5:8060/state', timeout=5).text)"
        told: dict[str, str] = json.loads(self.student.inside("demo", code))
        return told

    def wait_until_upstream_is(self, *, there: bool) -> None:
        until = time.monotonic() + 90
        while bool(self.state()["why_away"]) is there:
            assert time.monotonic() < until, self.state()
            time.sleep(0.5)

    def trouble_over(self) -> None:
        self.upstream.trouble = ""
        self.wait_until_upstream_is(there=True)

    def status(self) -> dict[str, object]:
        told: dict[str, object] = json.loads(self.instance.command("status", "--json", check=False).stdout)
        return told


@pytest.fixture(scope="module")
def mirrored(instance: Instance) -> Iterator[Mirrored]:
    """Switched on in the instance that runs, by setting and `up`, and switched off again at the end."""
    with_server(instance, "teacher", "grade-demo")  # before there is a mirror, which a server has from its start
    before = instance.config.read_text(encoding="utf-8")
    hub = instance.part("hub").attrs["State"]["StartedAt"]
    with package_index() as upstream:
        section = SECTION.format(core=instance.core, port=upstream.port)
        instance.config.write_text(before + section, encoding="utf-8")
        instance.command("up")
        assert instance.part("hub").attrs["State"]["StartedAt"] == hub, "nobody else was started anew"
        student = instance.person("asha")
        student.start("demo")
        yield Mirrored(instance, upstream, student)
        instance.config.write_text(before, encoding="utf-8")
        instance.command("up")
        assert "packages" not in instance.wait_until_well()["services"]
        gone = {"mirror": (f"{instance.students}.5", 8060)}
        assert reach(student, "demo", gone) == {"mirror": "closed"}


@pytest.fixture
def mirror(mirrored: Mirrored) -> Iterator[Mirrored]:
    yield mirrored
    mirrored.trouble_over()


def test_server_without_a_mirror_says_so_at_once_in_a_terminal_and_in_a_notebook(teacher: Person) -> None:
    for program in (["pip"], ["python", "-m", "pip"]):
        said = run(teacher, "grade-demo", [*program, "install", "cowsay"])
        assert said.startswith("1 ")
        assert "this hub has no package mirror" in said.splitlines()[-1]
        assert "Retrying" not in said, "each of these takes seconds"


def test_package_with_what_it_needs_is_installed_and_imported(mirror: Mirrored) -> None:
    mirror.upstream.add("alpha", "1.0")
    mirror.upstream.add("beta", "1.0", needs="alpha")
    said = mirror.pip("beta", magic=True)
    assert said.startswith("0 "), said
    assert mirror.python("import alpha, beta; print(alpha.__version__, beta.__file__)").startswith(
        "0 1.0 /home/jovyan/"
    )
    asked = len(mirror.upstream.asked)
    mirror.forget("alpha", "beta")
    assert mirror.pip("beta").startswith("0 ")
    assert not [path for path in mirror.upstream.asked[asked:] if "/files/" in path], "it was kept"


@pytest.mark.parametrize("trouble", ["away", "error"])
def test_upstream_that_is_gone_is_seen_in_status_and_what_is_kept_still_installs(
    mirror: Mirrored, trouble: str
) -> None:
    kept, new = f"kept{trouble}", f"new{trouble}"
    for name, version in ((kept, "1.0"), (kept, "2.0"), (new, "1.0")):
        mirror.upstream.add(name, version)
    assert mirror.pip(f"{kept}==1.0").startswith("0 "), "2.0 is listed, and nobody has fetched it"
    mirror.forget(kept)
    mirror.upstream.trouble = trouble  # type: ignore[assignment]
    mirror.pip(new)  # by this the mirror notices before its minute is over
    mirror.wait_until_upstream_is(there=False)
    assert mirror.pip(kept).startswith("0 ")
    assert "the hub's package mirror cannot reach the internet" in mirror.pip(new)
    assert "the hub's package mirror cannot reach the internet" in mirror.pip(new, magic=True)
    told = mirror.status()
    assert told["ok"] is True
    assert any("The package mirror cannot reach" in note for note in told["notes"])  # type: ignore[attr-defined]
    mirror.trouble_over()
    mirror.forget(kept)
    assert mirror.pip(new).startswith("0 ")
    assert mirror.status()["notes"] == []


@pytest.mark.parametrize("trouble", ["altered", "breaks off"])
def test_file_that_is_not_what_the_index_says_is_refused_and_not_kept(mirror: Mirrored, trouble: str) -> None:
    name = f"large{trouble.replace(' ', '')}"
    mirror.upstream.add(name, "1.0", size=1_500_000)
    mirror.upstream.trouble = trouble  # type: ignore[assignment]
    said = mirror.pip(name)
    assert said.startswith("1 ")
    assert "nothing of it was installed" in said or "not enough bytes were received" in said, said
    assert not list((mirror.instance.data / "packages").rglob(f"{name}-1.0*.whl"))
    mirror.upstream.trouble = ""
    assert mirror.pip(name).startswith("0 ")
    assert list((mirror.instance.data / "packages").rglob(f"{name}-1.0*.whl"))


def test_kept_packages_outlive_the_mirrors_restart_without_its_upstream(mirror: Mirrored) -> None:
    mirror.upstream.add("steady", "1.0")
    assert mirror.pip("steady").startswith("0 ")
    mirror.forget("steady")
    mirror.upstream.trouble = "away"
    mirror.instance.part("packages").kill()
    mirror.instance.part("packages").start()
    until = time.monotonic() + STARTS
    while not (said := mirror.pip("steady")).startswith("0 "):
        assert time.monotonic() < until, said
    assert mirror.state()["why_away"]


def test_administrator_sees_how_much_is_kept(mirror: Mirrored) -> None:
    mirror.upstream.add("heavy", "1.0")
    assert mirror.pip("heavy").startswith("0 ")
    until = time.monotonic() + 90  # the mirror counts every minute
    while not (note := kept_packages(mirror))["size"]:
        assert time.monotonic() < until, note
        time.sleep(2)
    assert (note["at"], note["trouble"]) != ("", "")
    assert any(line.startswith("packages ") for line in mirror.instance.command("mirror", "sync").stdout.splitlines())


def kept_packages(mirror: Mirrored) -> dict[str, Any]:
    told = json.loads(mirror.instance.command("mirror", "status", "--json", check=False).stdout)["things"]
    found: dict[str, Any] = next(one for one in told if one["key"] == "packages")
    return found


def test_student_cannot_write_to_the_mirror(mirror: Mirrored) -> None:
    mirror.upstream.add("mine", "1.0")
    assert mirror.pip("mine").startswith("0 ")
    for method, path in (
        ("POST", "/root/pypi/"),  # an upload
        ("POST", "/+login"),
        ("PUT", "/eve"),  # a user
        ("PUT", "/eve/index"),
        ("PATCH", "/root/pypi"),  # another upstream
        ("DELETE", "/root/pypi"),
        ("DELETE", "/root/pypi/mine/1.0"),
        ("GET", "/+status"),
    ):
        assert mirror.asked(method, path) == 403, (method, path)
    mirror.forget("mine")
    assert mirror.pip("mine").startswith("0 ")


def test_mirror_is_reached_at_its_one_port_and_nothing_else_is_open_by_it(mirror: Mirrored) -> None:
    instance = mirror.instance
    tried = places(instance.students, instance.core, front=instance.port, other=f"{instance.students}.5")
    tried |= {
        "mirror": (f"{instance.students}.5", 8060),
        "mirror's other port": (f"{instance.students}.5", 22),
        "mirror by the core": (load(instance.config).core_address("packages"), 8060),
        "upstream": (f"{instance.core}.1", mirror.upstream.port),
    }
    found = reach(mirror.student, "demo", tried)
    assert {name for name, said in found.items() if said == "open"} == OPEN, found


def test_mirror_runs_as_nobody_in_particular_with_its_own_folder_alone(mirror: Mirrored) -> None:
    about = mirror.instance.part("packages").attrs
    assert about["Config"]["User"] == "950:950"
    assert about["HostConfig"]["CapDrop"] == ["ALL"]
    assert about["HostConfig"]["Memory"] == 512 * 1024**2
    written = {one["Source"] for one in about["Mounts"] if one["RW"]}
    assert written == {str(mirror.instance.data / "packages")}
