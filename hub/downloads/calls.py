"""What calls of Python would fetch: those of libraries that fetch by name, and any that is given an address."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from hub import names
from hub.downloads import Download, Kind, Wanted, models, shell, tables, texts
from hub.downloads.values import Text, Values

LONGEST = 80  # characters of what code says that are shown
OWN_HOSTS = ("localhost", "127.", "0.0.0.0", "[::1]")
DATA = "/data/"  # where a course's data lies in its servers


@dataclass(frozen=True)
class Calls:
    """One cell's Python, with what names mean and stand for in its notebook."""

    tree: ast.AST
    aliases: names.Aliases
    values: Values

    def found(self) -> Iterator[Download]:
        for node in ast.walk(self.tree):
            match node:
                case ast.Call():
                    yield from self._of_call(node)
                case ast.ImportFrom(module=str(module)) if module.split(".")[:2] == ["google", "colab"]:
                    yield _colab(node)
                case ast.Import(names=names_) if any(one.name.startswith("google.colab") for one in names_):
                    yield _colab(node)

    def _of_call(self, call: ast.Call) -> Iterator[Download]:
        name = plain(names.full(call.func, self.aliases))
        made = [*self._runs(call, name), *self._named(call, name)] or [*self._addresses(call, name)]
        if not made and name.startswith(tables.GO_OUT) and not name.startswith("torch.hub.set_dir"):
            made = [Download(Kind.UNSEEN, f"what '{name}' asks for")]
        for one in made:
            code = one.code or f"{name or _method(call)}(…)"[:LONGEST]
            past = one.by_path or name.startswith(tables.UNANSWERED)
            yield replace(one, code=code, by_path=past, line=call.lineno, column=call.col_offset)

    def _runs(self, call: ast.Call, name: str) -> Iterator[Download]:
        """What a command would fetch that a call runs."""
        if name in tables.RUNNERS:
            yield from shell.found(self._words(call))

    def _words(self, call: ast.Call) -> str:
        """The command as far as it stands there: `[sys.executable, "-m", "pip", …]` as `python -m pip …`."""
        match call.args:
            case [ast.List(elts=words) | ast.Tuple(elts=words), *_]:
                return " ".join(self.values.text(word) or ("python" if _is_python(word) else "?") for word in words)
            case [word, *_]:
                return next((one.text for one in self.values.of(word)), "")
        return ""

    def _named(self, call: ast.Call, name: str) -> Iterator[Download]:
        """What a library fetches by itself."""
        last = name.rpartition(".")[2] or _method(call)
        first = self.values.of(argument(call, 0, "name"))
        if name == "seaborn.load_dataset":
            yield _of_seaborn(first)
        elif (
            name.startswith("keras.datasets.")
            and (key := name.removeprefix("keras.datasets.")) in tables.KERAS_DATASETS
        ):
            yield _of_keras(key)
        elif name.startswith("keras.applications."):
            yield from models.of_keras(call, last, self.values)
        elif name.startswith(("torchvision.models.", "torchvision.datasets.")):
            yield from models.of_torchvision(call, name, last)
        elif name.startswith(("torch.hub.", "torch.utils.model_zoo.")):
            yield from models.of_torch_hub(call, last, self.values)
        elif name.startswith("sklearn.datasets.") and last in tables.SKLEARN:
            files = tuple(Wanted(url, file) for file, url in tables.SKLEARN[last])
            yield Download(Kind.FILE, f"the data set {last.removeprefix('fetch_')} of scikit-learn", files)
        elif name in tables.SHOWS or name.startswith(tables.PAGES):
            yield from self._shown(call, name)
        elif isinstance(call.func, ast.Attribute) and last in ("from_pretrained", "from_preset"):
            yield from _of_hub(self.values.of(argument(call, 0, "pretrained_model_name_or_path")))
        elif entry := next((one for one in tables.NAMED if name and _begins(name, one[0])), None):
            yield from _of_table(entry, first)

    def _shown(self, call: ast.Call, name: str) -> Iterator[Download]:
        """What a reader's browser would fetch for an output."""
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        for text in (one for value in given for one in self.values.of(value)):
            if name in tables.SHOWS and is_address(text):
                yield Download(Kind.SHOWN, f"shows what lies at {text.text[:LONGEST]}", (wanted(text),))
            elif name.startswith(tables.PAGES):
                yield from texts.of_html(text.text)

    def _addresses(self, call: ast.Call, name: str) -> Iterator[Download]:
        """Any other call that is given an address, or a path below /data."""
        if _speaks(call, name):
            return
        for value in _given(call):
            found = [one for one in self.values.of(value) if is_address(one)]
            if found:
                yield of_addresses(found, argument_text(self.values, call, name))
            yield from self._of_data(value)

    def _of_data(self, value: ast.expr) -> Iterator[Download]:
        for one in self.values.of(value):
            if one.text.startswith(DATA) and one.whole and one.text.strip("/") != DATA.strip("/"):
                yield Download(Kind.FILE, f"the file {one.text}", (Wanted(one.text, posixpath.basename(one.text)),))


def plain(name: str) -> str:
    """A full name as the tables write it: Keras has several ways in."""
    for begin in ("tensorflow.python.keras", "tensorflow.keras", "tf_keras", "keras.api", "keras.src"):
        if name.startswith(f"{begin}."):
            return f"keras{name.removeprefix(begin)}"
    return name


def argument(call: ast.Call, place: int, *words: str) -> ast.expr | None:
    """An argument by its place or by one of its names."""
    named = next((keyword.value for keyword in call.keywords if keyword.arg in words), None)
    return named if named is not None else call.args[place] if len(call.args) > place else None


def argument_text(values: Values, call: ast.Call, name: str) -> str:
    """Under which name a call keeps what it fetches, where that is said."""
    return values.text(argument(call, 0, "fname")) if name == "keras.utils.get_file" else ""


def is_address(text: Text) -> bool:
    """Whether a text is an address of another machine, or begins as one."""
    link = text.text.strip()
    if not link.startswith(tables.SCHEMES) or link.startswith(tables.NO_ADDRESSES) or len(link.split()) > 1:
        return False
    host = link.partition("://")[2]
    return (
        (bool(host) or not text.whole)
        and not host.startswith(OWN_HOSTS)
        and not any(sign in link for sign in "<>\"'\n")
    )


def wanted(text: Text, file: str = "", library: str = "") -> Wanted:
    """The file at an address; its name is the last part of that."""
    link = text.text.strip()
    return Wanted(link, file or file_of(link), library, text.whole)


def file_of(link: str) -> str:
    """The name of the file at an address."""
    try:
        return posixpath.basename(unquote(urlsplit(link).path).rstrip("/"))
    except ValueError:
        return ""


def of_addresses(found: list[Text], file: str = "", library: str = "") -> Download:
    """What lies at some addresses."""
    if is_address(Text(file)):
        file = ""
    wants = tuple(wanted(one, file if len(found) == 1 else "", library) for one in found)
    kind = Kind.REPOSITORY if all(one.url.endswith(".git") for one in wants) else Kind.FILE
    first = found[0].text.strip()[:LONGEST]
    if len(found) > 1:
        return Download(kind, f"{len(found)} files, the first at {first}", wants)
    return Download(kind, f"the file {first}" if found[0].whole else f"a file whose address begins with {first}", wants)


def _begins(name: str, begin: str) -> bool:
    return name == begin or name.startswith(begin if begin[-1] in "._" else f"{begin}.")


def _given(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords if keyword.arg not in tables.SPEAK_ARGUMENTS)


def _speaks(call: ast.Call, name: str) -> bool:
    """Whether a call takes an address and fetches nothing."""
    match call.func:
        case ast.Name(id=word) if word in tables.SPEAK or word.endswith(("Error", "Exception", "Warning")):
            return True
    reads = name.startswith("matplotlib.") and name.endswith("imread")
    return (name.startswith(tables.SPEAK_MODULES) and not reads) or (not name and _method(call) in tables.SPEAK_METHODS)


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_python(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "executable"


def _is_local(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.endswith((".h5", ".keras", ".pt", ".pth"))


def _of_seaborn(found: tuple[Text, ...]) -> Download:
    known = [one.text for one in found if one.whole]
    if not known:
        return Download(Kind.FILE, "a data set of seaborn", (Wanted(tables.SEABORN, "", "seaborn", whole=False),))
    files = tuple(Wanted(f"{tables.SEABORN}{name}.csv", f"{name}.csv", "seaborn") for name in known)
    several = "s" if len(known) > 1 else ""
    return Download(Kind.FILE, f"the data set{several} {', '.join(known[:5])} of seaborn", files)


def _of_keras(key: str) -> Download:
    name, _, verb = key.partition(".")
    what = f"the data set {name} of Keras" if verb == "load_data" else f"the words of the data set {name} of Keras"
    files = (
        Wanted(url, file_of(url), "keras-datasets", unpack=url.endswith(".tar.gz"))
        for url in tables.KERAS_DATASETS[key]
    )
    return Download(Kind.FILE, what, tuple(files))


def _of_hub(found: tuple[Text, ...]) -> Iterator[Download]:
    name = found[0].text if found else ""
    if name and not _is_local(name):
        link = name if "://" in name else f"https://huggingface.co/{name}"
        yield Download(Kind.HUGE, f"the model {name}", (Wanted(link, "", whole=False),))


def _of_table(entry: tuple[str, str, str, Kind], found: tuple[Text, ...]) -> Iterator[Download]:
    _, words, url, kind = entry
    if kind is Kind.HUGE and found and _is_local(found[0].text):
        return
    told = found[0].text if found and found[0].text else ""
    whole = [one for one in found if is_address(one)]
    if whole:
        yield of_addresses(whole)
        return
    needs = words.replace("{}", told or "…")
    link = url.replace("{}", told)
    yield Download(kind, needs, (Wanted(link, "", whole=False),) if link else ())


def _colab(node: ast.stmt) -> Download:
    return Download(
        Kind.SERVICE,
        "something that only Google Colab has",
        code="google.colab",
        line=node.lineno,
        column=node.col_offset,
    )
