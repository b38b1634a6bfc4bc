"""What a reader's browser would fetch to show a text: pictures of Markdown; pictures, frames and films of HTML.

A link that one may click is no download.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.downloads import Download, Kind, Wanted

# What is not closed goes on to the end, and what stands between brackets has a bound, so that any text takes little time.
CODE = re.compile(r"^(```|~~~).*?(?:^\1[^\n]*$|\Z)|`[^`\n]+`|<!--.*?(?:-->|\Z)", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"!\[[^\]]{0,999}\]\(\s*(?:<([^>\n]+)>|([^\s()]*(?:\([^\s()]*\)[^\s()]*)*))")
REFERENCE = re.compile(r"!\[([^\]]{1,999})\](?:\[([^\]]{0,999})\])?(?!\()")
DEFINITION = re.compile(r"^ {0,3}\[([^\]]{1,999})\]:\s*<?([^\s>]+)", re.MULTILINE)
SOURCE = r"\bsrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))"
TAG = re.compile(rf"<img\b[^<>]*?{SOURCE}", re.IGNORECASE)
FRAME = re.compile(rf"<(?:iframe|video|audio|source|embed|script)\b[^<>]*?{SOURCE}", re.IGNORECASE)
STYLE = re.compile(r"<link\b[^<>]*?\bhref\s*=\s*[\"']?([^\s>\"']+)", re.IGNORECASE)
OUTSIDE = re.compile(r"\s*(?:https?:|ftp:)?//", re.IGNORECASE)
LONGEST = 80  # characters of an address that are shown


def of_markdown(markdown: str) -> Iterator[Download]:
    """What a text in Markdown would have a browser fetch from outside."""
    text = CODE.sub(_same_lines, markdown)
    for target in dict.fromkeys([*pictures(markdown), *_targets(FRAME, text)]):
        if OUTSIDE.match(target):
            yield _shown(target, _line_of(text, target))


def of_html(page: str) -> Iterator[Download]:
    """What a page would have a browser fetch from outside."""
    text = re.sub(r"<!--.*?(?:-->|\Z)", _same_lines, page, flags=re.DOTALL)
    found = [target for pattern in (TAG, FRAME, STYLE) for target in _targets(pattern, text)]
    for target in dict.fromkeys(found):
        if OUTSIDE.match(target):
            yield _shown(target, _line_of(text, target))


def pictures(markdown: str) -> Iterator[str]:
    """Where the pictures of a text in Markdown come from; what is shown as code is no picture."""
    text = CODE.sub("", markdown)
    defined = {name.casefold(): target for name, target in DEFINITION.findall(text)}
    for inline in INLINE.findall(text):
        yield next(filter(None, inline), "")
    for label, name in REFERENCE.findall(text):
        target = defined.get((name or label).casefold())
        if target:
            yield target
    yield from _targets(TAG, text)


def _targets(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for found in pattern.findall(text):
        yield found if isinstance(found, str) else next(filter(None, found), "")


def _shown(target: str, line: int) -> Download:
    url = target.strip()
    link = f"https:{url}" if url.startswith("//") else url
    return Download(Kind.SHOWN, f"shows what lies at {url[:LONGEST]}", (Wanted(link),), line=line)


def _same_lines(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _line_of(text: str, target: str) -> int:
    """The line on which an address stands first, from 1."""
    return text[: max(0, text.find(target))].count("\n") + 1
