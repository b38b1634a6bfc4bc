"""A course whose material fetches something, and data of the course that has a part of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.instance import Instance
from tests.unit.test_downloads import notebook
from tests.world import PENGUINS, SHA256, asking

CELLS = (
    "text:# Penguins\n![a penguin](https://pictures.example.edu/penguin.png)",
    "import seaborn as sns\n\npenguins = sns.load_dataset('penguins')",
    "import pandas as pd\nbase = 'https://data.example.edu/weather/'\ndata = pd.read_csv(base + 'light.csv')",
    "from tensorflow import keras\nmodel = keras.applications.DenseNet121(weights='imagenet', include_top=False)",
    "!pip install requests xgboost",
    "def broken(:",
)
NAME = "downloads-of-a-test.ipynb"


@contextmanager
def material_that_fetches(instance: Instance) -> Iterator[None]:
    """The course `demo` with a notebook more, and the data set penguins provided; taken back at the end."""
    source = instance.data / "material-sources" / "demo"
    penguins = instance.data / "material-sources" / "penguins.csv"
    penguins.write_bytes(PENGUINS)
    (source / NAME).write_bytes(notebook(*CELLS))
    wanted = {"data": {"penguins": {"source": str(penguins), "sha256": SHA256, "library": "seaborn"}}}
    try:
        with asking(instance, "demo", wanted):
            bring(instance, source)
            yield
    finally:
        (source / NAME).unlink()
        bring(instance, source)
        penguins.unlink()


def bring(instance: Instance, source: Path) -> None:
    """Commit what is in the source, and have the mirror take it up at once."""
    who = ["-c", "user.name=T", "-c", "user.email=t@example.edu", "-c", f"safe.directory={source}"]
    for words in (["add", "--all"], ["commit", "--quiet", "--message=x"]):
        subprocess.run(["git", *who, "-C", str(source), *words], check=True)
    copy = instance.data / "material" / "demo.git"
    code = f"from pathlib import Path; from hub.adapters import repos; repos.mirror({str(source)!r}, 'main', Path({str(copy)!r}))"
    instance.python_in(f"{instance.name}-mirror", code)
