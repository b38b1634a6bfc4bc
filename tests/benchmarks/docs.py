"""`campushub bench docs`: a class opens the documentation within a minute, the first page and five others each.

Ours, as files of the front, beside the same pages out of a student's own server behind the hub's proxy, which is how a course
without such a place gives its readers something to read. Both in one instance, one after the other, by the same clients; the
processor time of the hub's container is read before and after, and in a minute in which nobody reads.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from tests.benchmarks.grade import ROSTER_HEAD
from tests.benchmarks.spawn import as_program, machine, say
from tests.benchmarks.submit import percentile
from tests.instance import SETTINGS, Instance, Person, running

MINUTE = 60
PAGES = 5  # beside the first
BESIDE = ("docs.css", "search.js", "pagefind/pagefind.js")  # what a browser fetches with the first page, once
PATIENCE = 30
SEED = 4711
STUDENT = "reader"


@dataclass(frozen=True)
class Reader:
    """Somebody who reads: which pages, and at which second each."""

    pages: tuple[str, ...]
    moments: tuple[float, ...]


@dataclass(frozen=True)
class Place:
    """Where the same pages are: the address before each, and whose cookies are sent, if anybody's."""

    address: str
    cookies: Mapping[str, str]


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--json", action="store_true")
    words.add_argument("--n", type=int, default=150)
    options = words.parse_args()
    began = datetime.now(UTC)
    with running(SETTINGS, {"demo": f"{ROSTER_HEAD}{STUDENT},A Reader,,student,\n"}) as instance:
        folder = documentation(instance)
        readers = class_of(options.n, folder)
        say("nobody reads for a minute")
        idle = spent(instance, lambda: time.sleep(MINUTE))[1]
        sides = {}
        for name, place in places(instance, folder).items():
            say(f"{name}: {options.n} read within a minute")
            told, hub = spent(instance, lambda place=place: read_all(instance, place, readers))
            sides[name] = as_side(told, hub)
    figures = as_data(options.n, sides, idle, machine(began))
    sys.stdout.write((json.dumps(figures, indent=2) if options.json else "\n".join(lines(figures))) + "\n")
    return 1 if sides["ours"]["failed"] else 0


def documentation(instance: Instance) -> Path:
    known = json.loads((instance.data / "config" / "docs.json").read_text(encoding="utf-8"))
    found: Path = instance.data / "docs" / known["base"]
    return found


def class_of(count: int, folder: Path) -> list[Reader]:
    """Readers who come in the first third of a minute and go on from page to page until its end."""
    chosen = random.Random(SEED)
    found = sorted(path for path in folder.rglob("*.html") if "data-pagefind-body" in path.read_text(encoding="utf-8"))
    pages = [str(path.relative_to(folder)) for path in found]
    readers = []
    for _ in range(count):
        first = chosen.uniform(0, MINUTE / 3)
        later = sorted(chosen.uniform(first, MINUTE) for _ in range(PAGES))
        readers.append(Reader(("index.html", *chosen.sample(pages, PAGES)), (first, *later)))
    return readers


def places(instance: Instance, folder: Path) -> dict[str, Place]:
    """Ours, and the same folder in the home of somebody whose server gives it out."""
    person: Person = instance.person(STUDENT)
    person.start("demo")
    home = next((instance.data / "homes").glob(f"{STUDENT}*"))
    shutil.copytree(folder, home / "docs")
    address = f"{instance.url}/user/{STUDENT}/demo/files/docs/"
    cookies = {one.name: str(one.value) for one in person.http.cookies}
    return {"ours": Place(f"{instance.url}/docs/{folder.name}/", {}), "server": Place(address, cookies)}


def read_all(instance: Instance, place: Place, readers: Sequence[Reader]) -> list[float]:
    """The seconds of every page; infinite for one that failed."""
    with ThreadPoolExecutor(len(readers)) as pool:
        began = time.monotonic() + 1
        told = pool.map(lambda reader: read(instance, place, reader, began), readers)
        return [seconds for one in told for seconds in one]


def read(instance: Instance, place: Place, reader: Reader, began: float) -> list[float]:
    """One reader's pages, on one connection as a browser has it; the first with what a browser fetches beside it."""
    seconds = []
    with requests.Session() as session:
        session.trust_env, session.verify = False, instance.trusted
        session.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in place.cookies.items())
        for page, moment in zip(reader.pages, reader.moments, strict=True):
            time.sleep(max(0, began + moment - time.monotonic()))
            started = time.monotonic()
            wanted = (page, *BESIDE) if page == "index.html" else (page,)
            whole = all(had(session, place.address + one) for one in wanted)
            seconds.append(time.monotonic() - started if whole else float("inf"))
    return seconds


def had(session: requests.Session, address: str) -> bool:
    try:
        return session.get(address, timeout=PATIENCE, allow_redirects=False).status_code == 200
    except requests.RequestException as error:
        say(f"  {error}")
        return False


def spent(instance: Instance, work: Any) -> tuple[Any, float]:
    """What some work gives, and the processor seconds of the hub's container meanwhile."""
    before = hub_seconds(instance)
    done = work()
    return done, hub_seconds(instance) - before


def hub_seconds(instance: Instance) -> float:
    return float(instance.part("hub").stats(stream=False)["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


def as_side(told: Sequence[float], hub: float) -> dict[str, Any]:
    good = sorted(one for one in told if one != float("inf"))
    shown = {key: round(percentile(good, part), 3) if good else None for key, part in (("p50_s", 50), ("p95_s", 95))}
    return {
        **shown,
        "slowest_s": round(good[-1], 3) if good else None,
        "pages": len(told),
        "failed": len(told) - len(good),
        "hub_cpu_s": round(hub, 2),
    }


def as_data(
    count: int, sides: Mapping[str, Mapping[str, Any]], idle: float, where: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "name": "docs",
        "n": count,
        "conditions": {
            "measured": "from the request of a page to its last byte, over HTTPS; the first page with style, search and index",
            "load": f"each of {count} readers has the first page and {PAGES} others within {MINUTE} s, at random moments (seed "
            f"{SEED}), without a browser's cache between pages; their requests are made on the same cores",
            "server": "the same files out of one student's own server, behind front and proxy, read with that student's cookies",
            "hub_cpu_s": f"of the hub's container meanwhile; {idle:.2f} s in {MINUTE} s in which nobody reads",
            **where,
        },
        **{name: dict(side) for name, side in sides.items()},
    }


def lines(told: Mapping[str, Any]) -> list[str]:
    """What a person reads."""
    rows = [f"{'':<14}{'ours':>10}{'server':>10}"]
    rows += [f"{key:<14}{told['ours'][key]!s:>10}{told['server'][key]!s:>10}" for key in told["ours"]]
    return [*rows, "", *(f"{key}: {value}" for key, value in told["conditions"].items())]


if __name__ == "__main__":
    as_program(main)
