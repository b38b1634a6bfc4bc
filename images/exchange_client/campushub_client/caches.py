"""Links to what is provided, in the folders where libraries keep what they have downloaded: one copy for everybody.

A person's own file always stays. A link of ours is known by where it leads: it is renewed when that has changed, and goes when it
leads nowhere. Where a home takes no links, they are put into a folder of the container's own.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from campushub_client import provided
from campushub_client.provided import Entry

KERAS_NAMES = {  # where Keras's own data sets look for what they call otherwise (keras/src/datasets)
    **{
        f"{part}-{what}-ubyte.gz": f"fashion-mnist/{part}-{what}-ubyte.gz"
        for part in ("train", "t10k")
        for what in ("images-idx3", "labels-idx1")
    },
    "cifar-10-python.tar.gz": "cifar-10-batches-py-target_archive",
    "cifar-100-python.tar.gz": "cifar-100-python-target_archive",
}
OURS = ("datasets", "datasets/fashion-mnist", "models", "checkpoints")  # folders that have links of ours
REPOSITORY = re.compile(
    r"//(?:www\.|codeload\.|api\.)?github\.com/(?:repos/)?(?P<owner>[^/]+)/(?P<name>[^/]+)/"
    r"(?:zipball|tarball|archive|zip|tar\.gz)/(?:refs/(?:heads|tags)/)?(?P<ref>.+?)(?:\.zip|\.tar\.gz)?$"
)


def keras() -> dict[str, Path]:
    """What leads where in Keras's folder."""
    links = {}
    for one in provided.entries():
        if one.library == "keras-datasets":
            links |= {f"datasets/{name}": one.path for name in _keras_names(one)}
        elif one.library == "keras-models":
            links[f"models/{one.file}"] = one.path
    return links


def _keras_names(one: Entry) -> Iterator[str]:
    yield KERAS_NAMES.get(one.file, one.file)
    if one.tree:
        yield f"{one.file}_archive"  # what `get_file(origin=…, extract=True)` looks for


def torch() -> dict[str, Path]:
    """What leads where in the folder of torch's hub."""
    links = {}
    for one in provided.entries():
        if one.library == "torch-checkpoints":
            links[f"checkpoints/{one.file}"] = one.path
        elif one.library == "torch-hub" and one.tree:
            links[_repository(one)] = _only_folder(one.tree)
    return links


def _repository(one: Entry) -> str:
    """The name under which torch looks for a repository: owner_name_ref; the archive's own where no URL tells it."""
    found = next(filter(None, (REPOSITORY.search(url.partition("?")[0]) for url in one.urls)), None)
    if found is None:
        return re.sub(r"\.(zip|tar\.gz|tgz|tar)$", "", one.file)
    return "_".join((found["owner"], found["name"], found["ref"].replace("/", "_")))


def _only_folder(tree: Path) -> Path:
    """The folder that an archive of a repository has everything in."""
    try:
        inside = [one for one in tree.iterdir() if not one.name.startswith(".")]
    except OSError:
        return tree
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else tree


def seaborn() -> dict[str, Path]:
    """What leads where in seaborn's folder."""
    return {one.file: one.path for one in provided.entries() if one.library == "seaborn"}


def seaborn_names(source: str) -> set[str]:
    """The example tables that are provided, for seaborn or by their public URL."""
    files = set(seaborn())
    for one in provided.entries():
        files |= {url.removeprefix(f"{source}/") for url in one.urls if url.startswith(f"{source}/")}
    return {file.removesuffix(".csv") for file in files if file.endswith(".csv")}


def tree_of(archive: str) -> Path | None:
    """The folder in which an archive that is provided lies unpacked."""
    real = Path(archive).resolve()
    return next((one.tree for one in provided.entries() if one.tree and one.path.resolve() == real), None)


def with_links(folder: str, links: Mapping[str, Path]) -> str:
    """The folder with the links in it; another one with them where this one takes none."""
    wanted = Path(folder).expanduser()
    own = Path(tempfile.gettempdir()) / f"campushub-{os.getuid()}" / wanted.name.strip(".")
    for place in (wanted, own):
        try:
            for part in {place, *(place / name for name in OURS), *((place / name).parent for name in links)}:
                _tidy(part)
            for name, target in links.items():
                _renew(place / name, target)
        except OSError:
            continue
        return str(place)
    return folder


def _tidy(folder: Path) -> None:
    """Take away links of ours that lead nowhere."""
    if folder.is_dir() and os.access(folder, os.R_OK | os.W_OK):
        for one in folder.iterdir():
            if is_ours(one) and not one.exists():
                one.unlink(missing_ok=True)


def is_ours(link: Path) -> bool:
    """Whether this is a link that leads to what is provided."""
    return link.is_symlink() and link.readlink().is_relative_to(provided.root())


def _renew(path: Path, target: Path) -> None:
    """Make a link, or lead it elsewhere; what is the person's own stays. Raises OSError."""
    if os.path.lexists(path) and not (is_ours(path) and path.readlink() != target):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, target)


def _replace(path: Path, target: Path) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    new.symlink_to(target)
    new.replace(path)


def put(path: str, target: Path) -> bool:
    """Make a link in the place of a file that would be written anew; whether it is there now."""
    link = Path(path)
    try:
        if link.is_dir() and not link.is_symlink():  # the person's own
            return False
        _replace(link, target)
    except OSError:
        return False
    return True


def put_tree(folder: str, tree: Path) -> bool:
    """Make folders with links to the files of a tree, where an archive would be unpacked; whether they are there now.

    A link for every file, since who unpacks may move the folders or take them away.
    """
    files = [path for path in tree.rglob("*") if not path.is_dir()]
    try:
        for path in files:
            (Path(folder) / path.relative_to(tree)).parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return all(put(str(Path(folder) / path.relative_to(tree)), path) for path in files)
