"""One container for one submission: no network, nothing to write but its own memory, limits on everything, then gone.

Knows Docker; what runs inside is `hub.sandbox_runner`, what its answer is worth is `hub.grading`'s.
"""

from __future__ import annotations

import contextlib
import secrets
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker.errors
import requests

from hub.mirror import DATA
from hub.settings import Sandbox
from hub.trouble import Trouble

INSIDE = (
    "plain_data",
    "checked_calls",
    "sandbox_runner",
)  # our modules that run in there, in the order of their imports
NOBODY = "65534:65534"
START_SECONDS = 60  # for the container and its Python, on top of the notebook's own time
SCRATCH = "size=256m,mode=1777,nosuid,nodev"
HEADER = struct.Struct(">BxxxL")  # of Docker's multiplexed stream: which stream, how many bytes
STANDARD_OUTPUT = 1
STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
BEGINNING = """
import gc, sys, types
gc.disable()  # while modules are imported there is no garbage
sys.modules["hub"] = types.ModuleType("hub")
for name, text in {texts!r}.items():
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
del sys.modules["hub"], gc, name, text, module
sys.modules[{last!r}].main()
"""
UP = b"up\n"  # the first that a sandbox writes, before it has read anything
OTHER_SIDE = b">"  # begins a line for the sandbox beside it
LAST = 2  # the share of one that has taken long already; the least that the kernel knows
BEHIND = 128  # its share of the processors where there are not enough: a person's server has 1024


class SandboxFailed(Trouble):
    """The sandbox could not be made at all; this is nobody's fault who handed something in."""


@dataclass(frozen=True)
class Ended:
    """How a sandbox ended: what it wrote, or the reason (a key of `hub.grading.REASONS`) why there is nothing."""

    written: bytes
    reason: str | None


@dataclass(frozen=True)
class Contents:
    """What a sandbox has inside: an image, and the course's data, a folder of this machine, to be read."""

    image: str
    data: Path | None = None

    @property
    def binds(self) -> dict[str, dict[str, str]]:
        return {str(self.data): {"bind": DATA, "mode": "ro"}} if self.data else {}


@dataclass(frozen=True)
class Made:
    """A sandbox that has started and waits for its one submission."""

    identity: str
    attached: Any
    limits: Sandbox
    given: threading.Event = field(default_factory=threading.Event, compare=False)  # set when it was handed its input


@dataclass(frozen=True)
class Sandboxes:
    """The sandboxes of one instance; `client` is docker-py's low-level one, `hosts` the machine's file of names for them."""

    client: Any
    instance: str
    hosts: Path

    def remove_left_over(self) -> int:
        """Remove what an interrupted worker left; how many there were."""
        wanted = [f"campushub.instance={self.instance}", "campushub.sandbox=1"]
        left = self.client.containers(all=True, filters={"label": wanted})
        for one in left:
            self.client.remove_container(one["Id"], force=True, v=True)
        return len(left)

    def make(self, contents: Contents, limits: Sandbox, role: str = "student") -> Made:
        """Start a sandbox for a student's code, or as a checker; its kernel comes up by itself. Raises SandboxFailed."""
        name = f"{self.instance}-sandbox-{secrets.token_hex(6)}"
        try:
            identity = self.client.create_container(**self._container(name, contents, limits, role))["Id"]
        except (docker.errors.APIError, requests.RequestException) as error:
            raise SandboxFailed(f"no sandbox could be made: {error}") from None
        try:
            attached = self.client.attach_socket(identity, params=STREAMS)
            self.client.start(identity)
        except (docker.errors.APIError, requests.RequestException, OSError) as error:
            self._remove(identity)
            raise SandboxFailed(f"the sandbox could not be started: {error}") from None
        return Made(identity, attached, limits)

    def lives(self, made: Made) -> bool:
        """Whether a sandbox that waited can still be used."""
        try:
            return bool(self.client.inspect_container(made.identity)["State"]["Running"])
        except (docker.errors.APIError, requests.RequestException):
            return False

    def put_last(self, made: Made) -> None:
        """Leave it the processors that nobody else wants."""
        with contextlib.suppress(docker.errors.APIError, requests.RequestException):  # it has just ended
            self.client.update_container(made.identity, cpu_shares=LAST)

    def remove(self, made: Made) -> None:
        made.attached.close()
        self._remove(made.identity)

    def run(self, made: list[Made], given: list[bytes]) -> list[Ended]:
        """Run one submission; blocks until it has ended. Raises SandboxFailed. Its sandboxes are then to be removed.

        Of two sandboxes each hears what the other says to it.
        """
        with ThreadPoolExecutor(len(made)) as threads:
            beside = [*made[1:], *made[:1]] if len(made) > 1 else [None]
            running = [threads.submit(self._run, *one) for one in zip(made, given, beside, strict=True)]
        return [one.result() for one in running]

    def _run(self, made: Made, given: bytes, beside: Made | None) -> Ended:
        overdue = threading.Event()
        watch = threading.Timer(made.limits.seconds + START_SECONDS, self._end, (made.identity, overdue))
        watch.start()
        try:
            written, too_much = _talk(made, given, beside)
            complete = written.startswith(UP) and written != UP
            state = {} if complete else self.client.inspect_container(made.identity)["State"]
        except (docker.errors.APIError, requests.RequestException, OSError) as error:
            raise SandboxFailed(f"the sandbox could not be run: {error}") from None
        finally:
            watch.cancel()
        if not (too_much or overdue.is_set() or written.startswith(UP)):
            raise SandboxFailed(f"the sandbox did not come up (exit code {state.get('ExitCode')})")
        return Ended(written, _reason(state, written, overdue=overdue.is_set(), too_much=too_much))

    def _container(self, name: str, contents: Contents, limits: Sandbox, role: str) -> dict[str, Any]:
        """How a sandbox is made. Its first process is the runner itself: nothing inside can kill that one (pid_namespaces(7)), or
        open its pipes, since it is not dumpable. An init of Docker's would have the student's user and stand open.

        It has a network namespace with nothing but its own loopback either way; with the network disabled Docker does not manage that
        one, which is half of what a container costs (0.16 of 0.31 CPU seconds, Docker 20.10).
        """
        host = self.client.create_host_config(
            network_mode="none",
            read_only=True,
            tmpfs={"/tmp": SCRATCH},
            # Docker writes this file only where it manages a network.
            binds={str(self.hosts): {"bind": "/etc/hosts", "mode": "ro"}, **contents.binds},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            pids_limit=limits.processes,
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
            nano_cpus=int(limits.cpu * 1e9),
            cpu_shares=BEHIND,
            ipc_mode="private",
            ulimits=[{"Name": "core", "Soft": 0, "Hard": 0}, {"Name": "nofile", "Soft": 1024, "Hard": 1024}],
            log_config={"type": "none", "config": {}},
        )
        return {
            "name": name,
            "image": contents.image,
            "command": ["python", "-c", _program(), role],
            "user": NOBODY,
            "network_disabled": True,
            "stdin_open": True,
            "working_dir": "/tmp",
            "environment": {
                "HOME": "/tmp/home",
                "JUPYTER_RUNTIME_DIR": "/tmp/runtime",
                "IPYTHONDIR": "/tmp/ipython",
                "MPLCONFIGDIR": "/tmp/matplotlib",
                "NBGRADER_EXECUTION": "autograde",
                **({"CAMPUSHUB_DATA": DATA} if contents.data else {}),
            },
            "labels": {"campushub.instance": self.instance, "campushub.sandbox": "1"},
            "host_config": host,
        }

    def _end(self, made: str, overdue: threading.Event) -> None:
        overdue.set()
        self._remove(made, kill=True)

    def _remove(self, made: str, *, kill: bool = False) -> None:
        try:
            if kill:
                self.client.kill(made)
            else:
                self.client.remove_container(made, force=True, v=True)
        except (docker.errors.APIError, requests.RequestException):
            return  # gone already; what an engine keeps is removed at the worker's next start


def _program() -> str:
    """The program inside: our modules under the names by which they import each other."""
    here = Path(__file__).resolve().parent.parent
    texts = {f"hub.{name}": (here / f"{name}.py").read_text(encoding="utf-8") for name in INSIDE}
    return BEGINNING.format(texts=texts, last=f"hub.{INSIDE[-1]}")


def _talk(made: Made, given: bytes, beside: Made | None) -> tuple[bytes, bool]:
    """Hand the input in and take the output, at most so many bytes; whether there was more.

    Lines for the sandbox beside it go there; when this one has nothing more to say, that one hears it.
    """
    threading.Thread(target=_give, args=(made, given), kwargs={"more": beside is not None}, daemon=True).start()
    written, taken = bytearray(), 0
    try:
        for stream, chunk in _frames(made.attached):
            taken += len(chunk)
            if taken > made.limits.output:
                return b"", True
            if stream == STANDARD_OUTPUT:
                written += chunk
                if beside is not None and b"\n" in chunk:
                    written = _passed_on(written, beside)
    finally:
        if beside is not None:
            _pass(b"", beside, more=False)
    return bytes(written), False


def _passed_on(written: bytearray, beside: Made) -> bytearray:
    """What was written, without the whole lines that are for the other sandbox: they get there."""
    *lines, rest = written.split(b"\n")
    for line in lines:
        if line.startswith(OTHER_SIDE):
            _pass(bytes(line[1:]) + b"\n", beside, more=True)
    return bytearray(b"\n").join([*(line for line in lines if not line.startswith(OTHER_SIDE)), rest])


def _reason(state: dict[str, Any], written: bytes, *, overdue: bool, too_much: bool) -> str | None:
    if too_much:
        return "output"
    if overdue:
        return "timeout"
    if written != UP:
        return None
    return "memory" if state.get("OOMKilled") else "broken"


def _give(made: Made, given: bytes, *, more: bool) -> None:
    try:
        _send(made, given, more=more)
    finally:
        made.given.set()


def _pass(line: bytes, beside: Made, *, more: bool) -> None:
    """Send something that another sandbox says, behind what this one was given."""
    beside.given.wait()
    _send(beside, line, more=more)


def _send(made: Made, text: bytes, *, more: bool) -> None:
    connection = made.attached._sock  # docker-py wraps it without a way to close one direction
    try:
        connection.sendall(text)
        if not more:
            connection.shutdown(1)
    except (OSError, AttributeError):  # closed, or taken off what is closed
        return  # the sandbox ended before it had read everything


def _frames(attached: Any) -> Iterator[tuple[int, bytes]]:
    """Docker's multiplexed stream as (stream, bytes), in pieces."""
    while len(header := _exactly(attached, HEADER.size)) == HEADER.size:
        stream, length = HEADER.unpack(header)
        while length:
            chunk = attached.read(min(length, 65_536))
            if not chunk:
                return
            length -= len(chunk)
            yield stream, chunk


def _exactly(attached: Any, count: int) -> bytes:
    found = b""
    while len(found) < count and (chunk := attached.read(count - len(found))):
        found += chunk
    return found
