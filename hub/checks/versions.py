"""Versions with known holes, read from what really runs: inside the images, and of the machine's own packages.

Floors are design.md's. Debian mends its runc without taking upstream's number; what its package mends stands in the
package's own list of changes on the machine, which is asked before the number is.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hub import image_record
from hub.checks import UP, Examined, Finding, Note
from hub.gpu_machine import TOOLKIT_FLOOR

FLOORS = {
    "jupyterhub": "5.5.1",
    "jupyter_server": "2.18.0",
    "jupyter-server-proxy": "4.1.1",
    "dockerspawner": "14",
}
LIST = """
import importlib.metadata as known, json, sys
print(json.dumps({name: known.version(name) for name in sys.argv[1:]
                  if any(known.distributions(name=name))}))
"""
RUNC_FLOORS = ((1, 2, 8), (1, 3, 3))  # of each line of releases
RUNC_HOLES = ("CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881")  # moby/moby#51393: full container breakouts
DOCS = Path("/usr/share/doc")


def versions(examined: Examined) -> Iterator[Finding | Note]:
    record = image_record.read(examined.settings.folders.images)
    for name in ("hub", *examined.settings.images):
        if name in record and examined.engine.image(record[name]["tag"]) is not None:
            said = examined.engine.run_once(record[name]["tag"], ["python", "-c", LIST, *FLOORS])
            yield from below_floors(name, json.loads(said.strip().splitlines()[-1]))
    yield from runc(shutil.which("runc") or "/usr/sbin/runc", DOCS)
    for package in ("nvidia-container-toolkit-base", "nvidia-container-toolkit"):
        toolkit = _installed(package)
        if toolkit and _is_older(toolkit, TOOLKIT_FLOOR):
            yield Finding(
                f"{package} {toolkit} has known holes; {TOOLKIT_FLOOR} is the first without them.",
                f"dpkg-query -W {package}",
                f"`{UP}` where the settings declare GPUs; otherwise `sudo apt-get remove {package}`",
            )


def below_floors(image: str, found: dict[str, str]) -> Iterator[Finding]:
    for name, version in found.items():
        if _is_older(version, FLOORS[name]):
            yield Finding(
                f"{name} {version} in the image '{image}' has known holes; {FLOORS[name]} is the first without them.",
                f"importlib.metadata in the image '{image}'",
                f"Take a newer CampusHub (`git pull`), or raise it in images/{image}/requirements.in; then `{UP}`",
            )


def runc(program: str, docs: Path) -> Iterator[Finding | Note]:
    """Whether the program that makes containers lets them out."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"runc version (\d+)\.(\d+)\.(\d+)", done.stdout)
    if match is None or _is_upstream_mended(tuple(map(int, match.groups()))):
        return
    package = _package_of(program)
    open_holes = [hole for hole in RUNC_HOLES if hole not in _changes(docs, package)]
    if not open_holes:
        return
    holes, version = ", ".join(open_holes), _installed(package)
    newer = _candidate(package)
    if newer and version and _is_older(version, newer):
        yield Finding(
            f"runc {version or match[0]} lets code out of containers ({holes}), and a newer one waits.",
            f"{program} --version; apt-cache policy {package}: {newer}",
            f"`sudo apt-get install --only-upgrade {package}`, then `sudo systemctl restart docker` when nobody works",
        )
    elif package == "runc":
        yield Note(
            f"Debian's runc {version} does not name {holes} among what it mends (its changelog), and Debian offers no newer "
            "one here. Upstream: 1.2.8, 1.3.3. See security-tracker.debian.org/tracker/source-package/runc."
        )
    else:
        yield Finding(
            f"{match[0]} lets code out of containers ({holes}); 1.2.8 and 1.3.3 do not.",
            f"{program} --version, of the package {package or '(none)'}",
            "Take a newer one from where it came from, then restart Docker when nobody works.",
        )


def _is_upstream_mended(version: tuple[int, ...]) -> bool:
    return any(version >= floor and version[:2] == floor[:2] for floor in RUNC_FLOORS) or version > RUNC_FLOORS[-1]


def _package_of(program: str) -> str:
    done = subprocess.run(["dpkg-query", "-S", program], capture_output=True, text=True, check=False)
    return done.stdout.partition(":")[0]


def _changes(docs: Path, package: str) -> str:
    """What a package's own list of changes says; nothing where documentation is not installed."""
    path = docs / package / "changelog.Debian.gz"
    return gzip.decompress(path.read_bytes()).decode(errors="replace") if package and path.exists() else ""


def _installed(package: str) -> str:
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    status, _, version = done.stdout.partition(" ")
    return version if done.returncode == 0 and status == "installed" else ""


def _candidate(package: str) -> str:
    done = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False)
    match = re.search(r"Candidate: (\S+)", done.stdout)
    return match[1] if match and match[1] != "(none)" else ""


def _is_older(version: str, floor: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", version, "lt", floor], check=False).returncode == 0
