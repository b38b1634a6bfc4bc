"""`campushub bench spawn`: how long a click takes until JupyterLab answers, and what a server holds in memory.

Ours, with its own defaults, beside a stock hub on the same machine, in turns. Every start is done by the same client,
which does what a browser does after the click, through each hub's own front door.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import docker
import requests

from tests import instance
from tests.benchmarks import stock
from tests.benchmarks.click import NotReady, Student, anonymous_megabytes, click, stop
from tests.benchmarks.figures import Figure, as_data, table

ALONE, BURSTS = 9, 3
REST_SECONDS = 60
SETTINGS = """\
name: {name}
port: {port}
domain: localhost
https: {{port: {https_port}, redirect_port: {redirect_port}}}
data: {data}
network: {{students: {students}.0/21, core: {core}.0/24}}
courses:
  demo:
    title: A first course
    material: {data}/material-sources/demo
"""
MEASURED = (
    "from the click on a course's button until the page it leads to is JupyterLab and the server's API answers: hub page, "
    "progress, sign-in of the server; for ours with the course's material in place as well"
)
NOT_COUNTED = (
    "each person's first start (a new home, cold caches) is told apart; the others are of homes that are there"
)


@dataclass
class Side:
    """One of the two hubs and what was measured of it."""

    name: str
    students: Sequence[Student]
    check: Callable[[Student], None]  # what has to answer in a measured server; raises NotReady
    first: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    at_once: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    failures: int = 0

    def start(self, count: int, into: list[float]) -> list[Student]:
        """Click for so many at once; notes the seconds to the last one ready when all are. Who is ready."""
        with ThreadPoolExecutor(count) as pool:
            found = list(pool.map(_clicked, self.students[:count]))
        ready = [student for student, seconds in zip(self.students, found, strict=False) if seconds is not None]
        self.failures += count - len(ready)
        if len(ready) == count:
            into.append(max(seconds for seconds in found if seconds is not None))
        return ready

    def stop(self) -> None:
        with ThreadPoolExecutor(len(self.students)) as pool:
            list(pool.map(stop, self.students))


def _clicked(student: Student) -> float | None:
    try:
        return click(student)
    except NotReady as why:
        say(f"  not ready: {why}")
        return None


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--json", action="store_true")
    words.add_argument("--n", type=int, default=10)
    options = words.parse_args()
    with _both(options.n) as (ours, other):
        began = datetime.now(UTC)
        _measure((ours, other), options.n)
        conditions = _conditions(began, options.n)
    figures = _figures(ours, other, options.n)
    if options.json:
        sys.stdout.write(json.dumps(as_data("spawn", options.n, conditions, figures), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(table(list(figures.values()), conditions)) + "\n")
    return 1 if ours.failures + other.failures else 0


@contextmanager
def _both(count: int) -> Iterator[tuple[Side, Side]]:
    """Both hubs with their people signed in; both taken away at the end."""
    people = [f"bench{number:02}" for number in range(1, count + 1)]
    roster = "name,full_name,email,role,section\n" + "".join(f"{name},,,student,\n" for name in people)
    say("bringing up CampusHub …")
    with instance.running(SETTINGS, {"demo": roster}) as hub:
        say("bringing up the stock hub …")
        with stock.running(hub.name, people) as theirs:
            ours = [
                Student(hub.url, name, "demo", f"{hub.name}-server-{name}--demo", hub.person(name).http)
                for name in people
            ]
            yield Side("ours", ours, _panel_answers), Side("stock", theirs, _nothing_more)


def _measure(sides: tuple[Side, Side], count: int) -> None:
    for side in sides:
        say(f"{side.name}: first starts")
        side.start(count, side.first)
        side.stop()
    for number in range(ALONE):
        for side in sides if number % 2 else sides[::-1]:
            side.start(1, side.alone)
            side.stop()
            say(f"{side.name}: one alone, {side.alone[-1:]} s")
    for number in range(BURSTS if count > 1 else 1):
        for side in sides if number % 2 else sides[::-1]:
            ready = side.start(count, side.at_once)
            say(f"{side.name}: {count} at once, {side.at_once[-1:]} s")
            if number == 0:
                _look_inside(side, ready)
            side.stop()


def _look_inside(side: Side, students: Sequence[Student]) -> None:
    """What has to answer is asked at once; memory is read a minute after the last one was ready."""
    until = time.monotonic() + REST_SECONDS
    for student in students:
        try:
            side.check(student)
        except (NotReady, requests.RequestException) as why:
            say(f"  does not answer: {why}")
            side.failures += 1
    say(f"{side.name}: resting for {REST_SECONDS} s")
    time.sleep(max(0, until - time.monotonic()))
    client = docker.from_env()
    side.memory += [anonymous_megabytes(client, student.container) for student in students]
    client.close()


def _nothing_more(_: Student) -> None:
    """Of stock nothing is asked, which is its lower bound in memory."""


def _panel_answers(student: Student) -> None:
    """The assignments panel lists the course's assignment, fetches it, and Validate runs it."""
    listed = student.ask("GET", "campushub/assignments")
    names = [one["name"] for one in listed.json()["assignments"]] if listed.ok else []
    if not names:
        raise NotReady(f"the panel of {student.name} lists nothing ({listed.status_code})")
    for verb in ("fetch", "validate"):
        answer = student.ask("POST", f"campushub/{verb}", {"name": names[0]})
        if not answer.ok:
            raise NotReady(f"{verb} of {student.name}: {answer.status_code} {answer.text[:200]}")
    if not any(one.get("failed") for one in answer.json()["notebooks"]):
        raise NotReady(f"validate of {student.name} found no open task: {answer.text[:200]}")


def _figures(ours: Side, other: Side, count: int) -> dict[str, Figure]:
    """By the keys of the JSON; `ready_s` is for `count` at once."""

    def figure(title: str, unit: str, what: str) -> Figure:
        return Figure(title, unit, tuple(getattr(ours, what)), tuple(getattr(other, what)))

    many = {"ready_s": figure(f"{count} clicks at once, the last one ready", "s", "at_once")} if count > 1 else {}
    one = figure("one click, ready", "s", "alone")
    return {
        **({"one_ready_s": one} if many else {"ready_s": one}),
        **many,
        "first_ready_s": figure(f"the very first time, {count} at once", "s", "first"),
        "memory_mb": figure("anonymous memory of a server", "MB", "memory"),
        "failures": Figure("servers that failed", "", (ours.failures,), (other.failures,)),
    }


def _conditions(began: datetime, count: int) -> dict[str, Any]:
    return {
        "measured": MEASURED,
        "first starts": NOT_COUNTED,
        "repeats": f"in turns, medians: {ALONE} times one alone, {BURSTS if count > 1 else 1} times {count} at once",
        "memory": f"of each of {count} servers, all processes, {REST_SECONDS} s or more after the last was ready; in ours the "
        "assignments panel has listed and fetched and Validate has run in that time",
        "limits": "ours 2 cores and 2 GB a server (its defaults), stock none (its defaults)",
        "front": "ours by HTTPS through Caddy and the proxy, stock by HTTP through its proxy",
        **machine(began),
    }


def machine(began: datetime) -> dict[str, str]:
    """Where and when something was measured."""
    version = docker.from_env().version()["Version"]
    return {
        "machine": f"{os.cpu_count()} cores, {_memory_gigabytes()} GB, load {os.getloadavg()[2]:.1f} at the end, "
        f"Linux {platform.release()}, Docker {version}",
        "date": began.isoformat(timespec="minutes"),
    }


def _memory_gigabytes() -> int:
    return round(int(Path("/proc/meminfo").read_text(encoding="ascii").split()[1]) / 1024**2)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def as_program(main: Callable[[], int]) -> NoReturn:
    """Run a benchmark to its end, or until it is interrupted, and take away what it has made."""
    for ending in (signal.SIGINT, signal.SIGTERM):  # also where a shell has had the first ignored
        signal.signal(ending, _interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("interrupted; what the benchmark had made is gone, nothing was measured")
        sys.exit(130)


if __name__ == "__main__":
    as_program(main)
