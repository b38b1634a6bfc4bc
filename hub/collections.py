"""Ansible's collections without Galaxy, which a campus machine may not reach: taken out of the `ansible` package."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.wheelhouse import pip

NEEDED = ("community/docker", "community/library_inventory_filtering_v1")


def install(lock: Path, target: Path) -> Path:
    """The folder of the collections, filled when this lock was not installed there yet."""
    stamp = target / "lock.txt"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return target
    sys.stderr.write("campushub: fetching Ansible's collections (once) …\n")
    with TemporaryDirectory(prefix="campushub-collections-") as scratch:
        pip("download", "--quiet", "--no-deps", "--require-hashes", f"--dest={scratch}", f"--requirement={lock}")
        with zipfile.ZipFile(next(Path(scratch).glob("ansible-*.whl"))) as archive:
            prefixes = tuple(f"ansible_collections/{name}/" for name in NEEDED)
            archive.extractall(target, [name for name in archive.namelist() if name.startswith(prefixes)])
    stamp.write_bytes(lock.read_bytes())
    return target
