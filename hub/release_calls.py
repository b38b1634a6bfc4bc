"""Calls that cannot work for a student: what is fetched and the course has not, and what the Keras of the images no longer has.

The code is read, never run; what fetches is found by `hub.downloads`, what Keras lost stands in `hub.release_tables`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from hub import cell_code, names
from hub import release_tables as tables
from hub.downloads import Download, Found, Kind, verdicts
from hub.downloads import find as downloads_in
from hub.downloads.calls import plain
from hub.downloads.verdicts import Provided
from hub.findings import Finding
from hub.notebooks import Cell, Files, readable

Said = tuple[str, str]  # a reason and what to do
GENERATE = "then press Generate."
REMEDIES = {
    Kind.FILE: "put the file beside the notebook, or ask the administrator for it in the course's data",
    Kind.HUGE: "put the files beside the notebook, or ask the administrator for them in the course's data",
    Kind.UNSEEN: "put the file beside the notebook",
    Kind.REPOSITORY: "put the files beside the notebook",
    Kind.PACKAGE: "ask for the package in the course's campushub-packages.txt",
    Kind.CONDA: "ask for the package in the course's campushub-packages.txt",
    Kind.PROGRAM: "ask the administrator for the program",
    Kind.SHOWN: "put the file beside the notebook, or give its address as a link in the text",
    Kind.SERVICE: "take it out",
}


def find(source: Files, released: Files, provided: Provided) -> Iterator[Finding]:
    """What notebooks and Python files of a release call; also hidden tests and solutions, which run without a network too."""
    for files in (released, {path: content for path, content in source.items() if path in released}):
        for notebook in readable(files):
            yield from _of_cells(notebook.path, [cell for cell in notebook.cells if cell.kind == "code"], provided)
        for path, content in sorted(files.items()):
            if path.endswith(".py"):
                about = {"cell_type": "code", "source": content.decode("utf-8", errors="replace")}
                found = _of_cells(path, [Cell(1, about)], provided)
                yield from (Finding(one.notebook, "", one.reason, one.remedy) for one in found)


def _of_cells(path: str, cells: list[Cell], provided: Provided) -> Iterator[Finding]:
    codes = [cell_code.read(cell.source) for cell in cells]
    aliases = names.imported(code.tree for code in codes if code.tree)
    fetched = {cell.number: downloads for cell, downloads in downloads_in.in_cells(cells)}
    for cell, code in zip(cells, codes, strict=True):
        lacking = [one for one in fetched[cell.number] or () if not _is_there(one, provided)]
        found = [*map(_said, lacking), *(Calls(code.tree, aliases).said() if code.tree else ())]
        for reason, remedy in dict.fromkeys(found):
            yield Finding(path, cell.name, reason, f"{remedy[:1].upper()}{remedy[1:]}, {GENERATE}")


def _is_there(one: Download, provided: Provided) -> bool:
    return verdicts.judge(Found("", "", one), provided).there


def _said(one: Download) -> Said:
    code = f" in {one.code}" if one.code else ""
    return f"needs the internet for {one.needs}{code}.", REMEDIES[one.kind]


@dataclass(frozen=True)
class Calls:
    """One cell's Python, with what names mean in its notebook."""

    tree: ast.AST
    aliases: names.Aliases

    def said(self) -> Iterator[Said]:
        for name in names.used(self.tree, self.aliases):
            yield from self._gone(name)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield from self._method(node)
                yield from self._arguments(node, plain(names.full(node.func, self.aliases)))

    def _gone(self, name: str) -> Iterator[Said]:
        for table in (tables.GONE, {} if name.startswith("tensorflow.keras") else tables.GONE_FROM_KERAS):
            found = names.begins(plain(name), table)
            if found:
                yield f"uses '{found.rstrip('._')}', which the image's Keras no longer has.", f"use {table[found]}"

    def _method(self, call: ast.Call) -> Iterator[Said]:
        roots = {name.partition(".")[0] for name in self.aliases.values()}
        if not isinstance(call.func, ast.Attribute) or not roots & {"keras", "tensorflow"}:
            return
        name = call.func.attr
        theirs = name in tables.OTHERS_METHODS and roots & tables.OTHERS
        if name in tables.METHODS and not theirs and not names.full(call.func, self.aliases):
            yield f"calls '{name}', which the image's Keras no longer has.", f"use {tables.METHODS[name]}"

    def _arguments(self, call: ast.Call, name: str) -> Iterator[Said]:
        method = f".{call.func.attr}" if isinstance(call.func, ast.Attribute) else ""
        given = {keyword.arg for keyword in call.keywords}
        for begin, argument, instead in tables.ARGUMENTS:
            if argument in given and (begin == method or (begin[0] != "." and name.startswith(begin))):
                yield f"gives the argument '{argument}', which the image's Keras no longer takes.", f"use {instead}"
