"""`campushub bench gpus`: GPUs lent for a week beside two other ways to lend them; whether a slot is ever lent twice; how quick the ledger is.

No GPU is involved: slots are made up, everything else is the ledger as it is, on SQLite with `synchronous=FULL`. The week is
simulated (`tests.benchmarks.lent_week`), the crashes are real ones: the process that works on the ledger is killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sql

from hub.adapters.leases import Leases
from hub.adapters.store import Store
from hub.adapters.tables import gpu_hours, leases, tickets
from hub.gpus import Policy, Reason, Slot, State
from hub.testing import MACHINE_NETWORK, UNSHARED
from tests.benchmarks.lent_week import week
from tests.benchmarks.spawn import as_program, machine, say

SLOTS = (4, 8, 16, 28)
NEVER = timedelta(days=10_000)
OURS = Policy()
WAYS = {
    "ours": OURS,
    "first come, first served": replace(
        OURS, length=NEVER, idle=NEVER, idle_in_class=NEVER, weekly_hours=1e9, half_life=timedelta(seconds=1)
    ),
    "fair share, as Slurm's": replace(
        OURS, idle=NEVER, idle_in_class=NEVER, weekly_hours=1e9, half_life=timedelta(days=7)
    ),
}
STEPS, CRASH_PEOPLE, CRASH_SLOTS = 100_000, 40, 8
PEOPLE, WAITING, ASKED = 10_000, 1_000, 500
STARTS = 15
BEGIN = datetime(2026, 11, 2, tzinfo=UTC)


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--json", action="store_true")
    words.add_argument("--n", type=int, default=3, help="weeks")
    options = words.parse_args()
    began = datetime.now(UTC)
    table = {slots: {name: lent(slots, policy, options.n) for name, policy in WAYS.items()} for slots in SLOTS}
    steps, crashes, doubled, lost = crashing(STEPS)
    told = {
        "name": "gpus",
        "n": options.n,
        "conditions": {
            "week": "150 students, 585 wanted sessions, simulated; means of so many weeks; no GPU involved",
            "double": f"{steps} steps of {CRASH_PEOPLE} people on {CRASH_SLOTS} slots, {crashes} times killed in between",
            "request": f"{PEOPLE} people with a past, {WAITING} tickets; each change its own transaction, synchronous=FULL",
            "start": f"medians of {STARTS} containers as the hub makes them, with a made-up device by CDI and without, in turns",
            **machine(began),
        },
        "ours": {
            "double_leases": doubled,
            "lost_answers": lost,
            **{f"busy_percent_{slots}_slots": table[slots]["ours"]["busy_percent"] for slots in SLOTS},
            **latencies(),
            **starts(STARTS),
        },
        "week": {f"{slots} slots": ways for slots, ways in table.items()},
    }
    sys.stdout.write((json.dumps(told, indent=2) if options.json else "\n".join(lines(told))) + "\n")
    return 0


def lines(told: Mapping[str, Any]) -> list[str]:
    """What a person reads."""
    found = []
    for slots, ways in told["week"].items():
        columns = list(next(iter(ways.values())))
        found.append("  ".join([slots.ljust(26), *(name.replace("_", " ") for name in columns)]))
        for name, row in ways.items():
            found.append("  ".join([name.ljust(26), *(f"{row[key]:g}".rjust(len(key)) for key in columns)]))
        found.append("")
    found += [f"{key.replace('_', ' ')}: {value}" for key, value in told["ours"].items()]
    return [*found, "", *(f"{key}: {value}" for key, value in told["conditions"].items())]


@contextmanager
def ledger(slots: int, policy: Policy, where: str) -> Iterator[Leases]:
    with TemporaryDirectory(prefix="campushub-bench-", dir=where) as folder:
        yield ledger_at(Path(folder), slots, policy)


def ledger_at(folder: Path, slots: int, policy: Policy = OURS) -> Leases:
    declared = tuple(Slot(f"gpu{number}", f"GPU-{number}") for number in range(slots))
    return Leases(Store.at(folder), declared, policy)


# -- a week -------------------------------------------------------------------------------------------------------------


def lent(slots: int, policy: Policy, weeks: int) -> dict[str, float]:
    say(f"{slots} slots")
    found = []
    for seed in range(weeks):
        with ledger(slots, policy, "/dev/shm") as lending:  # a week has 10,000 minutes: nothing here has to survive
            found.append(week(lending, seed).as_data())
    return {key: round(mean(one[key] for one in found), 1) for key in found[0]}


# -- crashes ------------------------------------------------------------------------------------------------------------


def crashing(steps: int) -> tuple[int, int, int, int]:
    """Steps that were done, times killed, leases that overlap on a slot or a person, answers that the ledger does not know."""
    say("crashes")
    chance, done, crashes, answers = random.Random(1), 0, 0, Counter[tuple[str, str]]()
    with TemporaryDirectory(prefix="campushub-bench-", dir="/var/tmp") as folder:
        while done < steps:
            words = [sys.executable, "-m", "tests.benchmarks.gpus_steps", folder, str(done), str(crashes)]
            with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
                assert child.stdout is not None
                upto = min(steps, done + chance.randrange(500, 4000))
                for line in child.stdout:
                    step, *lease = line.split()
                    done = int(step)
                    answers.update([(lease[0], lease[1])] if lease else ())
                    if done == upto:
                        child.kill()  # what it has told by now is read to the end
            assert child.returncode == -signal.SIGKILL, "it ended by itself"
            crashes, done = crashes + 1, done + 1  # one more may have been done and not been told
        lending = ledger_at(Path(folder), CRASH_SLOTS)
        with lending.store.begin() as connection:
            rows = connection.execute(sql.select(leases).order_by(leases.c.id)).mappings().all()
    return done, crashes, overlapping(rows, "slot") + overlapping(rows, "person"), lost_answers(rows, answers)


def overlapping(rows: Any, word: str) -> int:
    """Leases that began before the one before them on the same slot, or of the same person, was over."""
    last: dict[str, Any] = {}
    found = 0
    for row in rows:
        before = last.get(row[word])
        found += before is not None and (before["freed_at"] is None or before["freed_at"] > row["made_at"])
        last[row[word]] = row
    return found


def lost_answers(rows: Any, answers: Counter[tuple[str, str]]) -> int:
    return (answers - Counter((row["slot"], row["person"]) for row in rows)).total()


# -- how quick ----------------------------------------------------------------------------------------------------------


def latencies() -> dict[str, float]:
    """Milliseconds of a request, a renewal and a release, 99 of 100; the slowest of the three is what counts."""
    say("requests")
    with ledger(28, OURS, "/var/tmp") as lending:
        fill(lending)
        times: dict[str, list[float]] = {"request": [], "renewal": [], "release": []}
        now = BEGIN
        for number in range(ASKED):
            now += timedelta(seconds=1)
            person = f"p{number % 28}"
            timed(times["request"], lending.ask, f"n{number}", "demo", now)
            lending.leave(f"n{number}")
            timed(times["release"], lending.end, person, Reason.RETURNED, now)
            lending.freed(person, now)
            take(lending, number % 28, now)
        with lending.store.begin() as connection:
            connection.execute(sql.delete(tickets))
        for number in range(ASKED):
            now += timedelta(seconds=1)
            lending.computing([f"gpu{number % 28}"], now)
            timed(times["renewal"], lending.renew, f"p{number % 28}", now)
    found = {f"{verb}_p99_ms": round(sorted(values)[ceil(0.99 * len(values)) - 1], 2) for verb, values in times.items()}
    found["request_p99_ms"], found["asking_p99_ms"] = max(found.values()), found["request_p99_ms"]
    return found


def starts(count: int) -> dict[str, float]:
    """Seconds from "there is a slot" to a container that runs, with a device and without, and how much longer the first takes."""
    say("starts")
    command = [*UNSHARED, sys.executable, "-m", "tests.benchmarks.gpu_start", str(count)]
    environment = {**os.environ, MACHINE_NETWORK: f"/proc/{os.getpid()}/ns/net"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    times = {way: median(values) for way, values in json.loads(done.stdout.splitlines()[-1]).items()}
    found = {f"start_{way}_gpu_s": round(seconds, 3) for way, seconds in times.items()}
    return {**found, "start_more_s": round(times["with"] - times["without"], 3)}


def timed(into: list[float], verb: Callable[..., object], *about: object) -> None:
    began = time.perf_counter()
    verb(*about)
    into.append(1000 * (time.perf_counter() - began))


def fill(lending: Leases) -> None:
    """People with a past, all slots held, and a long queue."""
    names = [f"p{number}" for number in range(PEOPLE)]
    past = [
        {"slot": "gpu0", "person": name, "course": "demo", "state": State.STOPPING, "hours": 1.0, "reason": Reason.OVER}
        | {word: BEGIN - timedelta(days=number % 14, hours=2) for word in ("made_at", "since", "busy_at", "began_at")}
        | {word: BEGIN - timedelta(days=number % 14, hours=1) for word in ("until", "ended_at", "freed_at")}
        for number, name in enumerate(names * 3)
    ]
    with lending.store.begin() as connection:
        connection.execute(sql.insert(gpu_hours), [{"person": name, "hours": 2.0, "at": BEGIN} for name in names])
        connection.execute(sql.insert(leases), past)
        waiting = [{"person": name, "course": "demo", "at": BEGIN, "ahead": False} for name in names[-WAITING:]]
        connection.execute(sql.insert(tickets), waiting)
    for number in range(28):
        take(lending, number, BEGIN)


def take(lending: Leases, number: int, now: datetime) -> None:
    """Give a person the slot of their number, as a claim would."""
    about = {"slot": f"gpu{number}", "person": f"p{number}", "course": "demo", "state": State.ACTIVE}
    when = {"made_at": now, "since": now, "until": now + timedelta(hours=3), "busy_at": now, "began_at": now}
    with lending.store.begin() as connection:
        connection.execute(sql.insert(leases).values(**about, **when))


if __name__ == "__main__":
    as_program(main)
