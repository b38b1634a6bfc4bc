"""How pages look: plain HTML, one stylesheet for all of them, the way back and the search box on top of each."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pygments
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{top}docs.css">
</head>
<body>
{bar}
{body}
</body>
</html>
"""
DIRECTIVES = r"^ *\.\. (?:plot|testsetup|testcleanup|index|currentmodule|autosummary|_\S+:)(?:::)?.*\n(?: +:.*\n)*"
SECTION = r"^([A-Z][A-Z a-z]+):\n((?:\n|[ \t]+.+\n?)+)"  # of Google's docstrings
LISTS = {
    "Args",
    "Arguments",
    "Parameters",
    "Params",
    "Raises",
    "Raise",
    "Attributes",
    "Keyword Args",
    "Keyword Arguments",
}
COLOURED = {"k", "kn", "kc", "ow", "s1", "s2", "sd", "mi", "mf", "c1", "gp"}  # what the stylesheet has colours for
# Where the search boxes of Python's own pages lead.
SENT_ON = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Search</title>
<script>location.replace('../index.html' + location.search)</script>
<p><a href="../index.html">Search all libraries</a></p>
"""
LEXER, COLOURS = PythonLexer(), HtmlFormatter(nowrap=True)


class NotDocumented(Exception):
    """Why a library's pages cannot be made."""


@dataclass(frozen=True)
class Library:
    """A library as its pages name it; `known` are the files of what has a page, by full name."""

    title: str
    version: str
    first: str
    known: Mapping[str, str]


def page(title: str, top: str, body: str) -> str:
    return PAGE.format(title=escape(title), top=top, bar=bar(top), body=body)


def bar(top: str) -> str:
    """What stands on top of every page: the way back to all libraries, and the search."""
    return (
        f'<header class="docs-bar"><a href="{top}index.html">Documentation</a>'
        f'<form action="{top}index.html" role="search"><label for="docs-q">Search all libraries</label>'
        '<input id="docs-q" type="search" name="q" autocomplete="off"><button>Search</button></form></header>'
    )


def thing(library: Library, name: str, kind: str, call: str, body: str) -> str:
    """The page of one class or function; `kind` says which."""
    module, _, short = name.rpartition(".")
    # The name alone is a word of its own to the search, which takes the full one as a whole.
    what = f'<p class="kind"><span data-pagefind-ignore>{kind}</span> <span data-pagefind-weight="9">{escape(short)}</span></p>'
    way = f'<p class="way" data-pagefind-ignore>{_module_link(library, library.first, library.title)} {escape(library.version)}'
    if module != library.first:
        way += f" › {_module_link(library, module, module)}"
    inside = f"{way}</p><h1>{escape(name)}</h1>{what}{call}{linked(body, library, module, name)}"
    return page(f"{name} · {library.title} {library.version}", "../", _searched(library, inside))


def module(library: Library, name: str, body: str, rows: Sequence[tuple[str, str, str, bool]]) -> str:
    """The page of a module: what it says, then its classes and functions with a sentence each."""
    way = f'<p class="way" data-pagefind-ignore>{_module_link(library, library.first, library.title)} {escape(library.version)}</p>'
    others = (
        "".join(f"<li>{_module_link(library, one, one)}</li>" for one in _modules(library))
        if name == library.first
        else ""
    )
    inside = f"{way}<h1>{escape(name)}</h1>{linked(body, library, name)}"
    lists = "".join(
        _table(title, [row for row in rows if row[3] is classes])
        for title, classes in (("Classes", True), ("Functions", False))
    )
    listed = f'<nav><h2>Modules</h2><ul class="columns">{others}</ul></nav>' if others else ""
    # The lists are not searched: every name in them has a page that is.
    inside += f"<div data-pagefind-ignore>{listed}{lists}</div>"
    return page(f"{name} · {library.title} {library.version}", "../", _searched(library, inside))


def _modules(library: Library) -> list[str]:
    return sorted(name for name, file in library.known.items() if file == f"{name}.html" and _is_module(library, name))


def _is_module(library: Library, name: str) -> bool:
    return any(one.startswith(f"{name}.") for one in library.known)


def _table(title: str, rows: Iterable[tuple[str, str, str, bool]]) -> str:
    lines = "".join(
        f'<tr><th scope="row"><a href="{escape(file)}">{escape(name)}</a></th><td>{escape(text)}</td></tr>'
        for name, file, text, _ in rows
    )
    return f"<h2>{title}</h2><table>{lines}</table>" if lines else ""


def _searched(library: Library, inside: str) -> str:
    told = f"library:{escape(library.title)}"
    return (
        f'<main data-pagefind-body data-pagefind-filter="{told}" data-pagefind-meta="{told} {escape(library.version)}">'
        f"{inside}</main>"
    )


def _module_link(library: Library, name: str, text: str) -> str:
    file = library.known.get(name)
    return f'<a href="{escape(file)}">{escape(text)}</a>' if file else escape(text)


def member(name: str, call: str, body: str) -> str:
    """A method or property on its class's page."""
    return f'<section class="member"><h2 id="{escape(name)}">{escape(name)}</h2>{call}{body}</section>'


def bases(named: Sequence[tuple[str, str]]) -> str:
    if not named:
        return ""
    links = ", ".join(f'<a href="{escape(file)}">{escape(name)}</a>' for name, file in named)
    return f'<p class="bases" data-pagefind-ignore>It also has what it inherits from {links}.</p>'


def signature(name: str, parameters: Sequence[str]) -> str:
    """How something is called, on one line where it fits."""
    joined = ", ".join(parameters)
    if len(joined) + len(name) > 90:
        joined = "\n    " + ",\n    ".join(parameters) + ",\n"
    return f'<pre class="call" data-pagefind-ignore>{coloured(f"{name}({joined})")}</pre>'


def coloured(code: str) -> str:
    return _thinned(str(pygments.highlight(code, LEXER, COLOURS)).rstrip())


def plain(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def as_markdown(text: str, form: str) -> str:
    """A docstring with its examples fenced and its directives as words, before pdoc turns it to Markdown."""
    text = re.sub(r"^( *)\.\. (versionadded|versionchanged|deprecated):: *(\S+)", _since, text, flags=re.MULTILINE)
    text = re.sub(DIRECTIVES, "", text, flags=re.MULTILINE)
    text = re.sub(
        r":(?:ref|doc|term|label|samp|file|envvar|keyword|pep|rc|mpltype):`([^`<]+)(?:<[^`>]*>)?`", r"\1", text
    )
    text = re.sub(r"^( *)(.*\S)::$", r"\1\2:", text, flags=re.MULTILINE)
    if "google" in form:
        text = re.sub(SECTION, _section, text, flags=re.MULTILINE)
    return fenced(text)


def _section(found: re.Match[str]) -> str:
    """A section of Google's form that is no list, as a heading with paragraphs: pdoc would quote it, and lose its code."""
    if found[1] in LISTS:
        return found[0]
    return f"###### {found[1]}\n\n{textwrap.dedent(found[2]).strip(chr(10))}\n\n"


def _since(found: re.Match[str]) -> str:
    words = {
        "versionadded": "New in version",
        "versionchanged": "Changed in version",
        "deprecated": "Deprecated since version",
    }
    return f"{found[1]}*{words[found[2]]} {found[3]}.*"


def fenced(text: str) -> str:
    """Lines of a Python session, with what they print, as a block of code of its own."""
    lines, out, inside, fence = text.split("\n"), [], None, False
    for line in lines:
        stripped = line.strip()
        if stripped.startswith("```"):
            fence = not fence
        indent = line[: len(line) - len(line.lstrip())]
        if inside is None and stripped.startswith(">>>") and not fence:
            inside = indent
            out += ["", f"{indent}```python"]
        elif inside is not None and not stripped:
            out += [f"{inside}```", ""]
            inside = None
            continue
        out.append(line)
    if inside is not None:
        out.append(f"{inside}```")
    return "\n".join(out)


def calmed(html: str) -> str:
    """The HTML of a docstring fit for a page of ours: smaller headings without names of their own, nothing from elsewhere."""
    html = _thinned(html)
    # A bare address in a link's place was made a link before.
    html = re.sub(r'<a href="a href=&quot;([^&"]+)&quot;[^"]*">', r'<a href="\1">', html)
    html = re.sub(r'<a href="(?!https?://)[^>]*>(.*?)</a>', r"\1", html, flags=re.DOTALL)
    html = re.sub(r"<h[1-6][^>]*>(.*?):?</h[1-6]>", r"<h3>\1</h3>", html)
    return re.sub(r"<(?:img|iframe|script|link|video)\b[^>]*>(?:</(?:iframe|script|video)>)?", "", html)


def _thinned(html: str) -> str:
    """Without the marks of code that have no colour: they are two thirds of a long page."""
    return re.sub(
        r'<span class="(\w+)">([^<]*)</span>|<span></span>',
        lambda found: found[0] if found[1] in COLOURED else found[2] or "",
        html,
    )


def linked(html: str, library: Library, module: str, own: str = "") -> str:
    """Names of things that have a page, as links to it; but for those of the page's own."""

    def link(found: re.Match[str]) -> str:
        name = found[2].removesuffix("()").lstrip("~.")
        for one in (name, f"{module}.{name}", f"{library.first}.{name}"):
            if one in library.known and one != own:
                return f'<a href="{library.known[one]}">{found[0]}</a>'
        return found[0]

    return re.sub(r"(<code>)([\w.~]+(?:\(\))?)(</code>)", link, html)


def landing(image: str, libraries: Sequence[Mapping[str, object]]) -> str:
    """The first page of an image: everything there is, with its version, and the search."""
    rows = "".join(
        f'<tr><th scope="row"><a href="{one["first"]}">{escape(str(one["title"]))}</a></th><td>{escape(str(one["version"]))}</td></tr>'
        for one in libraries
    )
    begin = ""
    if any(one["name"] == "python" for one in libraries):
        begin = '<p>New to Python? Begin with its <a href="python/tutorial/index.html">tutorial</a>.</p>'
    body = (
        "<main><h1>Documentation</h1>"
        f"<p>Of exactly the versions that your notebooks have (image {escape(image)}). It comes from this hub: no internet is needed.</p>"
        '<form role="search" class="search" id="search"><label for="q">What are you looking for?</label>'
        '<input id="q" type="search" name="q" autocomplete="off" placeholder="for example broadcasting, Dense, read_csv">'
        '<button>Search</button></form><p role="status" id="told"></p><ol id="results"></ol>'
        f"{begin}"
        '<h2>Libraries</h2><table class="libraries"><thead><tr><th scope="col">Library</th><th scope="col">Version</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></main>"
        '<script type="module" src="search.js"></script>'
    )
    text = page(f"Documentation · {image}", "", body)
    return text.replace(bar(""), '<header class="docs-bar"><a href="/courses/">My courses</a></header>')
