"""How config/hub.yaml becomes settings, and how its mistakes are told: every one, with its line and its remedy.

Knows YAML and the words of messages; what a setting means is in `hub.settings`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from hub.settings import Settings


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing wrong in a settings file: the line (from 1; 0 for the file itself), the setting, a sentence with the remedy."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class SettingsInvalid(Exception):
    """A settings file that cannot be used; its text is what people read."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes))
        self.path = path
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__("\n".join([*self.lines(), f"{count}; nothing was changed."]))

    def lines(self) -> list[str]:
        """One line a mistake, its place first."""
        name = self.path.name
        places = [f"{name}:{mistake.line}" if mistake.line else str(self.path) for mistake in self.mistakes]
        width = max(map(len, places))
        return [f"{place:<{width}}  {mistake}" for place, mistake in zip(places, self.mistakes, strict=True)]


def load(path: Path, *, images: frozenset[str] | None = None) -> Settings:
    """The settings in a file; raises SettingsInvalid with every mistake in it.

    `images` are the names that a course's image may have; none leaves that open (running parts do not build images).
    """
    tree = Tree.of(_read(path))
    try:
        settings = Settings.model_validate(tree.value, context={"images": images})
    except ValidationError as error:
        raise SettingsInvalid(path, [*tree.mistakes, *_from_pydantic(error, tree)]) from None
    if tree.mistakes:
        raise SettingsInvalid(path, tree.mistakes)
    return settings


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = "there is no such file; `campushub up` writes one, or copy config/examples/hub.yaml"
    except IsADirectoryError:
        message = "this is a folder, not a settings file; name the file in it"
    except PermissionError:
        message = "this file may not be read by you; try again with sudo"
    except UnicodeDecodeError:
        message = "this file is not UTF-8 text; save it again as UTF-8"
    raise SettingsInvalid(path, [Mistake(0, "", message)])


@dataclass
class Tree:
    """A YAML document with the line of every key."""

    value: Any = None
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Tree:
        tree = cls({})
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            tree.mistakes.append(_syntax(error, text))
            return tree
        if isinstance(node, yaml.MappingNode):
            tree.value = tree._walk(node, ())
        elif node is not None:
            tree.mistakes.append(Mistake(1, "", "the file must be settings with a value each, like 'port: 8000'"))
        return tree

    def line(self, place: tuple[str, ...]) -> int:
        """The line of a setting, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def _walk(self, node: yaml.Node, place: tuple[str, ...]) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        match node:
            case yaml.MappingNode():
                return self._walk_mapping(node, place)
            case yaml.SequenceNode():
                return [self._walk(child, (*place, str(index))) for index, child in enumerate(node.value)]
            case _:
                return self._scalar(node, place)

    def _walk_mapping(self, node: yaml.MappingNode, place: tuple[str, ...]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            here = (*place, key)
            if not key or key_node.tag == "tag:yaml.org,2002:merge":
                self.mistakes.append(
                    Mistake(line, ".".join(place), "write the settings out; '<<' and lists as keys are not used here")
                )
            elif key in seen:
                self.mistakes.append(Mistake(line, "", f"'{'.'.join(here)}' is already set on line {self.lines[here]}"))
            else:
                self.lines[here] = line
                seen[key] = self._walk(value_node, here)
        return seen

    def _scalar(self, node: yaml.Node, place: tuple[str, ...]) -> Any:
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError):
            self.mistakes.append(
                Mistake(node.start_mark.line + 1, ".".join(place), f"'{node.value}' cannot be read; put it in quotes")
            )
            return None


def _syntax(error: yaml.YAMLError, text: str) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 1
    written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    if "\t" in written:
        return Mistake(line, "", "a tab stands here; YAML wants spaces")
    reason = getattr(error, "problem", None) or "this is not YAML"
    return Mistake(line, "", f"this line cannot be read ({reason}); look at its quotes, colons and indentation")


def _from_pydantic(error: ValidationError, tree: Tree) -> Iterator[Mistake]:
    found = [(tuple(str(part) for part in detail["loc"] if part != "[key]"), detail) for detail in error.errors()]
    meant = {(*place[:-1], _close(place)) for place, detail in found if detail["type"] == "extra_forbidden"}
    for place, detail in found:
        if detail["type"] == "missing" and place in meant:
            continue  # told where it is misspelt
        yield Mistake(tree.line(place), ".".join(place), _words(dict(detail), place))


def _words(detail: dict[str, Any], place: tuple[str, ...]) -> str:
    value, context = detail.get("input"), detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            close = _close(place)
            return "unknown setting" + (f"; did you mean '{close}'?" if close else "")
        case "literal_error":
            return f"'{value}' is not {_choices(context)}"
        case "missing":
            return "is missing; every course needs one" if place[0] == "courses" else "is missing"
        case "value_error":
            return str(context.get("error", detail["msg"]))
        case kind:
            return _words_of_type(kind, value, context)


def _words_of_type(kind: str, value: Any, context: Mapping[str, Any]) -> str:
    if value is None:
        return "has no value; write it after the colon"
    shown = f"'{value}'" if not isinstance(value, dict | list) else "this"
    bounds = {
        "greater_than": "more than {gt}",
        "greater_than_equal": "{ge} or more",
        "less_than": "less than {lt}",
        "less_than_equal": "{le} or less",
    }
    if kind in bounds:
        return f"{shown} must be {bounds[kind].format(**context)}"
    words = {
        "int": "is not a whole number",
        "float": "is not a number",
        "string_pattern_mismatch": "has characters that cannot be used here",
        "string_too_short": "must not be empty",
        "string_too_long": "is too long",
        "string": "is not a text; put it in quotes",
        "tuple": "is not a list; write it like [amey, ivy]",
        "path": "is not a path",
        "model": "is not a group of settings; indent them below it",
        "mapping": "is not a group of settings; indent them below it",
        "dict": "is not a group of settings; indent them below it",
    }
    for prefix, sentence in words.items():
        if kind.startswith(prefix):
            return f"{shown} {sentence}"
    return f"{shown} cannot be used here"


def _choices(context: Mapping[str, Any]) -> str:
    expected = str(context.get("expected", ""))
    return f"one of {expected}" if " or " in expected else expected


def _close(place: tuple[str, ...]) -> str:
    """The setting that a misspelt one is nearest to, or nothing."""
    return next(iter(difflib.get_close_matches(place[-1], _siblings(place[:-1]), n=1)), "")


def _siblings(place: tuple[str, ...]) -> list[str]:
    """The settings that may stand at a place."""
    model: type[BaseModel] = Settings
    named = False  # whether the next part is a name that the administrator gave
    for part in place:
        if named:
            named = False
        elif (inner := _model_of(model, part)) is not None:
            named = get_origin(model.model_fields[part].annotation) is Mapping
            model = inner
    return list(model.model_fields)


def _model_of(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    found = model.model_fields.get(name)
    if found is None:
        return None
    kinds = (found.annotation, *get_args(found.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
