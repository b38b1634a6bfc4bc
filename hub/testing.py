"""How the project's tests are run: which parts there are, what they need, in what order.

Installs the test tools into an environment of their own; never touches a hub that is running.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from hub.trouble import Trouble

QUICK = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy", "hub"),
    ("lint-imports",),
)
PYTEST_PARTS = {
    "quick": ("tests/unit",),
    "integration": ("tests/integration",),
    "browser": ("tests/browser",),
    "attacks": ("tests/attacks",),
    "images": ("tests/images",),
    "vm": ("tests/vm",),
    "gpu": ("tests/gpu",),
}
ALL = ("quick", "integration", "browser")


def run(root: Path, part: str | None) -> int:
    """Run one part, or all that every machine can run; 0 only when something ran and all of it passed."""
    tools = _tools(root)
    parts = [part] if part else [name for name in ALL if (root / PYTEST_PARTS[name][0]).is_dir()]
    if "quick" in parts:
        for tool, *words in QUICK:
            print(f"· {' '.join([tool, *words])}", flush=True)
            if subprocess.run([str(tools / tool), *words], cwd=root, check=False).returncode:
                return 1
    if {"browser", "attacks"} & set(parts):
        _need_chromium()
    folders = [folder for name in parts for folder in PYTEST_PARTS[name]]
    for folder in folders:
        if not (root / folder).is_dir():
            raise Trouble(f"there are no tests in {folder}")
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    command: list[str] = [str(tools / "python"), "-m", "pytest", *folders]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


def _need_chromium() -> None:
    """Debian's Chromium, installed when it is not there."""
    if Path("/usr/bin/chromium").exists():
        return
    if os.geteuid() != 0:
        raise Trouble("the browser tests need Chromium; run `sudo ./campushub test`, which installs it")
    print("· installing Chromium (once)", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        if subprocess.run(["apt-get", *words], env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
            raise Trouble("Chromium could not be installed; the lines above say why")


def _tools(root: Path) -> Path:
    """The folder of the test tools' programs, installed when their lock changed."""
    environment, lock = root / ".venv-test", root / "tests" / "requirements.txt"
    installed = environment / "installed.txt"
    if not (installed.exists() and filecmp.cmp(installed, lock, shallow=False)):
        print("· installing the test tools (once)", flush=True)
        python = environment / "bin" / "python"
        for command in (
            [sys.executable, "-m", "venv", str(environment)],
            [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)],
        ):
            if subprocess.run(command, cwd=root, check=False).returncode:
                raise Trouble("the test tools could not be installed; the lines above say why")
        shutil.copy(lock, installed)
    return environment / "bin"
