"""What pip says in a server when it finds nothing: real pip, with the environment that the hub gives it."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from campushub_client import packages, pip_words

from hub.serverplan import plan
from hub.settings import Settings
from tests.instance import ROOT

CLIENT = Path(packages.__file__).parents[1]  # in an image it is installed
WAYS = {"pip in a terminal": ["pip"], "%pip in a notebook": ["python", "-m", "pip"]}


def environment(kind: str = "work", **settings: Any) -> dict[str, str]:
    """The variables of pip that a server is started with."""
    hub = Settings.model_validate({"courses": {"nn": {"title": "N"}}, **settings})
    told = plan(hub, "asha", "asha", "nn", kind).environment
    return {name: value for name, value in told.items() if name.startswith("PIP_")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A person's environment, with what the image has in its own."""
    packages.make(tmp_path / "base")
    shutil.copy(ROOT / "images" / "base" / "campushub_pip.pth", packages.site(tmp_path / "base"))
    return tmp_path / "base"


def said(folder: Path, command: list[str], given: Mapping[str, str]) -> tuple[int, str]:
    """A command's status and everything that a person reads, without settings of pip's that this machine has."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    own |= {**packages.variables(folder), "PYTHONPATH": str(CLIENT), "PIP_CONFIG_FILE": os.devnull, **given}
    program = str(folder / "bin" / command[0])
    done = subprocess.run(
        [program, *command[1:]], env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


@pytest.fixture
def mirror() -> Iterator[tuple[str, dict[str, Any]]]:
    """Address and word of a mirror that has no package at all."""
    word: dict[str, Any] = {"why_away": ""}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/state" else 404)
            self.end_headers()
            if self.path == "/state":
                self.wfile.write(json.dumps(word).encode())

        def log_message(self, format: str, *words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/root/pypi/+simple/", word
        server.shutdown()


@pytest.mark.parametrize("way", WAYS)
def test_without_a_mirror_pip_says_at_once_whom_to_ask(folder: Path, way: str) -> None:
    code, text = said(folder, [*WAYS[way], "install", "nothing-of-the-kind"], environment())
    assert code == 1
    assert text.rstrip().endswith(pip_words.NONE)
    assert "Retrying" not in text, "each of these takes seconds"


@pytest.mark.parametrize("way", WAYS)
def test_mirror_without_the_package_and_one_that_is_cut_off_are_told_apart(
    folder: Path, mirror: tuple[str, dict[str, Any]], way: str
) -> None:
    address, word = mirror
    command = [*WAYS[way], "install", "nothing-of-the-kind"]
    assert said(folder, command, {"PIP_INDEX_URL": address})[1].rstrip().endswith(pip_words.NOT_THERE)
    word["why_away"] = "status 500"
    assert said(folder, command, {"PIP_INDEX_URL": address})[1].rstrip().endswith(pip_words.AWAY)


def test_what_pip_tells_of_a_transfer_is_said_plainly() -> None:
    mirror = {"PIP_INDEX_URL": "http://172.30.64.5:8060/root/pypi/+simple/"}
    assert pip_words.sentence("HTTP error 502 while getting http://…", mirror) == pip_words.LOST
    assert pip_words.sentence("<IncompleteDownloadError: incomplete-download>", mirror) == pip_words.LOST
    assert pip_words.sentence("THESE PACKAGES DO NOT MATCH THE HASHES FROM …", mirror) == pip_words.ALTERED
    assert pip_words.sentence("Could not open requirements file", mirror) == ""


def test_what_has_nothing_to_do_with_a_mirror_is_left_to_pip(folder: Path) -> None:
    for words in (["install", "./no-such-file.whl"], ["--version"], ["list"]):
        assert "CampusHub" not in said(folder, ["pip", *words], environment())[1]


def test_python_that_runs_something_else_does_not_load_pip(folder: Path) -> None:
    code, text = said(folder, ["python", "-c", "import sys; print('pip' in sys.modules)", "-m", "pip"], environment())
    assert (code, text) == (0, "False\n")


def test_mirror_is_for_work_and_a_grading_server_has_none() -> None:
    upstream = {"upstream": "https://pypi.org/simple"}
    told = environment(package_mirror=upstream)
    assert told["PIP_INDEX_URL"] == "http://172.30.64.5:8060/root/pypi/+simple/"
    assert told["PIP_TRUSTED_HOST"] == "172.30.64.5"
    assert "PIP_NO_INDEX" not in told
    assert environment("gpu", package_mirror=upstream) == told
    assert "PIP_INDEX_URL" not in (grading := environment("grade", package_mirror=upstream))
    assert grading == environment()
