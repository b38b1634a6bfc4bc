"""The commands that the manual names, read out of its pages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
GENERATED = {"commands.md"}


def commands(page: Path) -> list[list[str]]:
    """Every command of a page as words, without `sudo ./campushub`, comments and what may be left out."""
    text = page.read_text(encoding="utf-8")
    lines = re.findall(r"^ {4}(?:sudo )?(?:\./)?campushub ([^\n]*)", text, re.MULTILINE)
    lines += re.findall(r"`(?:sudo )?(?:\./)?campushub ([^`]*)`", text)
    plain = [re.sub(r"\[[^\]]*\]|…", "", line) for line in lines]
    return [words for line in plain if (words := shlex.split(line, comments=True))]


def every_command() -> list[tuple[str, list[str]]]:
    """Page and words of every command, each once."""
    found = {
        (str(page.relative_to(ROOT)), tuple(words))
        for page in PAGES
        if page.name not in GENERATED
        for words in commands(page)
    }
    return [(page, list(words)) for page, words in sorted(found)]
