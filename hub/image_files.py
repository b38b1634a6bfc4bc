"""Images as files on a disk or in a registry, and away with those that nobody uses.

A machine without a network gets its images on a disk: each is one file, `docker save` through zstd, beside a manifest that
says what it must be. Nothing is loaded that is not what the manifest says.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from hub import image_record, images
from hub.adapters.engine import Engine
from hub.durable import write_durably
from hub.folders import Folders
from hub.trouble import Trouble

Report = Callable[[str], None]

MANIFEST = "images.json"


def save(root: Path, folder: Path, names: Iterable[str], *, report: Report) -> None:
    """Write built images (all when none is named) to files of a folder; those that are there already stay."""
    _need_zstd()
    engine = Engine.connect()
    there = {one["name"]: one for one in images.listed(root, engine) if one["size"]}
    wanted = list(names) or list(there)
    if missing := [name for name in wanted if name not in there]:
        raise Trouble(f"not built: {', '.join(missing)}; `sudo ./campushub images build` makes them")
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _manifest(folder) if (folder / MANIFEST).exists() else {}
    for name in wanted:
        one, file = there[name], folder / f"{name}-{there[name]['content']}.tar.zst"
        found = engine.image(one["tag"])
        if found is None or (manifest.get(name, {}).get("id") == found.id and file.exists()):
            report(f"image {name}: there already")
            continue
        _write(engine, one["tag"], file)
        manifest[name] = {"tag": one["tag"], "id": found.id, "file": file.name, "sha256": _digest(file)}
        text = json.dumps(manifest, indent=2) + "\n"
        write_durably(folder / MANIFEST, text.encode(), mode=0o644)
        report(f"image {name}: {file.stat().st_size / 1e6:.0f} MB in {file}")


def load(root: Path, folder: Path, names: Iterable[str], *, report: Report) -> None:
    """Take images (all when none is named) out of a folder that `save` has written; raises Trouble for an altered file."""
    _need_zstd()
    engine, manifest = Engine.connect(), _manifest(folder)
    wanted = list(names) or list(manifest)
    if missing := [name for name in wanted if name not in manifest]:
        raise Trouble(f"not in {folder}: {', '.join(missing)}; there is: {', '.join(manifest)}")
    current = {one["name"]: one["tag"] for one in images.listed(root, engine)}
    for name in wanted:
        one = manifest[name]
        if current.get(name) != one["tag"]:
            report(f"image {name}: not loaded; it was saved by another version of CampusHub ({one['tag']})")
            continue
        found = engine.image(one["tag"])
        if found is None or found.id != one["id"]:
            _read(engine, folder / one["file"], one)
        report(f"image {name}: there")


def _need_zstd() -> None:
    if shutil.which("zstd") is None:
        raise Trouble("zstd is not on this machine; `sudo apt-get install zstd`, or `sudo ./campushub up`, brings it")


def _manifest(folder: Path) -> dict[str, dict[str, str]]:
    try:
        found: dict[str, dict[str, str]] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Trouble(
            f"{folder / MANIFEST} is not there or cannot be read; `campushub images save` writes it"
        ) from None
    return found


def _write(engine: Engine, tag: str, file: Path) -> None:
    part = file.with_suffix(".part")
    try:
        with subprocess.Popen(["zstd", "-q", "-3", "-T0", "-f", "-o", str(part)], stdin=subprocess.PIPE) as packer:
            assert packer.stdin is not None
            for block in engine.export(tag):
                packer.stdin.write(block)
        if packer.returncode:
            raise Trouble(f"{file} could not be written; is the disk full?")
        part.rename(file)
    except BrokenPipeError:
        raise Trouble(f"{file} could not be written; is the disk full?") from None
    finally:
        part.unlink(missing_ok=True)


def _read(engine: Engine, file: Path, one: dict[str, str]) -> None:
    if not file.exists() or _digest(file) != one["sha256"]:
        raise Trouble(f"{file} is not what {MANIFEST} says of it; save it again. Nothing of it was loaded.")
    with subprocess.Popen(["zstd", "-q", "-d", "-c", str(file)], stdout=subprocess.PIPE) as unpacker:
        assert unpacker.stdout is not None
        engine.load(unpacker.stdout)
    found = engine.image(one["tag"])
    if found is None or found.id != one["id"]:
        raise Trouble(f"{file} holds another image than {one['tag']}; it was loaded and is not used")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def push(root: Path, registry: str, names: Iterable[str], *, report: Report) -> None:
    """Send built images to a registry, under the names they have here."""
    engine = Engine.connect()
    there = {one["name"]: one["tag"] for one in images.listed(root, engine) if one["size"]}
    for name in list(names) or list(there):
        if name not in there:
            raise Trouble(f"not built: {name}; `sudo ./campushub images build {name}` makes it")
        engine.push(there[name], f"{registry}/{there[name]}")
        report(f"image {name}: {registry}/{there[name]}")


def pull(root: Path, registry: str, names: Iterable[str], *, report: Report) -> None:
    """Fetch the images of this checkout from a registry that is trusted as this machine itself is."""
    engine = Engine.connect()
    known = {one["name"]: one for one in images.listed(root, engine)}
    for name in list(names) or images.usual(images.read(root)):
        if name not in known:
            raise Trouble(f"there is no image '{name}'; there is: {', '.join(known)}")
        if not known[name]["size"]:
            engine.pull(f"{registry}/{known[name]['tag']}", known[name]["tag"])
        report(f"image {name}: there")


def prune(root: Path, folders: Folders, *, report: Report) -> None:
    """Remove images of earlier checkouts that no container uses, what cut-off builds left, and packages of no image."""
    engine = Engine.connect()
    known = images.listed(root, engine)
    kept = {one["tag"] for one in known} | image_record.tags(image_record.read(folders.images))
    freed = engine.remove_images("campushub/", kept=kept)
    for tag in freed:
        report(f"removed: {tag}")
    for path in sorted(folders.wheelhouse.glob("*")):
        if path.is_dir() and path.name not in {"courses", *(one["name"] for one in known)}:
            shutil.rmtree(path)
            report(f"removed: {path}")
    report(f"{len(freed)} images removed")
