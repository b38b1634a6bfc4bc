"""Documentation where the front serves it: unpacked once for each content, the old ones gone, and a page that leads to all.

DATA/docs/NAME-CONTENT is the documentation of the image NAME and is never changed, so that browsers keep it for good;
DATA/docs/NAME leads to the newest. DATA/docs/archives belongs to the archives that courses bring.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from hub import image_docs, image_record
from hub.adapters.engine import Engine
from hub.durable import write_durably
from hub.mirror import ARCHIVED
from hub.settings import Settings

Report = Callable[[str], None]

HEAD = (
    '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
)
LEADS_ON = HEAD + (
    "<title>Documentation</title>\n<script>location.replace('../{folder}/index.html' + location.search)</script>\n"
    '<p><a href="../{folder}/index.html">Documentation of the image {name}</a></p>\n'
)
STYLE = "<style>body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.6 system-ui, sans-serif; }</style>\n"


def publish(settings: Settings, engine: Engine, *, report: Report) -> bool:
    """Give the front the documentation of every image that courses name and that is there; whether anything changed."""
    folders, record = settings.folders, image_record.read(settings.folders.images)
    wanted = {
        name: record[image_record.DOCUMENTS + name]["tag"]
        for name in settings.images
        if image_record.DOCUMENTS + name in record
    }
    current = {name: f"{name}-{tag.rpartition(':')[2]}" for name, tag in wanted.items()}
    changed = False
    for name, folder in current.items():
        if not (folders.docs / folder).exists():
            report(f"documentation of the image {name}: unpacking")
            _unpack(engine, wanted[name], folders.docs / folder)
            changed = True
    for name, folder in current.items():
        (folders.docs / name).mkdir(exist_ok=True)
        changed |= _write(folders.docs / name / "index.html", LEADS_ON.format(folder=folder, name=name))
    changed |= _write(
        folders.docs / "index.html", overview({name: _about(folders.docs / at) for name, at in current.items()})
    )
    changed |= _write(folders.documented, json.dumps(current, indent=2) + "\n")
    _remove_others(folders.docs, current)
    return changed


def overview(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The page that leads to every image's documentation; `found` has what each says of itself."""
    lines = [
        f'<li><a href="{escape(name)}/index.html">{escape(name)}</a>: '
        + ", ".join(f"{escape(one['title'])} {escape(one['version'])}" for one in about["libraries"])
        for name, about in found.items()
    ]
    told = f"<ul>{''.join(lines)}</ul>" if lines else "<p>There is none yet.</p>"
    page = "<title>Documentation</title>\n<h1>Documentation</h1>\n<p>Courses differ in what their notebooks have. "
    return f'{HEAD}{STYLE}{page}The page of your course leads to its own.</p>\n{told}\n<p><a href="/courses/">My courses</a></p>\n'


def _unpack(engine: Engine, tag: str, folder: Path) -> None:
    """Nobody sees a folder that is not whole: it gets its name last."""
    new = folder.with_name(f".new-{folder.name}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o755)
    with image_docs.opened(engine, tag) as file, tarfile.open(fileobj=file, mode="r|gz") as archive:
        for member in archive:  # Debian 12's Python has no filters yet
            if (member.isfile() or member.isdir()) and ".." not in Path(member.name).parts:
                member.uid, member.gid, member.uname, member.gname = 0, 0, "", ""
                archive.extract(member, new)
    new.chmod(0o755)
    new.rename(folder)


def _about(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "docs.json").read_text(encoding="utf-8"))
    return found


def _write(path: Path, text: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_durably(path, text.encode(), mode=0o644)
    return True


def _remove_others(docs: Path, current: Mapping[str, str]) -> None:
    kept = {*current, *current.values(), ARCHIVED}
    for path in docs.iterdir():
        if path.is_dir() and path.name not in kept:
            shutil.rmtree(path)
