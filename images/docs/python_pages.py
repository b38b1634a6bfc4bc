"""Python's own documentation, as Debian packs it, with the way back and the search box on every page."""

from __future__ import annotations

import gzip
import platform
import re
import shutil
from pathlib import Path

import pages

HTML = "usr/share/doc/python3.11/html"
LEFT_OUT = ("_sources", "*.devhelp.gz", "objects.inv", "searchindex.js")
SEARCHED = {"faq", "glossary.html", "howto", "library", "reference", "tutorial", "using"}  # what a student looks for

REMEMBERING = r"sphinx_highlight\.js|sidebar\.js"  # keep something with the browser, which these pages may not


def write(unpacked: Path, folder: Path) -> dict[str, object]:
    """Copy the pages of Debian's package, changed; what a landing page says of them."""
    source, version = unpacked / HTML, platform.python_version()
    told = re.search(
        r"<title>Python (?:documentation|.*?) — Python (\S+)|&#8212; Python (\S+)",
        (source / "about.html").read_text(encoding="utf-8"),
    )
    if not (told and version in told[0]):
        raise pages.NotDocumented(f"Debian's documentation is of another Python than {version}")
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for packed in sorted(folder.rglob("*.html.gz")):  # Debian packs what is large
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    (folder / "search.html").write_text(pages.SENT_ON, encoding="utf-8")
    count = 0
    for path in sorted(set(folder.rglob("*.html")) - {folder / "search.html"}):
        inside = path.relative_to(folder)
        top = "../" * len(inside.parts)
        text = changed(path.read_text(encoding="utf-8"), top, version, inside.parts[0] in SEARCHED)
        path.write_text(text, encoding="utf-8")
        count += 1
    return {"title": "Python", "version": version, "pages": count, "first": "python/index.html"}


def changed(text: str, top: str, version: str, searched: bool) -> str:
    """A page with our bar on top, headings that a search can point to, and its body marked when it is searched."""
    text = re.sub(r"(<body[^>]*>)", lambda found: found[1] + pages.bar(top), text, count=1)
    text = text.replace("</head>", f'<link rel="stylesheet" href="{top}docs.css">\n</head>', 1)
    text = re.sub(
        r'<section id="([^"]+)">(\s*(?:<span id="[^"]+"></span>)*)<(h[1-6])>', r'<section>\2<\3 id="\1">', text
    )
    text = re.sub(r'(href|src)="/(\w+\.html)', rf'\1="{top.removeprefix("../") or "./"}\2', text)
    text = re.sub(rf' *<script[^>]*src="[^"]*/(?:{REMEMBERING})"></script>\n?', "", text)
    text = re.sub(r' *<link rel="(?:canonical|search)"[^>]*>\n?', "", text)
    text = re.sub(r'(<a (?:class="[^"]*" )?href=)" +', r'\1"', text)
    text = text.replace('<a class="headerlink"', '<a data-pagefind-ignore class="headerlink"')
    if searched:
        body = f'data-pagefind-body data-pagefind-filter="library:Python" data-pagefind-meta="library:Python {version}"'
        text = text.replace('<div class="body" role="main">', f'<div class="body" role="main" {body}>', 1)
    return text
