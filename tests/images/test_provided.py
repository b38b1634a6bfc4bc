"""What a course provides, in the image with the frameworks: libraries find it without a network and without a copy a student.

The tables and weights are stand-ins; Fashion-MNIST is the true one, from Debian's package.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.instance import ROOT

HOST = "https://data.example.org"
SEABORN = "https://raw.githubusercontent.com/mwaskom/seaborn-data/master/penguins.csv"
FASHION = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
WEIGHTS = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
RUNNER = ROOT / "tests" / "images" / "provided_server.py"
SENTENCE = "is not on the campus machine, and nothing outside it can be reached from here. Ask your instructor"
HOMES = {  # how a home can be, and how the container is then run
    "a home": ["--tmpfs", "/home/jovyan:uid=1000"],
    "a home that cannot be written": ["--read-only"],
    "a full home": ["--tmpfs", "/home/jovyan:uid=1000,nr_inodes=1"],
    "a grading sandbox": [
        "--read-only",
        "--cap-drop=ALL",
        "--user=65534:65534",
        "--workdir=/tmp",
        "-e",
        "HOME=/tmp/home",
    ],
}
NEED_ROOM = dict.fromkeys(  # scikit-learn makes its folder first, and says that it cannot
    ("a home that cannot be written", "a full home"), ("sklearn_missing", "openml_missing")
)
START = """
import os, subprocess, sys, time
without = {**os.environ, "CAMPUSHUB_DATA": ""}
took = {"with": [], "without": []}
for _ in range(30):
    for name, environment in (("with", dict(os.environ)), ("without", without)):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], env=environment, check=True)
        took[name].append(time.perf_counter() - began)
print(min(took["with"]) - min(took["without"]))
"""


def run(image: str, data: Path, *words: str, options: list[str]) -> str:
    """A container without a network, with the data read-only; the last line that it prints."""
    mounts = ["-v", f"{RUNNER}:/runner.py:ro", "-v", f"{data}:/data:ro", "--tmpfs", "/tmp"]
    command = ["docker", "run", "--rm", "--network", "none", *mounts, *options, image, "python", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def entry(name: str, file: str, library: str | None, *urls: str) -> dict[str, Any]:
    return {"name": name, "path": f"{name}/{file}", "urls": urls, "library": library, "unpacked": False}


def tree(name: str, file: str, library: str, url: str) -> dict[str, Any]:
    return {**entry(name, file, library, url), "path": name, "archive": f".archives/{file}", "unpacked": True}


@pytest.fixture(scope="session")
def data(tags: Mapping[str, str], fashion: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for a course's data."""
    folder = tmp_path_factory.mktemp("provided") / "data"
    texts = {"penguins/penguins.csv": "species,island,sex\nA,B,Male\n", "table/table.csv": "a,b\n1,ä\n"}
    for path, text in {**texts, f"net/{WEIGHTS}": "weights"}.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text, encoding="utf-8")
    entries = [
        entry("penguins", "penguins.csv", "seaborn", SEABORN),
        entry("table", "table.csv", None, f"{HOST}/table.csv"),
        entry("net", WEIGHTS, "keras-models"),
        entry("checkpoint", "standin-0a1b2c3d.pth", "torch-checkpoints"),
        tree("nets", "nets.zip", "torch-hub", "https://github.com/example/nets/archive/refs/heads/main.zip"),
        tree("photos", "photos.tgz", "keras-datasets", f"{HOST}/photos.tgz"),
    ]
    for number, file in enumerate(sorted(fashion.iterdir())):
        (folder / f"fashion-{number}").mkdir()
        shutil.copy(file, folder / f"fashion-{number}")
        entries.append(entry(f"fashion-{number}", file.name, "keras-datasets", f"{FASHION}/{file.name}"))
    (folder / "checkpoint").mkdir()
    (folder / ".campushub.json").write_text(json.dumps({"entries": entries}), encoding="utf-8")
    folder.chmod(0o755)
    command = ["docker", "run", "--rm", "--network=none", "--user=0", "-v", f"{RUNNER}:/runner.py:ro"]
    words = ["-v", f"{folder}:/data", tags["deep-learning"], "python", "/runner.py", "prepare"]
    subprocess.run([*command, *words], check=True)
    return folder


def outcomes(image: str, data: Path, options: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(image, data, "/runner.py", options=options))
    return found


FOUND: dict[str, Any] = {
    "pandas_table": ["ä"],
    "requests_table": [200, "a,b\n1,ä\n"],
    "urllib_table": True,
    "seaborn_table": [["species", "island", "sex"], ["penguins"]],
    "fashion": [[60000, 28, 28], [10000, 28, 28], 270000],
    "keras_file": [True, "a,b\n1,ä\n"],
    "keras_tree": [True, True, "miau"],
    "keras_weights": f"/data/net/{WEIGHTS}",
    "torch_checkpoint": [1.0, 1.0, 1.0],
    "torch_download": "a,b\n1,ä\n",
    "torch_repository": [7, 7],
}


@pytest.mark.parametrize("home", HOMES)
def test_libraries_find_what_is_provided_and_refuse_the_rest_at_once(
    tags: Mapping[str, str], data: Path, home: str
) -> None:
    told = outcomes(tags["deep-learning"], data, ["-e", "CAMPUSHUB_DATA=/data", *HOMES[home]])
    tried = told["outcomes"]
    assert {name: one.get("found", one.get("said")) for name, one in tried.items() if name in FOUND} == FOUND
    missing = {name: one for name, one in tried.items() if name not in {*FOUND, *NEED_ROOM.get(home, ())}}
    assert [name for name, one in missing.items() if SENTENCE not in one["said"]] == []
    assert all(one["seconds"] < 2 for one in missing.values()), "nothing waits, or asks again and again"
    assert told["bytes_in_home"] < 1_000_000, "31 MB of data and nothing of them copied"


def test_without_what_is_provided_every_attempt_fails(tags: Mapping[str, str], data: Path) -> None:
    told = outcomes(tags["deep-learning"], data, HOMES["a home"])
    assert [name for name, one in told["outcomes"].items() if one["good"]] == []


def test_a_start_of_python_costs_next_to_nothing_more(tags: Mapping[str, str], data: Path) -> None:
    more = float(run(tags["base"], data, "-c", START, options=["-e", "CAMPUSHUB_DATA=/data"]))
    assert more < 0.002  # seconds


def test_git_of_the_image_refuses_with_a_sentence(tags: Mapping[str, str]) -> None:
    settings = [
        "GIT_CONFIG_COUNT=1",
        "GIT_CONFIG_KEY_0=url.campushub::https://.insteadOf",
        "GIT_CONFIG_VALUE_0=https://",
    ]
    options = [word for one in settings for word in ("-e", one)]
    words = [*options, tags["base"], "bash", "-lc", "git ls-remote https://github.com/o/r"]
    done = subprocess.run(
        ["docker", "run", "--rm", "--network=none", *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, SENTENCE in done.stderr) == (128, True)
