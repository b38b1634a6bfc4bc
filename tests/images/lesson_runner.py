"""Runs inside a container: every Python block of a lesson written in Markdown, episode by episode, on data of the same shape.

For the Carpentries' "Introduction to deep learning", which is not part of this repository: its episodes lie in /lesson. What it
would download stands in the folder beside the notebooks, made up: the same columns and shapes, random values. Training is cut
to a few rounds. Prints, as JSON, how many blocks there are and which failed.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROUNDS = 2
BLOCK = re.compile(r"^([ >]*)```\s*\{?python[^\n]*\n(.*?)^[ >]*```", re.MULTILINE | re.DOTALL)
FEWER_ROUNDS = f"""
import keras
_fit = keras.Model.fit


def _short(self, *given, **named):
    named["epochs"] = min(named.get("epochs", 1), {ROUNDS})
    return _fit(self, *given, **named)


keras.Model.fit = _short
"""
MAKE = """
import os
from pathlib import Path

import h5py
import keras
import numpy as np
import pandas as pd
from keras.src.legacy.saving import legacy_h5_format

rng = np.random.default_rng(0)
kinds = rng.choice(["Adelie", "Chinstrap", "Gentoo"], 344)
penguins = pd.DataFrame({"species": kinds, "island": rng.choice(["Biscoe", "Dream", "Torgersen"], 344)})
for name, middle in (("bill_length_mm", 44), ("bill_depth_mm", 17), ("flipper_length_mm", 200), ("body_mass_g", 4200)):
    penguins[name] = middle + rng.normal(size=344) * middle / 10 + (kinds == "Gentoo") * middle / 5
penguins["sex"] = rng.choice(["Male", "Female"], 344)
penguins.loc[[3, 339], penguins.columns[2:]] = np.nan
Path("seaborn").mkdir()
penguins.to_csv("seaborn/penguins.csv", index=False)

days = pd.date_range("2000-01-01", periods=3654)
weather = {"DATE": days.strftime("%Y%m%d").astype(int), "MONTH": days.month}
for place in ("BASEL", "BUDAPEST", "DE_BILT", "DRESDEN", "DUSSELDORF", "HEATHROW", "MAASTRICHT", "MUENCHEN", "OSLO"):
    for what in ("cloud_cover", "humidity", "pressure", "global_radiation", "precipitation", "sunshine", "temp_mean", "temp_min", "temp_max"):
        weather[f"{place}_{what}"] = rng.normal(size=3654).round(2)
pd.DataFrame(weather).to_csv("weather_prediction_dataset_light.csv", index=False)

folder = Path("data/dataset_dollarstreet")
folder.mkdir(parents=True)
for part, count in (("train", 878), ("test", 100)):
    np.save(folder / f"{part}_images.npy", rng.integers(0, 255, (count, 64, 64, 3), dtype=np.uint8))
    np.save(folder / f"{part}_labels.npy", rng.integers(0, 10, count))
with h5py.File("densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5", "w") as file:
    legacy_h5_format.save_weights_to_hdf5_group(file, keras.applications.DenseNet121(include_top=False, weights=None))
"""


def blocks(path: Path) -> list[str]:
    found = BLOCK.findall(path.read_text(encoding="utf-8"))
    return [re.sub(rf"^{re.escape(margin)}", "", code, flags=re.MULTILINE) for margin, code in found]


def run(codes: list[str], folder: Path) -> list[str]:
    """The sentences of the cells that failed, run one after the other in one kernel, whatever the one before did."""
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    NotebookClient(
        document, timeout=1200, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(folder)}}
    ).execute()
    failed = []
    for number, cell in enumerate(document.cells):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        failed += [f"{number}: {error.ename}: {error.evalue[:120]}" for error in errors]
    return failed


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    os.environ["SEABORN_DATA"] = str(folder / "seaborn")
    if trouble := run([MAKE], folder):
        sys.exit(f"the data could not be made: {trouble}")
    told = {}
    for path in sorted(Path("/lesson").glob("[1-5]-*.md")):
        codes = blocks(path)
        first = [FEWER_ROUNDS] if any(".fit(" in code for code in codes) else []
        failed = run([*first, *codes], folder)
        told[path.stem] = {"blocks": len(codes), "failed": failed}
    print(json.dumps(told))


main()
