"""`campushub bench material`: a class opens its material at once, for the first time and after it has changed; and one student's first time with 2 GB of history.

Containers of our own image, each with a home of its own and the course's repository mounted read-only. Ours beside stock
nbgitpuller with the same repository as a plain path, in the same containers and in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import docker

from hub.adapters import repos
from tests.benchmarks.spawn import as_program, machine, say
from tests.benchmarks.start import our_image
from tests.benchmarks.stock import LABEL
from tests.benchmarks.submit import percentile

INSIDE = "/srv/material/nn.git"
FILES, FILE_BYTES, OLDER = 10, 500_000, 4  # 5 MB now, and four earlier versions of the same
AHEAD_SECONDS = 2.0
HISTORY = "history"
ROUNDS = ("first", "unchanged", "changed")
HISTORY_MB, COMMIT_MB = 2000, 10  # of the repository that is years old; each of its commits replaces ten files of 1 MB

# Waits until it is told a time, pulls at that time, says how long it took; one line for each pull.
INSIDE_PROGRAM = """
import json, sys, time
from campushub_client.puller import Puller
from nbgitpuller.pull import GitPuller
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    time.sleep(max(0, asked["at"] - time.time()))
    began = time.monotonic()
    try:
        kind = Puller if asked["side"] == "ours" else GitPuller
        list(kind(asked["url"], "/home/jovyan/" + asked["side"], branch="main").pull())
        print(json.dumps({"seconds": time.monotonic() - began}), flush=True)
    except Exception as trouble:
        print(json.dumps({"trouble": repr(trouble)}), flush=True)
"""
SIDES = {"ours": f"file://{INSIDE}", "stock": INSIDE}
EDIT = "import pathlib; [p.write_text('mine') for p in pathlib.Path('/home/jovyan').glob('*/lesson-3.bin')]"
SIZE = "du -sk /home/jovyan/{side} | cut -f1"


@dataclass
class Side:
    """One of the two and what was measured of it: seconds of each student in each round."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in (*ROUNDS, HISTORY)})
    megabytes: float = 0
    history_first_s: float | None = None
    history_megabytes: float = 0
    failures: int = 0


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--json", action="store_true")
    words.add_argument("--n", type=int, default=30)
    words.add_argument("--history-mb", type=int, default=HISTORY_MB)
    options = words.parse_args()
    began, sides = datetime.now(UTC), {name: Side() for name in SIDES}
    with TemporaryDirectory(prefix="campushub-bench-", dir="/var/tmp") as scratch:
        repository = Repository(Path(scratch))
        with _class_of(options.n, our_image(), Path(scratch), repository.bare) as students:
            for round_ in ROUNDS:
                if round_ == "changed":
                    repository.change()
                    for student in students:
                        student.inside("python", "-c", EDIT)
                for name, side in list(sides.items())[:: -1 if round_ == "unchanged" else 1]:
                    _pull(students, round_, name, side)
            for name, side in sides.items():
                side.megabytes = students[0].megabytes(name)
    with TemporaryDirectory(prefix="campushub-bench-", dir="/var/tmp") as scratch:
        old = Old(Path(scratch), options.history_mb)
        with _class_of(1, our_image(), Path(scratch), old.bare) as students:
            for name, side in sides.items():
                _pull(students, HISTORY, name, side)
                side.history_first_s = round(side.seconds[HISTORY][0], 3) if side.seconds[HISTORY] else None
                side.history_megabytes = students[0].megabytes(name)
    told = as_data(options.n, sides, began)
    told["ours"] |= {"history_mirrored_s": old.whole_s, "history_usable_s": old.usable_s}
    told["conditions"]["history"] = (
        f"{options.history_mb} MB in commits of {COMMIT_MB} MB that do not compress, from a source on the same disk; one student"
    )
    sys.stdout.write((json.dumps(told, indent=2) if options.json else "\n".join(lines(told))) + "\n")
    return 1 if any(side.failures for side in sides.values()) else 0


class Repository:
    """The course's repository: what an instructor works in, and the hub's copy that servers are given."""

    def __init__(self, scratch: Path) -> None:
        self.work, self.bare = scratch / "work", scratch / "nn.git"
        self.work.mkdir()
        _git("init", "--quiet", "--initial-branch=main", str(self.work))
        for _ in range(OLDER + 1):
            for number in range(FILES):
                (self.work / f"lesson-{number}.bin").write_bytes(os.urandom(FILE_BYTES))
            self._commit()
        repos.mirror(str(self.work), "main", self.bare)

    def change(self) -> None:
        """Two files anew, one of them edited by every student too."""
        for number in (3, 4):
            (self.work / f"lesson-{number}.bin").write_bytes(os.urandom(FILE_BYTES))
        self._commit()
        repos.mirror(str(self.work), "main", self.bare)

    def _commit(self) -> None:
        _git("-C", str(self.work), "add", "--all")
        _git("-C", str(self.work), "commit", "--quiet", "--message=x")


class Old:
    """A repository with much history, and how long the hub's copy took: until it was of use, and until it was whole."""

    def __init__(self, scratch: Path, megabytes: int) -> None:
        source, self.bare = scratch / "source.git", scratch / "nn.git"
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(source))
        command = ["git", "-C", str(source), "-c", "core.compression=0", "fast-import", "--quiet", "--depth=0"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as writer:
            assert writer.stdin
            for number in range(megabytes // COMMIT_MB):
                writer.stdin.write(b"commit refs/heads/main\ncommitter B <b@localhost> %d +0000\ndata 1\nx\n" % number)
                for file in range(COMMIT_MB):
                    writer.stdin.write(b"M 644 inline lesson-%d.bin\ndata 1000000\n" % file)
                    writer.stdin.write(os.urandom(1_000_000) + b"\n")
        assert writer.returncode == 0
        began = time.monotonic()
        with ThreadPoolExecutor(1) as thread:
            mirrored = thread.submit(repos.mirror, f"file://{source}", "main", self.bare)
            while not (self.bare / "HEAD").exists() and not mirrored.done():
                time.sleep(0.02)
            self.usable_s = round(time.monotonic() - began, 2)
            mirrored.result()
        self.whole_s = round(time.monotonic() - began, 2)


def _git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=B", "-c", "user.email=b@localhost", *words], check=True)


@dataclass
class Student:
    """A container with a program that waits for the word to pull."""

    container: Any
    program: subprocess.Popen[str]

    def inside(self, *command: str) -> str:
        code, said = self.container.exec_run(list(command))
        assert code == 0, said
        return str(said.decode())

    def megabytes(self, side: str) -> float:
        """What this side's pulls left in the home."""
        return round(int(self.inside("sh", "-c", SIZE.format(side=side))) / 1024, 1)

    def begin(self, asked: Mapping[str, Any]) -> None:
        assert self.program.stdin
        self.program.stdin.write(json.dumps(asked) + "\n")
        self.program.stdin.flush()

    def line(self) -> str:
        assert self.program.stdout
        return self.program.stdout.readline()


@contextmanager
def _class_of(count: int, image: str, scratch: Path, bare: Path) -> Iterator[list[Student]]:
    client = docker.from_env(timeout=120)
    students: list[Student] = []
    try:
        for number in range(count):
            home = scratch / f"home-{number}"
            home.mkdir()
            shutil.chown(home, 1000, 1000)
            volumes = {str(home): {"bind": "/home/jovyan"}, str(bare): {"bind": INSIDE, "mode": "ro"}}
            container = client.containers.run(
                image, ["sleep", "infinity"], detach=True, init=True, volumes=volumes, labels={LABEL: "material"}
            )
            command = ["docker", "exec", "-i", str(container.id), "python", "-c", INSIDE_PROGRAM]
            program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            students.append(Student(container, program))
        for student in students:
            assert student.line() == "ready\n"
        yield students
    finally:
        for student in students:
            student.program.kill()
            student.program.communicate()
            student.container.remove(force=True, v=True)
        client.close()


def _pull(students: Sequence[Student], round_: str, name: str, side: Side) -> None:
    """All at the same time."""
    asked = {"side": name, "url": SIDES[name], "at": time.time() + AHEAD_SECONDS}
    for student in students:
        student.begin(asked)
    for student in students:
        told = json.loads(student.line() or '{"trouble": "the program ended"}')
        if "seconds" in told:
            side.seconds[round_].append(told["seconds"])
        else:
            side.failures += 1
            say(f"{name}, {round_}: {told['trouble']}")
    if side.seconds[round_]:
        say(f"{name}, {round_}: p95 {percentile(sorted(side.seconds[round_]), 95):.2f} s")


def as_data(count: int, sides: Mapping[str, Side], began: datetime) -> dict[str, Any]:
    """The object that `--json` prints. `p95_s` is of the first pull, the longest of the three."""
    told: dict[str, Any] = {"name": "material", "n": count}
    for name, side in sides.items():
        told[name] = {"megabytes": side.megabytes, "failures": side.failures}
        told[name] |= {"history_first_s": side.history_first_s, "history_megabytes": side.history_megabytes}
        for round_ in ROUNDS:
            ordered, start = sorted(side.seconds[round_]), "" if round_ == "first" else f"{round_}_"
            for percent in (50, 95):
                told[name][f"{start}p{percent}_s"] = round(percentile(ordered, percent), 3) if ordered else None
    told["conditions"] = {
        "measured": f"{count} containers pull at the same time, from the constructor to the end of the pull",
        "material": f"{FILES * FILE_BYTES / 1e6:g} MB in {FILES} files that do not compress, "
        f"with {OLDER} earlier versions of all; then two files change, one of which everybody has edited",
        "stock": "nbgitpuller as it comes, from the same repository as a plain path",
        **machine(began),
    }
    return told


def lines(told: Mapping[str, Any]) -> list[str]:
    """What a person reads."""
    rows = [
        f"{name:6} first {side['p95_s']} s, unchanged {side['unchanged_p95_s']} s, changed {side['changed_p95_s']} s (p95); "
        f"{side['megabytes']} MB in a home; with long history {side['history_first_s']} s, {side['history_megabytes']} MB; "
        f"{side['failures']} failures"
        for name in SIDES
        for side in (told[name],)
    ]
    old = f"the copy with long history: of use after {told['ours']['history_usable_s']} s, whole after {told['ours']['history_mirrored_s']} s"
    return [*rows, old, "", *(f"{key}: {value}" for key, value in told["conditions"].items())]


if __name__ == "__main__":
    as_program(main)
