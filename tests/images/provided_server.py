"""Runs inside a container without a network: what notebooks do to get data, on a course's /data or without one.

`prepare` makes the stand-ins that need the image's own libraries. Otherwise each attempt is made, and JSON says for each whether
it succeeded, what came of it or what it raised, and how long it took.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import tarfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

TABLE = "a,b\n1,ä\n"
HOST = "https://data.example.org"
HUB = "https://github.com/example/nets/zipball/main"
CIFAR = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"


def prepare(data: Path) -> None:
    import torch

    torch.save({"w": torch.ones(3)}, data / "checkpoint" / "standin-0a1b2c3d.pth")
    (data / ".archives").mkdir()
    tree = data / "nets" / "example-nets-0123abc"
    tree.mkdir(parents=True)
    (tree / "hubconf.py").write_text("def seven():\n    return 7\n", encoding="utf-8")
    with zipfile.ZipFile(data / ".archives" / "nets.zip", "w") as archive:
        archive.write(tree / "hubconf.py", "example-nets-0123abc/hubconf.py")
    (data / "photos" / "cats").mkdir(parents=True)
    (data / "photos" / "cats" / "one.txt").write_text("miau", encoding="utf-8")
    with tarfile.open(data / ".archives" / "photos.tgz", "w:gz") as archive:
        archive.add(data / "photos" / "cats", "cats")


def seaborn_table() -> Any:
    import seaborn

    return list(seaborn.load_dataset("penguins").columns), seaborn.get_dataset_names()


def seaborn_missing() -> Any:
    import seaborn

    return seaborn.load_dataset("tips")


def fashion() -> Any:
    import keras

    (images, labels), (tests, _) = keras.datasets.fashion_mnist.load_data()
    return images.shape, tests.shape, int(labels.sum())


def keras_file() -> Any:
    import keras

    digest = hashlib.sha256(TABLE.encode()).hexdigest()
    path = keras.utils.get_file("t.csv", f"{HOST}/table.csv", file_hash=digest)
    return Path(path).is_symlink(), Path(path).read_text(encoding="utf-8")


def keras_tree() -> Any:
    import keras

    path = keras.utils.get_file(origin=f"{HOST}/photos.tgz", extract=True)
    twice = keras.utils.get_file(origin=f"{HOST}/photos.tgz", extract=True)
    return Path(path).is_symlink(), twice == path, (Path(path) / "cats" / "one.txt").read_text(encoding="utf-8")


def keras_weights() -> Any:
    import keras

    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    path = keras.utils.get_file(name, f"https://storage.googleapis.com/elsewhere/{name}", cache_subdir="models")
    return os.path.realpath(path)


def keras_missing() -> Any:
    import keras

    return keras.datasets.mnist.load_data()


def torch_checkpoint() -> Any:
    import torch

    url = "https://download.example.org/models/standin-0a1b2c3d.pth"
    return torch.hub.load_state_dict_from_url(url)["w"].tolist()


def torch_download() -> Any:
    import torch

    torch.hub.download_url_to_file(f"{HOST}/table.csv", "/tmp/downloaded.csv", progress=False)
    return Path("/tmp/downloaded.csv").read_text(encoding="utf-8")


def torch_repository() -> Any:
    import torch

    return torch.hub.load("example/nets", "seven"), torch.hub.load("example/nets:main", "seven")


def torch_missing() -> Any:
    import torch

    return torch.hub.load_state_dict_from_url("https://download.example.org/models/other.pth")


def pandas_table() -> Any:
    import pandas as pd

    return pd.read_csv(f"{HOST}/table.csv")["b"].tolist()


def pandas_missing() -> Any:
    import pandas as pd

    return pd.read_csv(f"{HOST}/other.csv")


def requests_table() -> Any:
    import requests

    answer = requests.get(f"{HOST}/table.csv", timeout=5)
    return answer.status_code, answer.text


def requests_missing() -> Any:
    import requests

    return requests.get(f"{HOST}/other.csv", timeout=5)


def urllib_table() -> Any:
    from urllib.request import Request, build_opener, urlopen, urlretrieve

    urlretrieve("http://data.example.org/table.csv#top", "/tmp/retrieved.csv")
    asked = urlopen(Request(f"{HOST}/table.csv", headers={"User-Agent": "x"})).read()
    built = build_opener().open(f"{HOST}/table.csv").read()
    return Path("/tmp/retrieved.csv").read_bytes() == asked == built


def sklearn_missing() -> Any:
    from sklearn.datasets import fetch_california_housing

    return fetch_california_housing()


def openml_missing() -> Any:
    from sklearn.datasets import fetch_openml

    return fetch_openml("iris", version=1)


ATTEMPTS: tuple[Callable[[], Any], ...] = (
    *(pandas_table, pandas_missing, requests_table, requests_missing, urllib_table, seaborn_table, seaborn_missing),
    *(fashion, keras_file, keras_tree, keras_weights, keras_missing, sklearn_missing, openml_missing),
    *(torch_checkpoint, torch_download, torch_repository, torch_missing),
)


def tried(attempt: Callable[[], Any]) -> dict[str, Any]:
    began = time.monotonic()
    try:
        found = attempt()
    except Exception:
        return {"good": False, "said": traceback.format_exc(), "seconds": time.monotonic() - began}
    return {"good": True, "found": found, "seconds": time.monotonic() - began}


def main() -> None:
    if sys.argv[1:] == ["prepare"]:
        return prepare(Path("/data"))
    warnings.simplefilter("ignore")
    answer, sys.stdout = sys.stdout, io.StringIO()
    outcomes = {attempt.__name__: tried(attempt) for attempt in ATTEMPTS}
    kept = sum(one.stat().st_size for one in Path.home().rglob("*") if one.is_file() and not one.is_symlink())
    print(json.dumps({"outcomes": outcomes, "bytes_in_home": kept}), file=answer)
    return None


if __name__ == "__main__":
    main()
