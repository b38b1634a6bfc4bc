"""How the project's tests are run: which parts there are, what they need, in what order.

Installs the test tools into an environment of their own; never touches a hub that is running.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.etree import ElementTree

from hub import collections
from hub.trouble import Trouble

QUICK = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy", "hub", "tests"),
    ("lint-imports",),
    ("codespell",),
    ("shellcheck", "campushub", ".ci/run"),
    ("ansible-lint", "--offline", "--profile=production", "-q", "ansible"),
)
PYTEST_PARTS = {
    "quick": ("tests/unit",),
    "integration": ("tests/integration",),
    "operation": ("tests/operation",),
    "browser": ("tests/browser",),
    "attacks": ("tests/attacks",),
    "images": ("tests/images",),
    "vm": ("tests/vm",),
    "gpu": ("tests/gpu",),
}
Lanes = tuple[tuple[str, ...], ...]  # that run beside each other, of parts one after the other
# They take about as long as each other. While the first has its quick tests, the second builds the images for both.
LANES: Lanes = (("quick", "integration"), ("browser", "operation"))
CHROMIUM = {"/usr/bin/chromium": "chromium", "/usr/bin/ip": "iproute2"}
NEEDED = {  # by part, Debian's packages by a file that each brings
    "browser": CHROMIUM,
    "attacks": CHROMIUM,
    "gpu": {**CHROMIUM, "/usr/bin/gcc": "gcc", "/usr/include/stdio.h": "libc6-dev"},
}
# Parts in a network namespace of their own, because they start a Docker with bridges and rules beside the machine's, and in
# a mount namespace, because its devices stand where Ansible looks for the machine's. The variable says where the machine's
# network is.
OWN_NETWORK = {"gpu"}
UNSHARED = ("unshare", "--net", "--mount", "--propagation=slave", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
MACHINE_NETWORK = "CAMPUSHUB_TESTS_MACHINE_NETWORK"


def run(root: Path, part: str | None) -> int:
    """Run one part, or all that every machine can run; 0 only when something ran and all of it passed."""
    tools = _tools(root)
    lanes: Lanes = ((part,),) if part else LANES
    parts = [name for lane in lanes for name in lane]
    began = time.monotonic()
    for name in parts:
        if name == "quick" and not _checks_pass(root, tools):
            return 1
        _need(NEEDED.get(name, {}))
    if not _pytest(root, tools, lanes):
        return 1
    count = sum(_count(_report(root, name)) for name in parts)
    print(f"all passed: {count} tests of {', '.join(parts)} in {time.monotonic() - began:.0f} s")
    return 0


def _checks_pass(root: Path, tools: Path) -> bool:
    modules = collections.install(root / "ansible" / "collections.txt", root / ".venv" / "collections")
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ANSIBLE_COLLECTIONS_PATH": str(modules)}
    for tool, *words in QUICK:
        print(f"· {' '.join([tool, *words])}", flush=True)
        if subprocess.run([str(tools / tool), *words], cwd=root, env=environment, check=False).returncode:
            return False
    return True


def _pytest(root: Path, tools: Path, lanes: Lanes) -> bool:
    """Run all lanes, each part on an instance of its own; whether every test passed.

    What the first prints is seen at once, what the others print when they have ended.
    """
    with ExitStack() as stack:
        outputs = [None, *(stack.enter_context(TemporaryFile()) for _ in lanes[1:])]
        with ThreadPoolExecutor(len(lanes)) as threads:
            good = list(threads.map(lambda lane, output: _lane(root, tools, lane, output), lanes, outputs))
        for output in outputs[1:]:
            if output is not None:
                output.seek(0)
                print(output.read().decode(errors="replace"), flush=True)
    return all(good)


def _lane(root: Path, tools: Path, names: tuple[str, ...], output: IO[bytes] | None) -> bool:
    """Run parts one after the other, also behind one that failed; whether all of them passed."""
    passed = [_passes(root, tools, name, output) for name in names]
    return all(passed)


def _passes(root: Path, tools: Path, name: str, output: IO[bytes] | None) -> bool:
    for folder in PYTEST_PARTS[name]:
        if not (root / folder).is_dir():
            raise Trouble(f"there are no tests in {folder}")
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(tools / "python"), "-m", "pytest", f"--junitxml={_report(root, name)}", *PYTEST_PARTS[name]]
    if name in OWN_NETWORK:
        command = [*UNSHARED, *command]
        environment[MACHINE_NETWORK] = f"/proc/{os.getpid()}/ns/net"
    done = subprocess.run(
        command, cwd=root, env=environment, stdout=output, stderr=output and subprocess.STDOUT, check=False
    )
    return done.returncode == 0


def _report(root: Path, name: str) -> Path:
    return root / "test-results" / f"{name}.xml"


def _count(report: Path) -> int:
    """How many tests ran and were not left out."""
    suite = ElementTree.parse(report).getroot().find("testsuite")
    return int(suite.get("tests", 0)) - int(suite.get("skipped", 0)) if suite is not None else 0


def _need(wanted: Mapping[str, str]) -> None:
    """Have Debian's packages, by a file of each, installed when they are not there."""
    missing = [package for file, package in wanted.items() if not Path(file).exists()]
    if not missing:
        return
    if os.geteuid() != 0:
        raise Trouble(f"these tests need {' and '.join(missing)}; run `sudo ./campushub test`, which installs them")
    print(f"· installing {' and '.join(missing)} (once)", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
        if subprocess.run(["apt-get", *words], env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
            raise Trouble(f"{' and '.join(missing)} could not be installed; the lines above say why")


def _tools(root: Path) -> Path:
    """The folder of the test tools' programs, installed when their lock changed."""
    environment, lock = root / ".venv-test", root / "tests" / "requirements.txt"
    installed = environment / "installed.txt"
    if not (installed.exists() and filecmp.cmp(installed, lock, shallow=False)):
        print("· installing the test tools (once)", flush=True)
        python = environment / "bin" / "python"
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(environment)],
            [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)],
        ):
            if subprocess.run(command, cwd=root, check=False).returncode:
                raise Trouble("the test tools could not be installed; the lines above say why")
        shutil.copy(lock, installed)
    return environment / "bin"
