"""The public API of one installed library: which objects it has, and a page for each.

A thing that has several names has its page under the first one; the lists of the other modules lead there.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import re
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import formula
import pages
from pdoc import docstrings, render_helpers

About = dict[str, Any]  # of libraries.toml
LONGEST_VALUE = 80


@dataclass
class Thing:
    """A public class or function by the name under which it is used."""

    name: str
    obj: Any

    @property
    def file(self) -> str:
        return f"{self.name}.html"

    @property
    def is_class(self) -> bool:
        return isinstance(self.obj, type)


@dataclass
class Found:
    """What is public: the things that have a page, and for every module the names in it and whose page each leads to."""

    things: dict[int, Thing] = field(default_factory=dict)
    modules: dict[str, list[tuple[str, Thing]]] = field(default_factory=dict)
    docs: dict[str, str] = field(default_factory=dict)


def write(name: str, about: About, folder: Path) -> About:
    """Write a library's pages; what a landing page says of it. Fails when a module of the list is not there."""
    warnings.simplefilter("ignore")
    folder.mkdir()
    found = find(name, about)
    version = _version(name, about)
    known = {thing.name: thing.file for thing in found.things.values()} | {one: f"{one}.html" for one in found.modules}
    library = pages.Library(about["title"], version, _first(about), known)
    for thing in found.things.values():
        body = class_body(thing, found, about) if thing.is_class else doc(inspect.getdoc(thing.obj), about)
        kind = "class" if thing.is_class else "function"
        text = pages.thing(library, thing.name, kind, signature(thing.name, thing.obj, kind), body)
        (folder / thing.file).write_text(text, encoding="utf-8")
    for module, names in found.modules.items():
        rows = [(name, thing.file, summary(thing.obj), thing.is_class) for name, thing in names]
        text = pages.module(library, module, doc(found.docs[module], about), rows)
        (folder / f"{module}.html").write_text(text, encoding="utf-8")
    return {
        "title": about["title"],
        "version": version,
        "pages": len(found.things) + len(found.modules),
        "first": f"{name}/{library.first}.html",
    }


def find(name: str, about: About) -> Found:
    """Everything public of the modules of the list."""
    found = Found()
    for title, module in _modules(about):
        found.docs[title] = inspect.getdoc(module) or ""
        names = []
        for inside, obj in public(module, name):
            thing = found.things.setdefault(id(obj), Thing(f"{title}.{inside}", obj))
            names.append((inside, thing))
        found.modules[title] = names
    for path in about.get("also", ()):
        module, _, inside = path.rpartition(".")
        obj = getattr(importlib.import_module(module), inside)
        found.things.setdefault(id(obj), Thing(path, obj))
    _apart(found)
    return found


def _apart(found: Found) -> None:
    """Fails when two things have one name, and so one page. Names that differ in capitals alone are two pages here."""
    names = [thing.name for thing in found.things.values()] + list(found.modules)
    for thing in found.things.values():
        if thing.name in found.modules or names.count(thing.name) > 1:
            raise pages.NotDocumented(f"two things are called {thing.name}")


def _modules(about: About) -> Iterator[tuple[str, types.ModuleType]]:
    """The modules of the list by the names that people import them under."""
    without = about.get("without", ())
    for line in about["modules"]:
        title = line.removesuffix(".*")
        module = _get(title)
        yield title, module
        for inside in sorted(_names(module)) if line.endswith(".*") else ():
            below, found = f"{title}.{inside}", _try(module, inside)
            if below not in without and inspect.ismodule(found) and _is_of(found.__name__, title.partition(".")[0]):
                yield below, found


def _get(title: str) -> types.ModuleType:
    """A module by its public name, which may be an attribute of its parent alone, as TensorFlow's are."""
    first, *rest = title.split(".")
    found = importlib.import_module(first)
    for one in rest:
        found = getattr(found, one, None) or importlib.import_module(f"{found.__name__}.{one}")
    return found


def _names(module: types.ModuleType) -> list[str]:
    listed = getattr(module, "__all__", None)
    return [one for one in (listed if listed is not None else dir(module)) if not one.startswith("_")]


def _try(module: types.ModuleType, name: str) -> Any:
    try:
        return getattr(module, name, None)
    except Exception:  # a lazy module of something that is not installed
        return None


def public(module: types.ModuleType, root: str) -> Iterator[tuple[str, Any]]:
    """The classes and functions of a module that are its library's own, with a docstring."""
    for name in sorted(set(_names(module))):
        obj = _try(module, name)
        if obj is None or inspect.ismodule(obj) or not callable(obj) or not _text(obj):
            continue
        if _is_of(str(getattr(obj, "__module__", None) or root), root) or hasattr(module, "__all__"):
            yield name, obj


def _is_of(module: str, root: str) -> bool:
    return module.split(".")[0].lstrip("_") in {root, "builtins"}


def _text(obj: Any) -> str:
    try:
        return inspect.getdoc(obj) or ""
    except Exception:
        return ""


def class_body(thing: Thing, found: Found, about: About) -> str:
    """A class's docstring, then its methods; those of a base that has a page of its own are named with a link."""
    parts, inherited, seen = [doc(_text(thing.obj), about)], [], set()
    for base in thing.obj.__mro__:
        page = found.things.get(id(base))
        if page is not None and page is not thing:
            inherited.append(page)
            seen |= set(vars(base))
            continue
        if base.__module__ == "builtins" or not _is_of(base.__module__, thing.name.partition(".")[0]):
            continue
        for name in sorted(set(vars(base)) - seen):
            if not name.startswith("_") and (made := _member(thing, name, about)):
                parts.append(made)
            seen.add(name)
    return "".join(parts) + pages.bases([(page.name, page.file) for page in inherited])


def _member(thing: Thing, name: str, about: About) -> str:
    static = inspect.getattr_static(thing.obj, name, None)
    if isinstance(static, property):
        return pages.member(name, f"<code>{name}</code>", doc(_text(static), about)) if _text(static) else ""
    obj = _try(thing.obj, name)
    if obj is None or not callable(obj) or isinstance(obj, type) or not _text(obj):
        return ""
    return pages.member(name, signature(name, obj, "method"), doc(_text(obj), about))


def signature(name: str, obj: Any, kind: str) -> str:
    """How a thing is called, coloured; empty when Python cannot tell."""
    try:
        found = inspect.signature(obj)
    except (TypeError, ValueError, NameError, AttributeError):
        return ""
    given = list(found.parameters.values())
    if kind == "method" and given and given[0].name == "self":
        given = given[1:]
    return pages.signature(name.rpartition(".")[2] if kind == "method" else name, [_parameter(one) for one in given])


def _parameter(one: inspect.Parameter) -> str:
    stars = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    if one.default is one.empty:
        return f"{stars}{one.name}"
    try:
        value = repr(one.default)
    except Exception:
        value = "…"
    value = re.sub(r"<(?:class|function|built-in function) '?([\w.]+)'?.*?>", r"\1", value)
    value = re.sub(r" at 0x[0-9a-f]+", "", value)
    return f"{one.name}={value if len(value) <= LONGEST_VALUE else '…'}"


def doc(text: str | None, about: About) -> str:
    """A docstring as HTML."""
    if not text:
        return ""
    plain, formulas = formula.taken_out(text)
    try:
        told = docstrings.convert(pages.as_markdown(plain, about["docstrings"]), about["docstrings"], None)
        made = pages.calmed(str(render_helpers.to_html(told)))
    except Exception:  # a docstring that pdoc does not understand is shown as it stands
        return pages.plain(text)
    return formula.put_back(made, formulas)


def summary(obj: Any) -> str:
    """The first sentence of a docstring, without marks."""
    first = _text(obj).strip().partition("\n\n")[0].replace("\n", " ")
    if re.match(r"^[\w.]+\(.*\)( ->.*)?$", first):  # C functions begin with how they are called
        first = _text(obj).strip().partition("\n\n")[2].partition("\n\n")[0].replace("\n", " ")
    first = re.sub(r":\w+:`~?([^`<]+)(?: <[^`>]+>)?`|`+([^`]+)`+", lambda found: found[1] or found[2], first)
    sentence = re.match(r".*?[.!?](?= |$)", first)
    return (sentence[0] if sentence else first)[:200]


def _version(name: str, about: About) -> str:
    module = importlib.import_module(name)
    return str(getattr(module, "__version__", None) or importlib.metadata.version(about.get("package", name)))


def _first(about: About) -> str:
    """The module that a library's documentation begins with."""
    return str(about.get("first") or about["modules"][0]).removesuffix(".*")
