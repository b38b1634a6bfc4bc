"""Links to what a course provides, in the folders of libraries: one copy for everybody, and nobody's own file is touched."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import urllib.request
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from campushub_client import answers, caches, libraries, provided

from hub import mirror
from hub.adapters import shelves
from hub.mirror_settings import Data


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("CAMPUSHUB_DATA", str(folder))
    monkeypatch.setattr(caches.tempfile, "tempdir", str(tmp_path / "scratch"))
    return folder


def provide(data: Path, *paths: str, library: str, **more: Any) -> None:
    entries = []
    for path in paths:
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        (data / path).write_text(path, encoding="utf-8")
        entries.append({"name": path.partition("/")[0], "path": path, "urls": [], "library": library, **more})
    (data / provided.INDEX).write_text(json.dumps({"entries": entries}), encoding="utf-8")


def unpacked(data: Path, file: str, library: str, *urls: str) -> None:
    """Provide an archive with one folder in it, unpacked."""
    (data / ".archives").mkdir(exist_ok=True)
    (data / ".archives" / file).write_text("packed", encoding="utf-8")
    (data / "tree" / "nets-0123abc").mkdir(parents=True)
    one = {"name": "tree", "path": "tree", "archive": f".archives/{file}", "unpacked": True, "library": library}
    (data / provided.INDEX).write_text(json.dumps({"entries": [{**one, "urls": urls}]}), encoding="utf-8")


def test_keras_finds_each_file_where_it_looks_for_it(data: Path, tmp_path: Path) -> None:
    provide(data, "mnist/mnist.npz", "labels/train-labels-idx1-ubyte.gz", library="keras-datasets")
    place = caches.with_links(str(tmp_path / "keras"), caches.keras())
    assert (Path(place) / "datasets" / "mnist.npz").read_text(encoding="utf-8") == "mnist/mnist.npz"
    assert (Path(place) / "datasets" / "fashion-mnist" / "train-labels-idx1-ubyte.gz").is_symlink()


def laid_out(data: Path, aside: Path, **sources: tuple[Path, dict[str, Any]]) -> None:
    """Have the hub's own parts provide these files."""
    entries, blobs, trees = [], aside / "blobs", aside / "trees"
    blobs.mkdir()
    for name, (source, settings) in sources.items():
        content = source.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        (blobs / sha256).write_bytes(content)
        about = Data.model_validate({"source": str(source), "sha256": sha256, **settings})
        if about.unpack:
            shelves.unpack(blobs / sha256, trees / sha256, room=0)
        entries.append(mirror.entry(name, about, len(content)))
    shelves.lay_out(data, entries, blobs, trees)


def test_what_the_hub_lays_out_is_what_libraries_find(data: Path, tmp_path: Path) -> None:
    table, net = tmp_path / "t.csv", tmp_path / "net.zip"
    table.write_text("a,b", encoding="utf-8")
    with zipfile.ZipFile(net, "w") as archive:
        archive.writestr("net-0123abc/hubconf.py", "")
    zipball = "https://github.com/o/net/zipball/main"
    laid_out(
        data,
        tmp_path,
        table=(table, {"library": "seaborn", "also": ["https://a.example/t.csv"]}),
        net=(net, {"library": "torch-hub", "unpack": True, "also": [zipball]}),
    )
    found, archived = provided.find("http://a.example/t.csv"), provided.find(zipball)
    assert found is not None
    assert archived is not None
    assert found.path.read_text(encoding="utf-8") == "a,b"
    assert archived.path.read_bytes() == net.read_bytes()
    place = Path(caches.with_links(str(tmp_path / "place"), caches.torch() | caches.seaborn()))
    assert (place / "t.csv").read_text(encoding="utf-8") == "a,b"
    assert (place / "o_net_main" / "hubconf.py").exists()


def test_nobodys_own_file_is_touched(data: Path, tmp_path: Path) -> None:
    provide(data, "a/a.csv", "b/b.csv", "c/c.csv", library="seaborn")
    folder = tmp_path / "seaborn"
    folder.mkdir()
    (folder / "a.csv").write_text("mine", encoding="utf-8")
    (folder / "b.csv").symlink_to("/nowhere/of/mine")
    caches.with_links(str(folder), caches.seaborn())
    assert (folder / "a.csv").read_text(encoding="utf-8") == "mine"
    assert (folder / "b.csv").readlink() == Path("/nowhere/of/mine")
    assert (folder / "c.csv").readlink() == data / "c" / "c.csv"


def test_links_follow_what_is_provided(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "seaborn"
    provide(data, "a/a.csv", "b/b.csv", library="seaborn")
    caches.with_links(str(folder), caches.seaborn())
    for old in ("a/a.csv", "b/b.csv"):
        (data / old).unlink()
    provide(data, "new/a.csv", library="seaborn")
    caches.with_links(str(folder), caches.seaborn())
    assert [(one.name, one.readlink()) for one in folder.iterdir()] == [("a.csv", data / "new" / "a.csv")]


@pytest.mark.parametrize("broken", ["file", "link", "below"])
def test_where_a_home_takes_no_links_they_are_elsewhere(data: Path, tmp_path: Path, broken: str) -> None:
    provide(data, "mnist/mnist.npz", library="keras-datasets")
    home = tmp_path / ".keras"
    if broken == "file":
        home.write_text("", encoding="utf-8")
    elif broken == "link":
        home.symlink_to("nowhere")
    else:
        home.mkdir()
        (home / "datasets").write_text("", encoding="utf-8")
    place = Path(caches.with_links(str(home), caches.keras()))
    assert place == tmp_path / "scratch" / f"campushub-{os.getuid()}" / "keras"
    assert (place / "datasets" / "mnist.npz").exists()


def test_where_nothing_takes_links_the_library_has_its_own_folder(data: Path, tmp_path: Path) -> None:
    provide(data, "mnist/mnist.npz", library="keras-datasets")
    for name in (".keras", "scratch"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert caches.with_links(str(tmp_path / ".keras"), caches.keras()) == str(tmp_path / ".keras")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/pytorch/vision/zipball/v0.10.0", "pytorch_vision_v0.10.0"),
        ("https://github.com/pytorch/vision/archive/refs/heads/main.zip", "pytorch_vision_main"),
        ("https://codeload.github.com/a/b/zip/refs/tags/v1", "a_b_v1"),
        ("https://api.github.com/repos/a/b/zipball/release/0.2", "a_b_release_0.2"),
        ("https://elsewhere.example/b.zip", "a_b_main"),
    ],
)
def test_torch_finds_a_repository_by_its_name_for_it(data: Path, url: str, name: str) -> None:
    unpacked(data, "a_b_main.zip", "torch-hub", url)
    assert caches.torch() == {name: data / "tree" / "nets-0123abc"}


class Library:
    """Stands for Keras's module of files: the same names; what it would fetch or unpack is noted."""

    def __init__(self, home: Path) -> None:
        self.home, self.done = home, list[str]()
        self.config = self

    def keras_home(self) -> str:
        return str(self.home)

    def get_file(self, name: str, url: str, cache_dir: str | None = None) -> str:
        target = f"{cache_dir}/datasets/{name}"
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        if not Path(target).exists():
            self.urlretrieve(url, target)
        self.extract_archive(target, f"{cache_dir}/datasets/tree")
        return target

    def urlretrieve(self, url: str, target: str) -> None:
        self.done.append(f"fetched {url}")
        Path(target).write_text("mine", encoding="utf-8")

    def extract_archive(self, archive: str, path: str, archive_format: str = "auto") -> bool:
        self.done.append(f"unpacked {Path(archive).name} to {Path(path).name}, {archive_format}")
        return True


def test_what_keras_would_fetch_and_unpack_becomes_links(data: Path, tmp_path: Path) -> None:
    unpacked(data, "nets.zip", "none", "https://a.example/nets.zip")
    keras = Library(tmp_path / "keras")
    libraries.link_keras(keras)
    for _ in range(2):
        path = Path(keras.get_file("any", "https://a.example/nets.zip"))
    assert keras.done == []
    assert path.readlink() == data / ".archives" / "nets.zip"
    assert (path.parent / "tree").readlink() == data / "tree"


def test_keras_fetches_and_unpacks_into_a_persons_own_folder_itself(data: Path, tmp_path: Path) -> None:
    unpacked(data, "nets.zip", "none", "https://a.example/nets.zip")
    keras = Library(tmp_path / "keras")
    libraries.link_keras(keras)
    keras.get_file("any", "https://a.example/nets.zip", cache_dir=str(tmp_path / "project"))
    assert keras.done == ["fetched https://a.example/nets.zip", "unpacked any to tree, auto"]


def test_a_home_without_room_keeps_nothing_back(data: Path, tmp_path: Path) -> None:
    """A real file system that is full: its few inodes are taken."""
    provide(data, "mnist/mnist.npz", library="keras-datasets")
    home = tmp_path / "home"
    home.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=2", "none", home], check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        (home / "taken").touch()
        place = Path(caches.with_links(str(home / ".keras"), caches.keras()))
        assert (place / "datasets" / "mnist.npz").exists()
    finally:
        subprocess.run(["umount", home], check=True)


TORCHVISION = """
import hashlib, os, pathlib, shutil
from urllib.request import urlopen
def check_integrity(path, md5=None):
    return os.path.isfile(path) and md5 in (None, hashlib.md5(pathlib.Path(path).read_bytes()).hexdigest())
def download_url(url, root, filename=None, md5=None, max_redirect_hops=3):
    path = os.path.join(root, filename or os.path.basename(url))
    os.makedirs(root, exist_ok=True)
    if not check_integrity(path, md5):
        with open(path, "wb") as file:
            file.write(urlopen(url).read())
    if not check_integrity(path, md5):
        raise RuntimeError("File not found or corrupted.")
def extract_archive(from_path, to_path=None, remove_finished=False):
    shutil.unpack_archive(from_path, to_path or os.path.dirname(from_path))
    return to_path
"""  # as torchvision 0.28.0 has them; tests/images has the true one


def test_data_sets_of_torchvision_are_links_to_what_is_provided(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", urllib.request.build_opener(answers.Provided()).open)
    photos, digits = tmp_path / "photos.zip", tmp_path / "train-images-idx3-ubyte.gz"
    with zipfile.ZipFile(photos, "w") as archive:
        archive.writestr("batches/deep/one", "1")
        archive.writestr("batches/two", "2")
    digits.write_bytes(gzip.compress(b"digits"))
    urls = {one: f"https://a.example/{one.name}" for one in (photos, digits)}
    more = {one: {"unpack": True, "also": [url]} for one, url in urls.items()}
    laid_out(data, tmp_path, photos=(photos, more[photos]), digits=(digits, more[digits]))
    utils = ModuleType("torchvision.datasets.utils")
    exec(TORCHVISION, vars(utils))
    libraries.link_torchvision(utils)
    root = tmp_path / "home" / "data"
    utils.download_url(urls[photos], root, None, hashlib.md5(photos.read_bytes()).hexdigest())
    assert utils.extract_archive(str(root / "photos.zip"), remove_finished=True) == str(root)
    assert not (root / "photos.zip").exists()
    assert (root / "batches" / "deep" / "one").resolve() == data / "photos" / "batches" / "deep" / "one"
    shutil.rmtree(root / "batches")  # some data sets do, and what is provided stays
    utils.download_url(urls[digits], f"{root}/raw")
    utils.extract_archive(root / "raw" / digits.name)
    assert (root / "raw" / digits.stem).resolve() == data / "digits" / digits.stem
    assert (data / "digits" / digits.stem).read_bytes() == b"digits"
    (root / "raw" / digits.name).unlink()
    with pytest.raises(RuntimeError, match="corrupted"):
        utils.download_url(urls[digits], f"{root}/raw", digits.name, "0" * 32)
