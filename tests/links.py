"""Links between pages of a folder: which of them lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote


def lost_links(folder: Path) -> list[str]:
    """Every link of every page that leads to no file, as `page: target`."""
    pages = sorted(folder.rglob("*.html"))
    return [f"{page.relative_to(folder)}: {target}" for page in pages for target in links(page) if not target.exists()]


def links(page: Path) -> Iterator[Path]:
    """Where a page's links within its folder lead."""
    for found in re.findall(r'(?:href|src|action)="([^"]*)"', page.read_text(encoding="utf-8")):
        path = unquote(unescape(found).partition("#")[0].partition("?")[0])
        if path and not re.match(r"[a-z]+:|//|/courses/", path):
            yield page.parent / path
