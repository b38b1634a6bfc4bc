"""The documentation of every image: of the image's own versions, whole, within its size, with what a student looks up.

Of the images with CUDA, which have gigabytes, only where it is built already.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from hub import image_docs, images
from hub.adapters.engine import Engine
from tests.instance import ROOT
from tests.links import lost_links

KNOWN = images.read(ROOT)
DOCUMENTED = [name for name in KNOWN if KNOWN[name].documents]
PACKED, UNPACKED = 60e6, 200e6  # bytes at most
VERSIONS = """
import importlib.metadata, json, platform, re
found = {re.sub("[-_.]+", "-", one.metadata["Name"]).lower(): one.version for one in importlib.metadata.distributions()}
print(json.dumps(found | {"python": platform.python_version()}))
"""
PACKAGES = {
    "sklearn": ("scikit-learn",),
    "skimage": ("scikit-image",),
    "tensorflow": ("tensorflow-cpu", "tensorflow"),
    "keras_tuner": ("keras-tuner",),
}
LOOKED_UP = {
    "python": "tutorial/controlflow.html",
    "numpy": "numpy.broadcast_to.html",
    "pandas": "pandas.read_csv.html",
    "matplotlib": "matplotlib.pyplot.plot.html",
    "sklearn": "sklearn.linear_model.LogisticRegression.html",
    "keras": "keras.applications.Xception.html",
    "torch": "torch.nn.Conv2d.html",
    "tensorflow": "tensorflow.reduce_sum.html",
    "pyspark": "pyspark.sql.DataFrame.html",
}


@pytest.fixture(scope="module", params=DOCUMENTED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def every_tag(engine: Engine, tags: dict[str, str]) -> dict[str, str]:
    """The tag of every image; those with CUDA may not be built."""
    return {one["name"]: one["tag"] for one in images.listed(ROOT, engine)} | tags


@pytest.fixture(scope="module")
def folder(engine: Engine, every_tag: dict[str, str], name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation of an image, unpacked."""
    if KNOWN[name].cuda and engine.image(every_tag[name]) is None:
        pytest.skip(f"{name} is not built")
    found = tmp_path_factory.mktemp(name)
    with image_docs.opened(engine, every_tag[name]) as file, tarfile.open(fileobj=file, mode="r|gz") as archive:
        archive.extractall(found, filter="data")
    return found


def test_it_is_of_the_versions_that_are_in_the_image(
    engine: Engine, every_tag: dict[str, str], name: str, folder: Path
) -> None:
    parent = every_tag[str(KNOWN[name].parent)]
    inside = json.loads(engine.run_once(parent, ["python", "-c", VERSIONS]).strip().splitlines()[-1])
    told = json.loads((folder / "docs.json").read_text(encoding="utf-8"))["libraries"]
    assert [one["name"] for one in told] == images.libraries(ROOT, KNOWN[name])
    for one in told:
        names = PACKAGES.get(one["name"], (one["name"],))
        (version,) = (inside[name] for name in names if name in inside)
        # torch made for CUDA says +cu130 itself where its package's version does not
        assert version in (one["version"], one["version"].partition("+cu")[0]), one["title"]


def test_it_is_within_its_size(engine: Engine, every_tag: dict[str, str], name: str, folder: Path) -> None:
    found = engine.image(every_tag[name])
    assert found is not None
    assert found.size < PACKED
    assert sum(path.stat().st_size for path in folder.rglob("*")) < UNPACKED


def test_it_has_what_a_student_looks_up(name: str, folder: Path) -> None:
    wanted = [one for one in images.libraries(ROOT, KNOWN[name]) if one in LOOKED_UP]
    assert wanted
    for library in wanted:
        assert (folder / library / LOOKED_UP[library]).exists(), library


def test_every_link_leads_to_a_page(folder: Path) -> None:
    lost = lost_links(folder)
    assert not lost, lost[:20]
