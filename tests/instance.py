"""A CampusHub of the tests' own: name, networks, port and data apart from any that runs; taken away at the end.

Brought up by the same command that an administrator types. People act through HTTP as a browser would, and from inside
their containers as their notebooks would.
"""

from __future__ import annotations

import csv
import fcntl
import html
import json
import re
import secrets
import shutil
import socket
import subprocess
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
import requests

from hub.adapters.engine import Engine
from hub.settings import parts
from hub.settings_file import load

ROOT = Path(__file__).resolve().parent.parent
PLACE = Path("/var/lib")  # of the instances' folders
RESULTS = ROOT / "test-results"
OWN_PASSWORD = "an own long password"
SPAWN_SECONDS = 240
CLOSING = "Your notebooks are being closed"  # on the hub's page
LOCK = "lock-of-the-tests"

SETTINGS = """\
admins: [root-of-all]
name: {name}
port: {port}
domain: localhost
https: {{port: {https_port}, redirect_port: {redirect_port}}}
data: {data}
reserve: 200M
submission_limit: 20M
network: {{students: {students}.0/21, core: {core}.0/24}}
sandbox: {{seconds: 40, memory: 512M, output: 2M}}
limits: {{cpu: 1, memory: 768M, processes: 256}}
courses:
  demo:
    title: A first course
    material: {data}/material-sources/demo
  second:
    title: A second course
"""

MORE_OF_DEMO = """\
name,full_name,email,role,section
asha,Asha Atabrowser,asha@example.edu,student,
"""

ROSTER = """\
name,full_name,email,role,section
teacher,Tara Teacher,teacher@example.edu,student,
ta,Tom Assistant,ta@example.edu,instructor,
outsider,Olga Outsider,olga@example.edu,student,B
lena,Lena Limits,lena@example.edu,student,B
"""
ROSTERS = {"second": ROSTER, "demo": MORE_OF_DEMO}


@dataclass
class Person:
    """Somebody signed in by HTTP, with a password of their own."""

    instance: Instance
    name: str
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.trust_env = False  # its list of authorities would take the place of the one below
        self.http.verify = self.instance.trusted

    def get(self, path: str, **more: Any) -> requests.Response:
        answer = self.http.get(self.instance.url + path, timeout=60, **more)
        answer.encoding = "utf-8"
        return answer

    def post(self, path: str, page: str, data: dict[str, str]) -> requests.Response:
        """Send a form as it stands on a page, with the page's own token."""
        token = re.search(r'name="_xsrf" value="([^"]+)"', self.get(page).text)
        assert token, f"no form on {page}"
        answer = self.http.post(self.instance.url + path, data={**data, "_xsrf": token[1]}, timeout=60)
        answer.encoding = "utf-8"
        return answer

    def sign_in(self, password: str) -> requests.Response:
        return self.post("/hub/login?next=", "/hub/login", {"username": self.name, "password": password})

    def start(self, server: str) -> str:
        """Start a server as the button does; the name of its container. Fails with what the person reads."""
        answer = self.get(f"/hub/spawn/{self.name}/{server}")
        until = time.monotonic() + SPAWN_SECONDS
        while time.monotonic() < until:
            if self.ready(server):
                return self.instance.container_of(self.name, server)
            if "CampusHub" in answer.text and answer.status_code >= 400:
                break
            time.sleep(0.5)
            page = "spawn" if CLOSING in answer.text else "spawn-pending"
            answer = self.get(f"/hub/{page}/{self.name}/{server}")
        raise AssertionError(
            f"{server} of {self.name} did not start: {answer.status_code} {text_of(answer.text)[:400]}"
        )

    def ready(self, server: str) -> bool:
        return self.get(f"/user/{self.name}/{server}/api/status").status_code == 200

    def being_closed(self, server: str) -> bool:
        """Whether the hub is still closing a server; a moment longer than it has a container."""
        return CLOSING in self.get(f"/hub/spawn-pending/{self.name}/{server}").text

    def inside(self, server: str, code: str, *, seconds: int = 60) -> str:
        """What Python code prints in the person's server, with the server's own environment."""
        return self.instance.python_in(self.instance.container_of(self.name, server), code, seconds=seconds)


@dataclass
class Instance:
    """One running CampusHub."""

    name: str
    port: int
    data: Path
    config: Path
    students: str = "172.30.64"  # the first three numbers of its networks; without a word of the settings, these
    core: str = "172.30.72"
    https_port: int = 0  # without one it is a hub without a domain
    redirect_port: int = 0
    people: dict[str, Person] = field(default_factory=dict)

    @cached_property
    def docker(self) -> docker.DockerClient:
        return docker.from_env(timeout=120)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https_port}" if self.https_port else self.door

    @property
    def door(self) -> str:
        """Where the front answers this machine alone."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def trusted(self) -> str | bool:
        """The authority by which the instance's HTTPS is verified, as requests takes it."""
        root = self.data / "front" / "pki" / "authorities" / "local" / "root.crt"
        return str(root) if self.https_port else True

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ./campushub with this instance's settings."""
        command = [str(ROOT / "campushub"), f"--config={self.config}", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
        assert not check or done.returncode == 0, f"campushub {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
        return done

    def first_password(self, name: str) -> str:
        found = ""
        for path in sorted((self.data / "first-passwords").glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                found = next((row["password"] for row in csv.DictReader(file) if row["name"] == name), found)
        assert found, f"no first password for {name}"
        return found

    def person(self, name: str) -> Person:
        """Somebody signed in, whose password is their own by now."""
        if name not in self.people:
            person = Person(self, name)
            answer = person.sign_in(OWN_PASSWORD)
            if "/hub/login" in answer.url:
                answer = person.sign_in(self.first_password(name))
                assert answer.url.endswith("/courses/password"), (answer.url, text_of(answer.text))
                new = {"new": OWN_PASSWORD, "again": OWN_PASSWORD}
                answer = person.post("/courses/password", "/courses/password", new)
            assert answer.url.endswith("/courses/"), (answer.url, text_of(answer.text))
            self.people[name] = person
        return self.people[name]

    def container_of(self, person: str, server: str) -> str:
        labels = [f"campushub.instance={self.name}", f"campushub.person={person}", f"campushub.server={server}"]
        found = self.docker.containers.list(filters={"label": labels})
        assert found, f"no server {server} of {person} runs"
        return str(found[0].name)

    def python_in(self, container: str, code: str, *, seconds: int = 60, user: str = "") -> str:
        """What Python code prints inside a container; fails when it fails."""
        words = ["docker", "exec", *(["--user", user] if user else []), container]
        command = [*words, "timeout", str(seconds), "python", "-c", textwrap.dedent(code)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"in {container}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def part(self, name: str) -> Any:
        """The container of one of CampusHub's own parts."""
        return self.docker.containers.get(f"{self.name}-{name}")

    def hub_answers(self) -> bool:
        try:
            return requests.get(f"{self.door}/hub/health", timeout=5).ok
        except requests.RequestException:
            return False

    def wait_until_well(self, seconds: float = 60) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while True:
            told: dict[str, Any] = json.loads(self.command("status", "--json", check=False).stdout)
            if told["ok"]:
                return told
            assert time.monotonic() < until, told
            time.sleep(1)


def text_of(page: str) -> str:
    """A page's words."""
    words = re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(words)).strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_networks(place: Path) -> tuple[str, str]:
    """The first three numbers of a students' and a core network, of those kept for tests (RFC 2544), that nobody has.

    Somebody is an instance in this place, or a network that a run which was cut off left with Docker.
    """
    used = "".join(config.read_text(encoding="utf-8") for config in place.glob("chtest-*/tests.yaml"))
    if docker_answers():
        used += str(Engine.connect().networks())
    pairs = [
        (f"198.{second}.{third}", f"198.{second}.{third + 8}") for second in (18, 19) for third in range(0, 256, 16)
    ]
    return secrets.choice([pair for pair in pairs if f"{pair[0]}.0/21" not in used and f"{pair[1]}.0/24" not in used])


def docker_answers() -> bool:
    """Docker's own program asks: the Python client leaves its socket open where nobody answers, which pytest notices."""
    return bool(shutil.which("docker")) and not subprocess.run(["docker", "ps"], capture_output=True).returncode


def clear_left_over(place: Path) -> None:
    """Remove what runs that were cut off have left, when Docker answers; one that still goes on holds its lock."""
    if not docker_answers():
        return
    for config in place.glob("chtest-*/tests.yaml"):
        with (config.parent / LOCK).open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            subprocess.run([str(ROOT / "campushub"), f"--config={config}", "down", "--erase", "--yes"], check=False)
            shutil.rmtree(config.parent, ignore_errors=True)


@contextmanager
def running(
    settings: str = SETTINGS, rosters: Mapping[str, str] = ROSTERS, *, place: Path = PLACE
) -> Iterator[Instance]:
    """An instance that `campushub up` made, with these rosters imported; taken away at the end.

    All instances in a place are of one Docker, which sees it.
    """
    name = f"chtest-{secrets.token_hex(3)}"
    folder = place / name
    data, config = folder / "data", folder / "tests.yaml"  # apart, since a test may erase the data
    with ExitStack() as stack:
        with one_at_a_time(place):
            clear_left_over(place)
            folder.mkdir(mode=0o755)
            stack.callback(shutil.rmtree, folder)
            held = stack.enter_context((folder / LOCK).open("a", encoding="utf-8"))  # the settings may be written anew
            fcntl.flock(held, fcntl.LOCK_EX)
            instance = Instance(name, free_port(), data, config, "", "", free_port(), free_port())
            stack.callback(take_down, instance)
            bring_up(instance, settings, place)
            for course, rows in rosters.items():
                roster = data / f"{course}.csv"
                roster.write_text(rows, encoding="utf-8")
                instance.command("roster", "import", course, str(roster))
            clear_left_over(place)  # what could not go before `up` had started Docker
        yield instance


@contextmanager
def one_at_a_time(place: Path) -> Iterator[None]:
    """Of tests that run beside each other: the first builds the images and takes its networks, the next finds them."""
    with (place / "chtest-up.lock").open("a", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def bring_up(instance: Instance, settings: str, place: Path) -> None:
    """Run `up`; once more when Docker had to be started first and then told of networks that were left over."""
    results = RESULTS / instance.name
    results.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        instance.students, instance.core = free_networks(place)
        instance.config.write_text(settings.format_map(vars(instance)), encoding="utf-8")
        with (results / "up.log").open("w", encoding="utf-8") as log:
            command = [str(ROOT / "campushub"), f"--config={instance.config}", "up"]
            done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=2400)
        said = (results / "up.log").read_text(encoding="utf-8")
        if "are taken by Docker's network" not in said:
            break
    assert done.returncode == 0, said[-4000:]


def take_down(instance: Instance) -> None:
    """Keep what the parts said, then remove everything of this instance."""
    for part in parts(load(instance.config)):
        said = instance.command("logs", part, "--lines=2000", check=False).stdout
        (RESULTS / instance.name / f"{part}.log").write_text(said, encoding="utf-8")
    instance.docker.close()
    instance.command("down", "--erase", "--yes")
