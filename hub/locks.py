"""Locks: which version of every Python package goes into an image, with the hashes of its files.

uv resolves, for the Python and the Debian of the images whatever this machine has, with the package indexes that this
machine's pip uses. What an image's parents have already is left out, and is never changed.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from hub import images
from hub.trouble import Trouble
from hub.wheelhouse import GLIBC, IMAGE_PYTHON, pins


def resolve(
    requirements: str,
    parents: Collection[Path],
    *,
    houses: Collection[Path] = (),
    from_source: Collection[str] = (),
    before: Path | None = None,
) -> str:
    """A lock for requirements, upon the locks of an image's parents; raises Trouble with the reason when there is none.

    Only what is published as a wheel is taken, but for `from_source`. `houses` are folders with wheels of the parents.
    Versions of the lock `before` stay where they can.
    """
    settings, environment = _pip_settings()
    with TemporaryDirectory(prefix="campushub-lock-") as scratch:
        wanted, lock = Path(scratch) / "requirements.in", Path(scratch) / "requirements.txt"
        wanted.write_text(requirements, encoding="utf-8")
        if before is not None and before.exists():
            lock.write_bytes(before.read_bytes())
        command = [
            *(str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--no-config", "--no-header"),
            *("--generate-hashes", f"--python-version={IMAGE_PYTHON}", "--index-strategy=unsafe-best-match"),
            f"--python-platform={platform.machine()}-manylinux_2_{GLIBC}",
            *("--only-binary=:all:", *(f"--no-binary={name}" for name in from_source)),
            *(f"--constraints={path}" for path in parents),
            *(f"--find-links={path}" for path in houses if path.is_dir()),
            *(*settings, f"--output-file={lock}", str(wanted)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=scratch, env=environment)
        if done.returncode:
            raise Trouble("the packages do not go together:\n  " + done.stderr.strip().replace("\n", "\n  "))
        return _without(lock.read_text(encoding="utf-8"), parents)


def _pip_settings() -> tuple[list[str], dict[str, str]]:
    """This machine's own settings of pip as uv's words, and the environment to run uv in."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    settings: dict[str, str] = {}
    for place in ("global", "user", "site", ":env:"):  # what comes later wins
        settings |= dict(re.findall(rf"^{place}\.(\S+?)='(.*)'$", said, re.MULTILINE))
    words = [f"--index-url={settings['index-url']}"] if "index-url" in settings else []
    for name, word in (
        ("extra-index-url", "extra-index-url"),
        ("find-links",) * 2,
        ("trusted-host", "allow-insecure-host"),
    ):
        words += [f"--{word}={one}" for one in settings.get(name, "").split()]
    authorities = {"SSL_CERT_FILE": settings["cert"]} if "cert" in settings else {}
    return words, {**os.environ, **authorities}


def _without(lock: str, parents: Iterable[Path]) -> str:
    """A lock without the packages that the parents have."""
    known = {name for path in parents for name in pins(path.read_text(encoding="utf-8"))}
    kept, leave = [], False
    for line in lock.splitlines():
        if named := re.match(r"([A-Za-z0-9._-]+)==", line):
            leave = named[1] in known
        if not leave:
            kept.append(line)
    return "".join(f"{line}\n" for line in kept)


def main(root: Path, name: str) -> None:
    """Write the lock of an image of images/images.yaml anew, or that of `docs`, with which documentation is made."""
    known = images.read(root)
    folders = [root / "images" / one for one in (images.lineage(known, name) if name in known else [name])]
    lock = folders[-1] / "requirements.txt"
    parents = [path for folder in folders[:-1] if (path := folder / "requirements.txt").exists()]
    text = (folders[-1] / "requirements.in").read_text(encoding="utf-8")
    from_source = known[name].from_source if name in known else ()
    lock.write_text(resolve(text, parents, from_source=from_source, before=lock), encoding="utf-8")


if __name__ == "__main__":
    main(Path(__file__).resolve().parent.parent, sys.argv[1])
