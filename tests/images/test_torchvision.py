"""torchvision's data sets in the image that has it: found without a network and without a copy a student.

The image has gigabytes of CUDA, so it is built by whoever asks for it (`sudo ./campushub images build torch-gpu`); on a machine
without it these tests are left out.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from hub import images, mirror
from hub.adapters import shelves
from hub.adapters.engine import Engine
from hub.downloads import tables
from hub.mirror_settings import Data
from tests.images.test_provided import HOMES, SENTENCE, run
from tests.instance import ROOT

LOADS = """
import json, os, pathlib
from torchvision.datasets import CIFAR10, FashionMNIST
FashionMNIST.resources = [(name, None) for name, _ in FashionMNIST.resources]  # Debian has packed the same files anew
root = pathlib.Path.home() / "data"
found = FashionMNIST(root, train=True, download=True)
again = FashionMNIST(str(root), train=False, download=True)
told = {"found": [list(found.data.shape), list(again.data.shape), int(found.targets.sum())]}
told["bytes"] = sum(path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
FashionMNIST.resources = [(name, "0" * 32) for name, _ in FashionMNIST.resources]
try:
    FashionMNIST(root / "strict", download=True)
except RuntimeError as refused:
    told["other_bytes"] = str(refused)
try:
    CIFAR10(root, download=True)
except Exception as refused:
    told["refused"] = str(getattr(refused, "reason", refused))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def tag(engine: Engine) -> str:
    (found,) = (one for one in images.listed(ROOT, engine) if one["name"] == "torch-gpu")
    if engine.image(found["tag"]) is None:
        pytest.skip("torch-gpu is not built")
    return str(found["tag"])


@pytest.fixture(scope="module")
def data(fashion: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course's data with Fashion-MNIST under the addresses that torchvision asks."""
    folder = tmp_path_factory.mktemp("torchvision")
    entries, blobs, trees = [], folder / "blobs", folder / "trees"
    blobs.mkdir()
    for number, url in enumerate(tables.TORCHVISION["FashionMNIST"]):
        content = (fashion / url.rpartition("/")[2]).read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        (blobs / sha256).write_bytes(content)
        about = Data.model_validate({"source": url, "sha256": sha256, "unpack": True})
        shelves.unpack(blobs / sha256, trees / sha256, room=0)
        entries.append(mirror.entry(f"fashion-{number}", about, len(content)))
    shelves.lay_out(folder / "data", entries, blobs, trees)
    return folder / "data"


def test_data_sets_of_torchvision_are_found_and_not_copied(tag: str, data: Path) -> None:
    told = json.loads(run(tag, data, "-c", LOADS, options=["-e", "CAMPUSHUB_DATA=/data", *HOMES["a home"]]))
    assert told["found"] == [[60000, 28, 28], [10000, 28, 28], 270000]
    assert told["bytes"] == 0
    assert "corrupted" in told["other_bytes"]
    assert SENTENCE in told["refused"]
