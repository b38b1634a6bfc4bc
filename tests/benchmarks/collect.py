"""`campushub bench collect`: listing and collecting in a course with 1,000 students, 10 assignments and 3 attempts, beside nbgrader.

Stock is nbgrader's own exchange on a folder with a submission folder for each attempt; ours is a whole instance with as many rows and
folders. Each side runs its own ExchangeList and ExchangeCollect in a container, in a Python that has loaded them: starting Python,
which is the same for both, is not measured. First with one attempt each, then with three.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.grade import ROSTER_HEAD, notebook, stock_container
from tests.benchmarks.inside import exec_in, tokens
from tests.benchmarks.spawn import as_program, machine, say
from tests.instance import SETTINGS, Instance, running

ASSIGNMENTS, ATTEMPTS, REPEATS = 10, 3, 5
NAMES = [f"ps{number}" for number in range(ASSIGNMENTS)]
FIRST = datetime(2026, 11, 1, tzinfo=UTC)

# Both sides: `given` says what is to be measured; the seconds of each are printed.
MEASURE = """
import io, json, logging, os, sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from traitlets.config import Config
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
given = json.load(sys.stdin)
{imports}
def seconds(cls, assignment, student="", **more):
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id, coursedir.student_id = assignment, student
    verb = cls(coursedir=coursedir, authenticator=Authenticator(config=config), config=config)
    for word, value in more.items():
        setattr(verb, word, value)
    began = time.perf_counter()
    verb.start()
    return time.perf_counter() - began
found = {{}}
{measured}
print(json.dumps(found))
"""
STOCK_IMPORTS = """
from nbgrader.exchange.default import ExchangeCollect as Collect, ExchangeList as List
config = Config()
config.CourseDirectory.course_id, config.CourseDirectory.root = "stock", given["root"]
config.Exchange.root, config.Exchange.cache = given["exchange"], given["root"] + "/cache"
os.makedirs(given["root"], exist_ok=True)
os.chdir(given["root"])
"""
OUR_IMPORTS = """
from campushub_client.course_config import configure
from campushub_client.exchange import Collect, List
from campushub_client.service import Service
config = Config()
configure(config, "demo", Path(given["root"]))
"""
COLLECT = """
found["collect_new"] = [seconds(Collect, name, update=True) for name in given["new"]]
found["collect_nothing_new"] = [seconds(Collect, given["new"][0], update=True) for _ in range(given["repeats"])]
"""
STOCK_LIST = """
found["list_one"] = [seconds(List, "", given["student"], inbound=True) for _ in range(given["repeats"])]
found["list_all"] = [seconds(List, "", inbound=True)]
"""
OUR_LIST = """
service = Service.from_environment()
def list_all():
    began = time.perf_counter()
    for one in service.assignments("demo")["assignments"]:
        service.submissions("demo", one["name"])
    return time.perf_counter() - began
found["list_all"] = [list_all() for _ in range(3)]
os.environ["JUPYTERHUB_API_TOKEN"] = given["token"]
del os.environ["CAMPUSHUB_TOKEN_FILE"]
found["list_one"] = [seconds(List, "") for _ in range(given["repeats"] + 1)][1:]  # the hub is asked by the first one
"""
FILL = """
import hashlib, json, os, sys
from datetime import datetime, timedelta
from pathlib import Path
import sqlalchemy as sql
from hub.adapters.tables import assignments, people, submissions
from hub.services.state import State
given = json.load(sys.stdin)
state = State.open(Path(os.environ["CAMPUSHUB_CONFIG"]), "")
text, top, first = given["text"].encode(), state.work.blobs.top, datetime.fromisoformat(given["first"])
rows = []
for name in given["names"]:
    files = [dict(path=name + ".ipynb", size=len(text), sha256=hashlib.sha256(text).hexdigest())]
    for number, person in enumerate(given["people"]):
        for attempt in given["attempts"]:
            key = hashlib.sha256(f"{name} {person} {attempt}".encode()).hexdigest()[:24]
            at = first + timedelta(days=attempt, seconds=number)
            about = dict(course="demo", assignment=name, person=person, attempt=attempt, at=at, due=None, late=False)
            rows.append(dict(id=key, key=key, files=files, **about))
            (top / "submissions" / key).mkdir()
            (top / "submissions" / key / (name + ".ipynb")).write_bytes(text)
with state.store.begin() as connection:
    if 1 in given["attempts"]:
        released = dict(course="demo", due=None, release="none", released_at=first, files=files)
        connection.execute(sql.insert(assignments), [dict(name=name, **released) for name in given["names"]])
    connection.execute(sql.insert(submissions), rows)
"""

Seconds = dict[str, list[float]]


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--json", action="store_true")
    words.add_argument("--n", type=int, default=1000)
    options = words.parse_args()
    began, people = datetime.now(UTC), [f"s{number:04}" for number in range(options.n)]
    with course_of_ours(people) as instance:
        small, ours = (our_seconds(instance, people, attempts) for attempts in ([1], list(range(2, ATTEMPTS + 1))))
    with TemporaryDirectory(prefix="campushub-bench-", dir="/var/tmp") as scratch:
        theirs = stock_seconds(Path(scratch), people)
    told = as_data(options.n, {"small": small, "ours": ours, "stock": theirs}, machine(began))
    sys.stdout.write((json.dumps(told, indent=2) if options.json else "\n".join(lines(told))) + "\n")
    return 0


def as_data(count: int, found: Mapping[str, Seconds], where: Mapping[str, str]) -> dict[str, Any]:
    middle = {side: {key: median(values) for key, values in told.items()} for side, told in found.items()}
    ours, stock, small = middle["ours"], middle["stock"], middle["small"]
    return {
        "name": "collect",
        "n": count,
        "conditions": {
            "course": f"{count} students, {ASSIGNMENTS} assignments, {ATTEMPTS} attempts each; one small notebook each",
            "measured": "nbgrader's ExchangeList and ExchangeCollect, each side's own, without starting Python",
            "collect_new": "an assignment of which nothing was collected yet, median of five",
            "list": "everything that was handed in to the course (stock: `list --inbound`)",
            "list_one": "one student's own assignments and submissions (stock: `list --inbound` of that student)",
            "flat": "ours with three attempts each as a multiple of ours with one",
            **where,
        },
        "ours": {f"{key}_s": round(value, 4) for key, value in ours.items()},
        "stock": {f"{key}_s": round(value, 4) for key, value in stock.items()},
        "ratio": {
            "list": round(stock["list_all"] / ours["list_all"], 1),
            "list_one": round(stock["list_one"] / ours["list_one"], 1),
            "collect_nothing_new": round(stock["collect_nothing_new"] / ours["collect_nothing_new"], 1),
            "collect_new": round(stock["collect_new"] / ours["collect_new"], 2),
        },
        "flat": {key: round(ours[key] / small[key], 2) for key in ("list_one", "collect_nothing_new")},
    }


def lines(told: Mapping[str, Any]) -> list[str]:
    """What a person reads."""
    ratio = {"list_all": "list"}
    rows: list[tuple[str, ...]] = [("", "ours, s", "stock, s", "times as quick")]
    for key in ("list_all", "list_one", "collect_nothing_new", "collect_new"):
        rows.append(
            (
                key,
                *(f"{told[side][f'{key}_s']:.4f}" for side in ("ours", "stock")),
                str(told["ratio"][ratio.get(key, key)]),
            )
        )
    table = [
        "  ".join(text.replace("_", " ").ljust(22 if not place else 10) for place, text in enumerate(row)).rstrip()
        for row in rows
    ]
    flat = [f"{key.replace('_', ' ')}, three attempts to one: {value}" for key, value in told["flat"].items()]
    return [*table, "", *flat, "", *(f"{key}: {value}" for key, value in told["conditions"].items())]


# -- ours --------------------------------------------------------------------------------------------------------------


@contextmanager
def course_of_ours(people: list[str]) -> Iterator[Instance]:
    roster = ROSTER_HEAD + "".join(f"{name},Student {name},,student,\n" for name in people)
    with running(SETTINGS, {"demo": roster}) as instance:
        yield instance


def our_seconds(instance: Instance, people: list[str], attempts: list[int]) -> Seconds:
    """Put more attempts in and measure."""
    say(f"ours: attempts {attempts}")
    about = {"names": NAMES, "people": people, "attempts": attempts, "text": notebook(""), "first": FIRST.isoformat()}
    exec_in(instance, "service", FILL, json.dumps(about).encode())
    student = people[len(people) // 2]
    new = NAMES[5:] if attempts == [1] else NAMES[:5]  # each is collected once: the files of none lie there already
    given = {"root": str(instance.data / "courses" / "demo"), "new": new, "repeats": REPEATS}
    given["token"] = tokens(instance, [student])[student]
    code = MEASURE.format(imports=OUR_IMPORTS, measured=COLLECT + OUR_LIST)
    found: Seconds = json.loads(exec_in(instance, "grader", code, json.dumps(given).encode()))
    return found


# -- stock -------------------------------------------------------------------------------------------------------------


def stock_seconds(folder: Path, people: list[str]) -> Seconds:
    say("stock")
    fill_stock(folder / "exchange" / "stock", people)
    given = {"root": "/course/course", "exchange": "/course/exchange", "new": NAMES[:5], "repeats": REPEATS}
    given["student"] = people[len(people) // 2]
    code = MEASURE.format(imports=STOCK_IMPORTS, measured=COLLECT + STOCK_LIST)
    (folder / "measure.py").write_text(code, encoding="utf-8")
    (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
    with stock_container(folder) as container:
        done = container.exec_run(["sh", "-c", "python measure.py < given.json 2> said.log"])
    assert done.exit_code == 0, (folder / "said.log").read_text(encoding="utf-8")[-2000:]
    found: Seconds = json.loads(done.output)
    return found


def fill_stock(course: Path, people: list[str]) -> None:
    """The folders that nbgrader's `release` and `submit` would have made."""
    text = notebook("")
    for folder in ("inbound", "outbound", "feedback"):
        (course / folder).mkdir(parents=True)
    for name in NAMES:
        (course / "outbound" / name).mkdir()
        (course / "outbound" / name / f"{name}.ipynb").write_text(text, encoding="utf-8")
        for number, person in enumerate(people):
            for attempt in range(1, ATTEMPTS + 1):
                at = (FIRST + timedelta(days=attempt, seconds=number)).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
                made = course / "inbound" / f"{person}+{name}+{at}+{os.urandom(9).hex()}"
                made.mkdir()
                (made / f"{name}.ipynb").write_text(text, encoding="utf-8")
                (made / "timestamp.txt").write_text(at, encoding="utf-8")
                (made / "submission_secret.txt").write_text(os.urandom(32).hex(), encoding="utf-8")


if __name__ == "__main__":
    as_program(main)
