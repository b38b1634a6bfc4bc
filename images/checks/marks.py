"""Prints what an assignment is worth as its author wrote it and as it is handed out, as JSON. Argument: the notebook's path.

Marks are counted as nbgrader counts them: the points of every cell with tests that shows no error.
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbgrader.preprocessors import ClearSolutions

path = Path(sys.argv[1])


def marks(document: nbformat.NotebookNode) -> tuple[float, float, float]:
    """Points reached, points there are, seconds."""
    work = Path(tempfile.mkdtemp()) / "work"
    shutil.copytree(path.parent, work)
    began = time.monotonic()
    NotebookClient(document, timeout=240, allow_errors=True, resources={"metadata": {"path": str(work)}}).execute()
    reached = possible = 0.0
    for cell in document.cells:
        points = cell.metadata.get("nbgrader", {}).get("points", 0) if cell.cell_type == "code" else 0
        possible += points
        if points and not any(output.output_type == "error" for output in cell.outputs):
            reached += points
    return reached, possible, time.monotonic() - began


reference, possible, seconds = marks(nbformat.read(path, as_version=4))
handed_out, _ = ClearSolutions().preprocess(nbformat.read(path, as_version=4), {})
blank, _, blank_seconds = marks(handed_out)
print(
    json.dumps(
        {
            "reference": reference,
            "possible": possible,
            "blank": blank,
            "seconds": seconds,
            "blank_seconds": blank_seconds,
        }
    )
)
