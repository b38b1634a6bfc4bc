"""What the tests of images share: a folder of data with the wheelhouse, and every image built."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from hub import image_build, images
from hub.adapters.engine import Engine
from hub.folders import Folders
from tests.instance import ROOT


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine.connect()


@pytest.fixture(scope="session")
def folders() -> Iterator[Folders]:
    """A data folder of the tests' own."""
    data = Path(mkdtemp(prefix="chtest-images-", dir="/var/lib"))
    data.chmod(0o755)  # as the role `folders` makes it
    yield Folders(data)
    shutil.rmtree(data)


@pytest.fixture(scope="session")
def tags(engine: Engine, folders: Folders) -> dict[str, str]:
    """The tag of every image but those with CUDA; all are built."""
    image_build.build(ROOT, folders, report=print)
    return {one["name"]: one["tag"] for one in images.listed(ROOT, engine) if one["cuda"] is None}


@pytest.fixture(scope="session")
def fashion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fashion-MNIST's four files."""
    folder = tmp_path_factory.mktemp("fashion")
    fetch = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", "dataset-fashion-mnist"]
    subprocess.run(fetch, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["dpkg-deb", "-x", *folder.glob("*.deb"), folder], check=True)
    return folder / "usr" / "share" / "datasets" / "fashion-mnist"
