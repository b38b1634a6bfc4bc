"""Which texts an expression may have, as far as a notebook's own code tells: constants, sums, f-strings, variables, lists.

A name has every text that any cell gives it: which one it has at a moment only running would tell.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

DEEPEST, MOST = 30, 50  # expressions within expressions; texts of one expression
STEPS, STEPS_IN_ALL = (
    2_000,
    500_000,
)  # looks at an expression for one answer, and for a notebook: loops may lead in circles
WRAPPERS = {"str", "list", "tuple", "set", "sorted", "reversed", "dict", "iter", "next", "frozenset"}
KEEPERS = {"values", "get", "strip", "rstrip", "lstrip", "lower", "copy", "pop", "getenv", "setdefault"}
ADDERS = {"append", "extend", "add", "insert", "update"}
JOINERS = {"join", "urljoin"}


@dataclass(frozen=True)
class Text:
    """A text that an expression may have, or the beginning of one."""

    text: str
    whole: bool = True


class Each(ast.expr):
    """What a loop's name stands for: every element of something, or a part of every element."""

    _fields = ("value",)

    def __init__(self, value: ast.expr, number: int | None) -> None:
        super().__init__()
        self.value, self.number = value, number


class Values:
    """What the names of a notebook may stand for."""

    def __init__(self, trees: Iterable[ast.AST]) -> None:
        self.given: dict[str, list[ast.expr]] = defaultdict(list)
        for tree in trees:
            for node in ast.walk(tree):
                for name, value in _given(node):
                    self.given[name].append(value)
        self._known: dict[str, tuple[Text, ...]] = {}
        self._left, self._left_in_all = STEPS, STEPS_IN_ALL

    def of(self, node: ast.AST | None, deep: int = 0) -> tuple[Text, ...]:
        """The texts that are known; none for what is not known or no text. Of a list or a table: those of what is in it."""
        if not deep:
            self._left = min(STEPS, self._left_in_all)
        if node is None or deep > DEEPEST or self._left <= 0:
            return ()
        self._left, self._left_in_all = self._left - 1, self._left_in_all - 1
        return tuple(dict.fromkeys(self._of(node, deep + 1)))[:MOST]

    def text(self, node: ast.AST | None) -> str:
        """The one whole text of an expression; empty when there is not just one."""
        found = self.of(node)
        return found[0].text if len(found) == 1 and found[0].whole else ""

    def _of(self, node: ast.AST, deep: int) -> Iterable[Text]:
        match node:
            case ast.Constant(value=str(text)):
                return [Text(text)]
            case ast.Name(id=name):
                return self._named(name, deep)
            case ast.Attribute(attr=attr):
                return self._named(f".{attr}", deep)
            case ast.JoinedStr(values=parts):
                return self._joined("", parts, deep)
            case ast.FormattedValue(value=value, format_spec=None):
                return self.of(value, deep)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._sum(left, right, deep)
            case ast.BinOp(left=left, op=ast.Mod()):
                return [_until(one, "%") for one in self.of(left, deep)]
            case ast.Call():
                return self._call(node, deep)
            case ast.Subscript(value=value, slice=index):
                return self._part(value, index, deep)
            case Each():
                return [text for one in self._picked(node, deep) for text in self.of(one, deep)]
            case _:
                return [text for one in _inside(node) for text in self.of(one, deep)]

    def _named(self, name: str, deep: int) -> tuple[Text, ...]:
        if name not in self._known:
            self._known[name] = ()  # what is defined by itself has nothing
            found = [text for node in self.given.get(name, [])[:MOST] for text in self.of(node, deep)]
            self._known[name] = tuple(dict.fromkeys(found))[:MOST]
        return self._known[name]

    def _joined(self, between: str, parts: list[ast.expr], deep: int) -> list[Text]:
        made = [Text("")]
        for number, part in enumerate(parts):
            begun = between if number else ""
            made = _added(made, tuple(Text(f"{begun}{one.text}", one.whole) for one in self.of(part, deep)), begun)
        return made

    def _sum(self, left: ast.expr, right: ast.expr, deep: int) -> Iterable[Text]:
        before, after = self.of(left, deep), self.of(right, deep)
        if any("://" in one.text for one in after):  # two lists, rather than two parts of a text
            return (*before, *after)
        return _added(list(before), after, "")

    def _call(self, call: ast.Call, deep: int) -> Iterable[Text]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if isinstance(call.func, ast.Attribute) and name == "format":
            return [_until(one, "{") for one in self.of(call.func.value, deep)]
        if name in JOINERS:
            match call.func, call.args:
                case ast.Attribute(value=ast.Constant(value=str(between))), [
                    ast.List(elts=parts) | ast.Tuple(elts=parts)
                ]:
                    return self._joined(between, parts, deep)
            return self._joined("" if name == "urljoin" else "/", call.args, deep)
        if isinstance(call.func, ast.Attribute) and name in KEEPERS:
            return [text for one in (call.func.value, *given[1:]) for text in self.of(one, deep)]
        if name in WRAPPERS:
            return [text for one in given for text in self.of(one, deep)]
        return ()

    def _picked(self, each: Each, deep: int) -> Iterator[ast.expr]:
        for element in self._elements(each.value, deep):
            if each.number is None:
                yield element
            elif isinstance(element, ast.Tuple | ast.List) and len(element.elts) > each.number:
                yield element.elts[each.number]

    def _elements(self, node: ast.expr, deep: int) -> list[ast.expr]:
        """What a loop over this goes through."""
        if deep > DEEPEST:
            return []
        match node:
            case ast.Name(id=name):
                return [one for given in self.given.get(name, [])[:MOST] for one in self._elements(given, deep + 1)][
                    :MOST
                ]
            case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
                return elts[:MOST]
            case ast.Dict(keys=keys):
                return [key for key in keys if key is not None][:MOST]
            case ast.Call(func=ast.Attribute(value=table, attr="items" | "values" | "keys" as verb)):
                pairs = [pair for one in self._tables(table) for pair in zip(one.keys, one.values, strict=True)]
                whole: list[ast.expr] = [ast.Tuple([key, value]) for key, value in pairs if key is not None]
                parts = {"items": whole, "keys": [one.elts[0] for one in whole if isinstance(one, ast.Tuple)]}
                return parts.get(verb, [value for _, value in pairs])[:MOST]
            case ast.Call(func=ast.Name(id="zip"), args=lists):
                columns = [self._elements(one, deep + 1) for one in lists]
                return [ast.Tuple(list(row)) for row in zip_longest(*columns, fillvalue=ast.Constant(0))]
            case ast.Call(func=ast.Name(id="enumerate"), args=[value, *_]):
                return [ast.Tuple([ast.Constant(0), one]) for one in self._elements(value, deep + 1)]
            case ast.Call(func=ast.Name(id=name), args=[value, *_]) if name in WRAPPERS or name == "tqdm":
                return self._elements(value, deep + 1)
        return [node]

    def _tables(self, node: ast.expr) -> list[ast.Dict]:
        found = self.given.get(node.id, []) if isinstance(node, ast.Name) else [node]
        return [one for one in found if isinstance(one, ast.Dict)]

    def _part(self, value: ast.expr, index: ast.expr, deep: int) -> Iterable[Text]:
        if isinstance(index, ast.Slice):
            return ()
        if isinstance(index, ast.Constant):
            for table in self._tables(value):
                for key, one in zip(table.keys, table.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == index.value:
                        return self.of(one, deep)
        return self.of(value, deep)


def _added(before: list[Text], after: tuple[Text, ...], begun: str) -> list[Text]:
    """Every beginning with every end; what has no known end stays a beginning."""
    made: list[Text] = []
    for one in before:
        if not one.whole or not after:
            made.append(Text(one.text if not one.whole else one.text + begun, False))
        else:
            made += [Text(one.text + other.text, other.whole) for other in after]
    return made[:MOST]


def _until(text: Text, sign: str) -> Text:
    """The part of a pattern that stands before its first gap."""
    before, gap, _ = text.text.partition(sign)
    return Text(before, text.whole and not gap)


def _inside(node: ast.AST) -> list[ast.expr]:
    """What an expression holds, or is one of."""
    match node:
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            return elts
        case ast.Dict(values=values):
            return values
        case ast.Starred(value=value) | ast.NamedExpr(value=value) | ast.Await(value=value):
            return [value]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.BoolOp(values=values):
            return values
        case ast.ListComp(elt=elt) | ast.GeneratorExp(elt=elt) | ast.SetComp(elt=elt):
            return [elt]
        case ast.DictComp(value=value):
            return [value]
    return []


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What a piece of code gives to which names."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _to(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _to(target, value)
        case ast.AugAssign(target=ast.Name(id=name), value=ast.List() | ast.Tuple() as value):
            yield name, value
        case ast.NamedExpr(target=target, value=value):
            yield from _to(target, value)
        case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
            yield from _to(target, value, each=True)
        case ast.comprehension(target=target, iter=value):
            yield from _to(target, value, each=True)
        case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments) | ast.Lambda(args=arguments):
            named = [*arguments.posonlyargs, *arguments.args]
            yield from zip(
                (one.arg for one in named[len(named) - len(arguments.defaults) :]), arguments.defaults, strict=True
            )
            for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
                if default is not None:
                    yield one.arg, default
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=verb), args=values) if verb in ADDERS:
            yield from ((name, value) for value in values)


def _to(target: ast.expr, value: ast.expr, *, each: bool = False) -> Iterator[tuple[str, ast.expr]]:
    """What a target of an assignment gets, or of a loop, which gives it one element after another."""
    match target:
        case ast.Name(id=name):
            yield name, Each(value, None) if each else value
        case ast.Attribute(attr=attr):
            yield f".{attr}", value
        case ast.Subscript(value=ast.Name(id=name)):
            yield name, value
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets) else None
            for number, one in enumerate(targets):
                if each and isinstance(one, ast.Name):
                    yield one.id, Each(value, number)
                elif not each:
                    yield from _to(one, parts[number] if parts else value)
