"""The weights of models, and the data sets of torchvision, that a call would fetch."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hub.downloads import Download, Kind, Wanted, tables
from hub.downloads.values import Values

PACKED = (".gz", ".tgz", ".tar", ".zip")
CHECKPOINTS = "https://download.pytorch.org/models/"


def of_keras(call: ast.Call, model: str, values: Values) -> Iterator[Download]:
    """A model of keras.applications: it fetches the weights of ImageNet unless it is told otherwise."""
    if model == "decode_predictions":
        file = Wanted(tables.CLASS_INDEX, "imagenet_class_index.json", "keras-models")
        yield Download(Kind.FILE, "the names of ImageNet's classes", (file,))
    if not model[:1].isupper():
        return
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    places = dict(zip(("include_top", "weights"), call.args, strict=False)) if model not in ODD else {}
    weights = given.get("weights", places.get("weights"))
    named = [one.text for one in values.of(weights)]
    if weights is not None and "imagenet" not in named:
        return
    top = given.get("include_top", places.get("include_top"))
    known = tables.KERAS_WEIGHTS.get(model)
    if known is None:
        yield Download(
            Kind.FILE, f"the weights of {model} of Keras", (Wanted(tables.STORAGE, "", "keras-models", whole=False),)
        )
        return
    base, stem, *ends = known
    stem = stem.replace("{alpha}", _alpha(model, given.get("alpha")))
    ends = ends[:1] if top is None or _is(top, True) else ends[1:] if _is(top, False) else ends
    files = [f"{stem}{end}" for end in ends]
    wanted = tuple(Wanted(base + tables.KERAS_SOURCES.get(file, file), file, "keras-models") for file in files)
    which = {1: " without the top" if wanted[0].file.endswith(known[3]) else ""}.get(
        len(files), ", with or without the top"
    )
    yield Download(Kind.FILE, f"the weights of {model} of Keras{which}", wanted)


ODD = {
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "MobileNetV3Large",
    "NASNetMobile",
    "NASNetLarge",
}  # other orders


def _alpha(model: str, given: ast.expr | None) -> str:
    """The width of a MobileNet as the names of its files write it."""
    alpha = float(given.value) if isinstance(given, ast.Constant) and isinstance(given.value, int | float) else 1.0
    return tables.MOBILE_ALPHA.get(alpha, "1_0") if model == "MobileNet" else str(alpha)


def of_torchvision(call: ast.Call, name: str, last: str) -> Iterator[Download]:
    """A model that is asked for its weights, or a data set that may download."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if name.startswith("torchvision.datasets."):
        if "download" in given and not _is(given["download"], False):
            urls = tables.TORCHVISION.get(last, ())
            files = tuple(Wanted(url, url.rpartition("/")[2], unpack=url.endswith(PACKED)) for url in urls)
            yield Download(Kind.FILE if files else Kind.HUGE, f"the data set {last} of torchvision", files)
        return
    asked = [given[word] for word in ("weights", "pretrained", "weights_backbone") if word in given]
    asked += call.args[:1] if _is(next(iter(call.args), None), True) else []
    if last[:1].islower() and any(not _is(one, None) and not _is(one, False) for one in asked):
        file = Wanted(f"{CHECKPOINTS}{last}-", "", "torch-checkpoints", whole=False)
        yield Download(Kind.FILE, f"the weights of {last} of torchvision", (file,))


def of_torch_hub(call: ast.Call, verb: str, values: Values) -> Iterator[Download]:
    """torch.hub: a repository of GitHub, or weights at an address."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    named = values.of(given.get("repo_or_dir", given.get("github", call.args[0] if call.args else None)))
    if verb in ("load", "list", "help") and values.text(given.get("source")) != "local" and named:
        repository = named[0].text.partition(":")[0]
        model = values.text(given.get("model", call.args[1] if len(call.args) > 1 else None))
        what = f"the model {model} of the repository {repository}" if model else f"the repository {repository}"
        archive = f"https://github.com/{repository}/zipball/{named[0].text.partition(':')[2] or 'main'}"
        file = Wanted(archive, f"{repository.rpartition('/')[2]}.zip", "torch-hub", unpack=True)
        yield Download(Kind.FILE, f"{what}, beside the weights that it loads", (file,))
    if verb in ("load_state_dict_from_url", "load_url", "download_url_to_file"):
        for one in values.of(given.get("url", call.args[0] if call.args else None)):
            if "://" in one.text:
                name = one.text.rpartition("/")[2].partition("?")[0]
                library = "" if verb == "download_url_to_file" else "torch-checkpoints"
                yield Download(Kind.FILE, f"the weights {name}", (Wanted(one.text, name, library, one.whole),))


def _is(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
