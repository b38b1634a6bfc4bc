"""Every text of a file, with its place in a notebook: also what is escaped, in base64, in an archive, or the picture itself.

For searching, so rather a text too many than one too few; sizes and depth are bounded, since archives can be bombs.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.notebooks import SUFFIX, Cell, NotANotebook, Notebook, read

DEEPEST = 3  # base64 in an archive in base64, and no further
LARGEST = 16 * 1024**2  # bytes taken out of one archive
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
BASE64_LINE = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}\s*")


@dataclass(frozen=True)
class Text:
    """A text and where it stands: the name of a cell, and of its part when that is not the source."""

    cell: str
    part: str
    text: str


def of_file(path: str, content: bytes) -> Iterator[Text]:
    """Every text of a file."""
    try:
        notebook = read(path, content) if path.endswith(SUFFIX) else None
    except NotANotebook:
        notebook = None
    if notebook is not None:
        yield from _of_notebook(notebook)
        return
    for text in _of_bytes(content, DEEPEST):
        yield Text("", "", text)


def _of_notebook(notebook: Notebook) -> Iterator[Text]:
    for cell in notebook.cells:
        for part, values in _parts(cell):
            for text in _all(strings(values), DEEPEST):
                yield Text(cell.name, part, text)
    rest = {key: value for key, value in notebook.document.items() if key != "cells"}
    for text in _all(strings(rest), DEEPEST):
        yield Text("", "the notebook's metadata", text)


def _parts(cell: Cell) -> Iterator[tuple[str, Any]]:
    names = {"source": "", "outputs": "its output", "attachments": "its attachment"}
    for key, value in cell.data.items():
        yield names.get(key, "its metadata"), cell.source if key == "source" else value


def strings(value: object) -> Iterator[str]:
    """Every text of a JSON value, keys too; a list of lines also as one text."""
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from strings(inner)
        case list():
            if value and all(isinstance(one, str) for one in value):
                yield "\n".join(one.removesuffix("\n") for one in value)
            else:
                for inner in value:
                    yield from strings(inner)


def _all(texts: Iterable[str], depth: int) -> Iterator[str]:
    for text in texts:
        yield text
        if "\\" in text:
            yield text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"').replace("\\'", "'")
        if "&" in text:
            yield html.unescape(text)
        if depth:
            for packed in _in_base64(text):
                yield from _of_bytes(packed, depth - 1)


def _in_base64(text: str) -> Iterator[bytes]:
    runs = BASE64.findall(text)
    lines = [line.strip() for line in text.split("\n") if BASE64_LINE.fullmatch(line)]
    for run in dict.fromkeys([*runs, "".join(lines)] if lines else runs):
        whole = run.rstrip("=")
        try:
            yield base64.b64decode(whole + "=" * (-len(whole) % 4))
        except (binascii.Error, ValueError):
            continue


def _of_bytes(content: bytes, depth: int) -> Iterator[str]:
    if content.startswith(PICTURES):
        yield base64.b64encode(content).decode("ascii")
    if depth:
        for inner in _unpacked(content):
            yield from _of_bytes(inner, depth - 1)
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")
    yield from _all([text], depth)
    if depth and text.lstrip()[:1] in ("{", "["):
        try:
            yield from _all(strings(json.loads(text)), depth - 1)
        except (ValueError, RecursionError):
            return


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What an archive holds, up to the bound."""
    try:
        if content.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(content)) as file:
                yield file.read(LARGEST)
        elif content.startswith(b"PK\x03\x04"):
            left = LARGEST
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.infolist():
                    with archive.open(member) as opened:
                        found = opened.read(left)
                    left -= len(found)
                    yield found
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return
