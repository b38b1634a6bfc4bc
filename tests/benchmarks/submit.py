"""`campushub bench submit`: a class hands in within ten seconds; how long until each has a receipt, and whether every one is true.

A whole instance; each student's requests go to the address that their server would use, with a token of their own that the hub has to
vouch for. Some cut the connection once everything is sent and try again, with the same key, as the panel does. Afterwards every receipt
is compared with the rows and with the files on the disk.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import io
import json
import random
import sqlite3
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

from hub.settings_file import load
from tests.benchmarks.grade import ROSTER_HEAD, notebook
from tests.benchmarks.inside import exec_in, tokens
from tests.benchmarks.spawn import as_program, machine, say
from tests.instance import SETTINGS, Instance, running

NAME = "bench"
WITHIN_SECONDS = 10
BYTES = 1_000_000  # of each student's notebook
CUT_EVERY = 10  # one in so many cuts the connection
TRIES, PAUSE_SECONDS = 20, 0.5
SEED = 4711

RELEASE = """
import io, os, sys, tarfile
from datetime import UTC, datetime
from pathlib import Path
from hub.services.state import State
text, packed = sys.stdin.buffer.read(), io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as archive:
    member = tarfile.TarInfo({name!r} + ".ipynb")
    member.size = len(text)
    archive.addfile(member, io.BytesIO(text))
packed.seek(0)
state = State.open(Path(os.environ["CAMPUSHUB_CONFIG"]), "")
state.work.release("demo", {name!r}, packed, due=None, now=datetime.now(UTC))
"""


@dataclass(frozen=True)
class Student:
    """Somebody who hands in: what, at which second, and whether they cut the connection first."""

    name: str
    token: str
    content: bytes
    starts: float
    cuts: bool

    @property
    def packed(self) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo(f"{NAME}.ipynb")
            member.size = len(self.content)
            archive.addfile(member, io.BytesIO(self.content))
        return packed.getvalue()


@dataclass
class Told:
    """What became of one hand-in: the receipt, the seconds until it was there, how often it was tried."""

    student: Student
    receipt: dict[str, Any] | None = None
    seconds: float = float("inf")
    tries: int = 0


@dataclass
class Verdict:
    """The receipts of a round beside what is stored."""

    lost: int = 0  # receipts without a row, or without the files as they were sent
    doubled: int = 0  # rows beyond one for each hand-in, and folders that no row names
    wrong_receipts: int = 0  # receipts that do not say what is stored
    unanswered: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not (self.lost or self.doubled or self.wrong_receipts or self.unanswered)


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--json", action="store_true")
    words.add_argument("--n", type=int, default=150)
    options = words.parse_args()
    began, people = datetime.now(UTC), [f"s{number:03}" for number in range(options.n)]
    roster = ROSTER_HEAD + "".join(f"{name},Student {name},,student,\n" for name in people)
    with running(SETTINGS, {"demo": roster}) as instance:
        exec_in(instance, "service", RELEASE.format(name=NAME), notebook("").encode())
        students = class_of(tokens(instance, people))
        say(f"{options.n} hand in within {WITHIN_SECONDS} s")
        told = hand_in_all(instance, students)
        verdict = compare(instance, told)
    for line in verdict.said:
        say(line)
    figures = as_data(options.n, told, verdict, machine(began))
    sys.stdout.write((json.dumps(figures, indent=2) if options.json else "\n".join(lines(figures))) + "\n")
    return 0 if verdict.ok else 1


def as_data(count: int, told: Sequence[Told], verdict: Verdict, where: Mapping[str, str]) -> dict[str, Any]:
    seconds = sorted(one.seconds for one in told)
    return {
        "name": "submit",
        "n": count,
        "conditions": {
            "measured": "from a student's first byte until their receipt has been read, tries again included",
            "load": f"{BYTES} bytes each, started within {WITHIN_SECONDS} s at random moments (seed {SEED}), every "
            f"{CUT_EVERY}th cuts the connection once all is sent; students' requests are made on the same cores",
            **where,
        },
        "ours": {
            "lost": verdict.lost,
            "doubled": verdict.doubled,
            "wrong_receipts": verdict.wrong_receipts,
            "unanswered": verdict.unanswered,
            "p50_s": round(percentile(seconds, 50), 3),
            "p99_s": round(percentile(seconds, 99), 3),
            "slowest_s": round(seconds[-1], 3),
            "tries": sum(one.tries for one in told),
        },
    }


def lines(told: Mapping[str, Any]) -> list[str]:
    """What a person reads."""
    rows = [f"{key.replace('_', ' '):<18}{value}" for key, value in told["ours"].items()]
    return [*rows, "", *(f"{key}: {value}" for key, value in told["conditions"].items())]


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent are not above (nearest rank)."""
    return ordered[ceil(percent / 100 * len(ordered)) - 1]


# -- the class ---------------------------------------------------------------------------------------------------------


def class_of(given: Mapping[str, str]) -> list[Student]:
    chosen = random.Random(SEED)
    return [
        Student(name, token, a_notebook(chosen), chosen.uniform(0, WITHIN_SECONDS), number % CUT_EVERY == 0)
        for number, (name, token) in enumerate(given.items())
    ]


def a_notebook(chosen: random.Random) -> bytes:
    """The assignment with a picture among its outputs, nobody else's and of the size that is measured with."""
    document = json.loads(notebook("def answer(): return 42"))
    picture = chosen.randbytes((BYTES - len(json.dumps(document))) // 2).hex()
    document["cells"][1]["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}]
    return json.dumps(document).encode()


def hand_in_all(instance: Instance, students: Sequence[Student]) -> list[Told]:
    address = f"{load(instance.config).address('service')}:8010"
    with ThreadPoolExecutor(len(students)) as pool:
        began = time.monotonic() + 1
        return list(pool.map(lambda student: hand_in(address, student, began), students))


def hand_in(address: str, student: Student, began: float) -> Told:
    """One student's hand-in, until there is a receipt or it was tried too often."""
    told, packed = Told(student), student.packed
    time.sleep(max(0, began + student.starts - time.monotonic()))
    started = time.monotonic()
    while told.tries < TRIES and told.receipt is None:
        told.tries += 1
        try:
            told.receipt = send(address, student, packed, cut=student.cuts and told.tries == 1)
        except (OSError, http.client.HTTPException, ValueError):
            time.sleep(PAUSE_SECONDS)
        told.seconds = time.monotonic() - started
    return told


def send(address: str, student: Student, packed: bytes, *, cut: bool) -> dict[str, Any] | None:
    """One request; none when the connection is cut before its answer. Raises OSError, HTTPException and ValueError."""
    connection = http.client.HTTPConnection(address, timeout=60)
    headers = {"Authorization": f"token {student.token}", "Idempotency-Key": f"bench-{student.name}"}
    try:
        connection.request("PUT", f"/courses/api/assignments/demo/{NAME}/submission", packed, headers)
        if cut:
            return None
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 201:
            raise OSError(f"{answer.status}: {text[:200]!r}")
        receipt: dict[str, Any] = json.loads(text)
        return receipt
    finally:
        connection.close()


# -- the comparison ----------------------------------------------------------------------------------------------------


def compare(instance: Instance, told: Sequence[Told]) -> Verdict:
    """Every receipt beside its row and its files."""
    with sqlite3.connect(f"file:{instance.data}/service/store.sqlite?mode=ro", uri=True) as store:
        store.row_factory = sqlite3.Row
        rows = [dict(row) for row in store.execute("select * from submissions where assignment = ?", [NAME])]
    top, verdict = instance.data / "service" / "submissions", Verdict()
    folders = {path.name for path in top.iterdir()}
    by_id = {row["id"]: row for row in rows}
    verdict.doubled = sum(count - 1 for count in Counter(row["key"] for row in rows).values())
    verdict.doubled += len(folders - set(by_id))
    for one in told:
        judge(one, by_id, top, verdict)
    return verdict


def judge(told: Told, rows: Mapping[str, dict[str, Any]], top: Path, verdict: Verdict) -> None:
    receipt, sent = told.receipt, hashlib.sha256(told.student.content).hexdigest()
    if receipt is None:
        verdict.unanswered += 1
        return
    row, file = rows.get(receipt["submission"]), top / receipt["submission"] / f"{NAME}.ipynb"
    if row is None or not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != sent:
        verdict.lost += 1
        verdict.said.append(f"lost: {receipt}")
        return
    stored = {**row, "submission": row["id"], "late": bool(row["late"]), "files": json.loads(row["files"])}
    same = all(moment(receipt[key]) == moment(stored[key]) for key in RECEIPT)
    files = [{"path": f"{NAME}.ipynb", "size": len(told.student.content), "sha256": sent}]
    if not same or receipt["files"] != files or receipt["person"] != told.student.name:
        verdict.wrong_receipts += 1
        verdict.said.append(f"wrong: {receipt} for {stored}")


RECEIPT = ("submission", "course", "assignment", "person", "attempt", "at", "due", "late", "files")


def moment(value: Any) -> Any:
    """A value of a receipt or of a row, times as times."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value


if __name__ == "__main__":
    as_program(main)
