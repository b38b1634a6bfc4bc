"""Whether the pictures of a notebook's texts are there for a student who has the released folder and no internet."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from hub.downloads.texts import pictures
from hub.findings import Finding
from hub.notebooks import Cell, Files, Notebook, readable

GENERATE = "then press Generate."
BESIDE = f"Put the file beside the notebook in 'source' and name it here, {GENERATE}"


def find(released: Files) -> Iterator[Finding]:
    """What is wrong with the pictures of every notebook."""
    for notebook in readable(released):
        for cell in notebook.cells:
            if cell.kind == "markdown":
                for target in dict.fromkeys(pictures(cell.source)):
                    said = _judge(target, cell, notebook, released)
                    if said:
                        yield Finding(notebook.path, cell.name, *said)


def _judge(target: str, cell: Cell, notebook: Notebook, files: Files) -> tuple[str, str] | None:
    """What is wrong with one picture and what to do."""
    parts = urlsplit(target)
    if parts.scheme == "data":
        return None
    if parts.scheme == "attachment":
        return _judge_attachment(unquote(parts.path), cell)
    if parts.netloc or parts.scheme in ("http", "https", "ftp"):
        return f"shows a picture from another host ({target[:80]}).", BESIDE
    path = posixpath.normpath(PurePosixPath(notebook.path).parent / unquote(parts.path))
    if not parts.path or parts.scheme or path.startswith(("/", "../")):
        return f"shows a picture from outside the assignment ({target[:80]}).", BESIDE
    if path in files:
        return None
    twin = next((other for other in files if other.casefold() == path.casefold()), None)
    if twin:
        return f"shows '{path}', and the file is called '{twin}'.", f"Write the name as the file's is, {GENERATE}"
    return f"shows '{path}', which is not there.", BESIDE


def _judge_attachment(name: str, cell: Cell) -> tuple[str, str] | None:
    attached = cell.data.get("attachments")
    if isinstance(attached, dict) and attached.get(name):
        return None
    return (
        f"shows the attachment '{name}', which the cell has not.",
        f"Paste the picture into the cell again, {GENERATE}",
    )
