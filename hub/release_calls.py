"""Calls that cannot work for a student: what needs the internet, and what the Keras of the images no longer has.

The code is read, never run; what counts stands in `hub.release_tables`.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from hub import cell_code, names
from hub import release_tables as tables
from hub.findings import Finding
from hub.notebooks import Cell, Files, readable

Said = tuple[str, str]  # a reason and what to do
GENERATE = "then press Generate."
SEPARATORS = {";", "&", "&&", "|", "||", "(", ")"}
BEFORE_A_PROGRAM = {"sudo", "-m", "time", "env", "exec", "nohup", "python", "python3"}


def find(source: Files, released: Files) -> Iterator[Finding]:
    """What notebooks and Python files of a release call; also hidden tests and solutions, which run without a network too."""
    for files in (released, {path: content for path, content in source.items() if path in released}):
        for notebook in readable(files):
            yield from _of_cells(notebook.path, [cell for cell in notebook.cells if cell.kind == "code"])
        for path, content in sorted(files.items()):
            if path.endswith(".py"):
                about = {"cell_type": "code", "source": content.decode("utf-8", errors="replace")}
                yield from (
                    Finding(one.notebook, "", one.reason, one.remedy) for one in _of_cells(path, [Cell(1, about)])
                )


def _of_cells(path: str, cells: list[Cell]) -> Iterator[Finding]:
    codes = [cell_code.read(cell.source) for cell in cells]
    aliases = names.imported(code.tree for code in codes if code.tree)
    for cell, code in zip(cells, codes, strict=True):
        found = [*of_commands(code.commands), *(Calls(code.tree, aliases).said() if code.tree else ())]
        for reason, remedy in dict.fromkeys(found):
            yield Finding(path, cell.name, reason, f"{remedy[:1].upper()}{remedy[1:]}, {GENERATE}")


def of_commands(commands: tuple[str, ...]) -> Iterator[Said]:
    """Which of these lines of a shell reach out."""
    for command in commands:
        for words in _split(command):
            said = _of_words(words)
            if said:
                yield f"needs the internet (`{command[:60]}`).", said


def _split(command: str) -> Iterator[list[str]]:
    """The commands of a line, each as its words."""
    try:
        words = list(shlex.shlex(command, posix=True, punctuation_chars=True))
    except ValueError:
        words = command.split()
    words = _joined(words)
    while words:
        end = next((place for place, word in enumerate(words) if word in SEPARATORS), len(words))
        yield words[:end]
        words = words[end + 1 :]


def _joined(words: list[str]) -> list[str]:
    """`{sys.executable}` as the program that it is."""
    text = " ".join(words).replace("{ sys.executable }", "python").replace("{sys.executable}", "python")
    return text.replace("$ python", "python").split()


def _of_words(words: list[str]) -> str | None:
    """What to do instead of a command that reaches out."""
    rest = [word for word in words if not (word.partition("=")[1] and word.partition("=")[0].isidentifier())]
    while rest and (rest[0] in BEFORE_A_PROGRAM or rest[0].endswith(("/python", "/python3"))):
        rest.pop(0)
    if not rest:
        return None
    program = rest[0].rpartition("/")[2]
    return next((said for name, verb, said in tables.COMMANDS if program == name and (not verb or verb in rest)), None)


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
                name = _plain(names.full(node.func, self.aliases))
                yield from self._network(node, name)
                yield from self._method(node)
                yield from self._arguments(node, name)

    def _gone(self, name: str) -> Iterator[Said]:
        for table in (tables.GONE, {} if name.startswith("tensorflow.keras") else tables.GONE_FROM_KERAS):
            found = names.begins(_plain(name), table)
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

    def _network(self, call: ast.Call, name: str) -> Iterator[Said]:
        found = names.begins(name, tables.CALLS) if name else None
        if found:
            yield f"needs the internet ('{name}').", tables.CALLS[found]
        elif name.startswith(tables.WEIGHTS) and _downloads_weights(call, name):
            yield f"downloads weights ('{name}').", tables.KEEP_WEIGHTS
        elif name in tables.RUNNERS:
            yield from of_commands((_words_of(call),))
        elif any(keyword.arg == "download" and _is(keyword.value, True) for keyword in call.keywords):
            yield "needs the internet (download=True).", tables.ON_THE_SERVER
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "from_pretrained" and _names_a_model(call):
            yield "needs the internet ('from_pretrained').", "name a folder of the model beside the notebook"
        elif name.startswith(tables.READERS) and _address(call):
            yield f"needs the internet ({_address(call)[:60]}).", tables.BESIDE


def _plain(name: str) -> str:
    return name.removeprefix("tensorflow.") if name.startswith("tensorflow.keras") else name


def _downloads_weights(call: ast.Call, name: str) -> bool:
    """Keras' applications do unless told otherwise, torchvision's models when told so."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    last = name.rpartition(".")[2]
    if name.startswith("keras."):
        weights = given.get("weights")
        return last[:1].isupper() and (weights is None or _text(weights) == "imagenet")
    return _is(given.get("pretrained"), True) or not _is(given.get("weights", ast.Constant(None)), None)


def _names_a_model(call: ast.Call) -> bool:
    name = _text(call.args[0]) if call.args else ""
    return bool(name) and not name.startswith((".", "/", "~"))


def _address(call: ast.Call) -> str:
    """The first argument that is an address of another host."""
    given = (_text(argument) for argument in (*call.args, *(keyword.value for keyword in call.keywords)))
    return next((text for text in given if text.startswith(tables.ADDRESSES)), "")


def _words_of(call: ast.Call) -> str:
    """The command that a call runs, as far as it stands there: `[sys.executable, "-m", "pip", …]` as `python -m pip …`."""
    match call.args:
        case [ast.List(elts=words) | ast.Tuple(elts=words), *_]:
            return " ".join(_text(word) or ("python" if _is_python(word) else "?") for word in words)
        case [word, *_]:
            return _text(word)
    return ""


def _is_python(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "executable"


def _text(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
