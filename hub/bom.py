"""A bill of materials of an image: every Debian and Python package in it, in CycloneDX's form (ecma-international.org, 424).

Read out of the image itself; the hashes of Python's packages are the lock's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub.adapters.engine import Engine
from hub.images import Image, lineage

LIST = r"""
import importlib.metadata, json, subprocess
python = sorted({(one.metadata["Name"], one.version) for one in importlib.metadata.distributions()})
form = "${Package}\t${Version}\t${Architecture}\n"
debian = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True).stdout
print(json.dumps({"python": python, "debian": [line.split("\t") for line in debian.splitlines()]}))
"""


def of(root: Path, engine: Engine, tag: str, image: Image, images: Mapping[str, Image]) -> dict[str, Any]:
    """The bill of an image that is on this machine. Raises Trouble when it is not."""
    found = json.loads(engine.run_once(tag, ["python3", "-c", LIST]).strip().splitlines()[-1])
    hashes: dict[str, list[str]] = {}
    for name in lineage(images, image.name):
        hashes |= _hashes(root / "images" / name / "requirements.txt")
    parts = [_debian(*one) for one in found["debian"]]
    parts += [_python(name, version, hashes.get(f"{_plain(name)}=={version}", [])) for name, version in found["python"]]
    here = engine.image(tag)
    properties = [{"name": "campushub:image-id", "value": here.id}] if here else []
    about = {"type": "container", "name": tag.split(":")[0], "version": tag.split(":")[1], "bom-ref": tag}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": about, "properties": properties},
        "components": parts,
    }


def _debian(name: str, version: str, architecture: str) -> dict[str, Any]:
    purl = f"pkg:deb/debian/{name}@{quote(version)}?arch={architecture}&distro=debian-12"
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


def _python(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    purl = f"pkg:pypi/{_plain(name)}@{quote(version)}"
    part: dict[str, Any] = {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}
    if hashes:  # of every file of this version that the lock allows, of which this machine has taken one
        allowed = [{"alg": "SHA-256", "content": value} for value in hashes]
        url = f"https://pypi.org/project/{_plain(name)}/{version}/"
        part["externalReferences"] = [{"type": "distribution", "url": url, "hashes": allowed}]
    return part


def _hashes(lock: Path) -> dict[str, list[str]]:
    """The hashes of a lock by `name==version`."""
    found: dict[str, list[str]] = {}
    pin = ""
    for line in lock.read_text(encoding="utf-8").splitlines() if lock.exists() else ():
        if named := re.match(r"([A-Za-z0-9._-]+)==([^ \\]+)", line):
            pin = f"{_plain(named[1])}=={named[2]}"
        found.setdefault(pin, []).extend(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
