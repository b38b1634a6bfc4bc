"""A course whose material fetches something, and data of the course that has a part of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.instance import Instance
from tests.unit.test_downloads import notebook

CELLS = (
    "text:# Penguins\n![a penguin](https://pictures.example.edu/penguin.png)",
    "import seaborn as sns\n\npenguins = sns.load_dataset('penguins')",
    "import pandas as pd\nbase = 'https://data.example.edu/weather/'\ndata = pd.read_csv(base + 'light.csv')",
    "from tensorflow import keras\nmodel = keras.applications.DenseNet121(weights='imagenet', include_top=False)",
    "!pip install requests xgboost",
    "def broken(:",
)
NAME = "downloads-of-a-test.ipynb"
ENTRY = {"name": "penguins", "path": "penguins/penguins.csv", "urls": [], "library": "seaborn", "unpacked": False}


@contextmanager
def material_that_fetches(instance: Instance) -> Iterator[None]:
    """The course `demo` with a notebook more, and the data set penguins provided; taken back at the end."""
    source = instance.data / "material-sources" / "demo"
    index = instance.data / "data" / "courses" / "demo" / ".campushub.json"
    index.parent.mkdir(parents=True)
    index.write_text(json.dumps({"entries": [ENTRY]}), encoding="utf-8")
    (source / NAME).write_bytes(notebook(*CELLS))
    try:
        bring(instance, source)
        yield
    finally:
        (source / NAME).unlink()
        bring(instance, source)
        shutil.rmtree(index.parent)


def bring(instance: Instance, source: Path) -> None:
    """Commit what is in the source, and have the service take it up at once."""
    who = ["-c", "user.name=T", "-c", "user.email=t@example.edu", "-c", f"safe.directory={source}"]
    for words in (["add", "--all"], ["commit", "--quiet", "--message=x"]):
        subprocess.run(["git", *who, "-C", str(source), *words], check=True)
    copy = instance.data / "material" / "demo.git"
    code = f"from pathlib import Path; from hub.adapters import repos; repos.mirror({str(source)!r}, 'main', Path({str(copy)!r}))"
    instance.python_in(f"{instance.name}-service", code)
