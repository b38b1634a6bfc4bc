"""Fails when a notebook does not run from its first cell to its last. Arguments: its path, and its name for the reader.

Cells tagged `raises-exception` may fail, as in Jupyter's own tools; the folder that it lies in can be read, not written.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

SECONDS = 240


def main(path: Path, name: str) -> None:
    work = Path(tempfile.mkdtemp()) / path.parent.name
    shutil.copytree(path.parent, work, symlinks=True)
    document = nbformat.read(path, as_version=4)
    client = NotebookClient(
        document, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(work)}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        sys.exit(f"{name}: {error.ename}: {error.evalue}\n{_cell(document)}")
    except (DeadKernelError, TimeoutError) as error:
        sys.exit(f"{name}: {error}\n{_cell(document)}")


def _cell(document: nbformat.NotebookNode) -> str:
    """The start of the cell at which it ended."""
    ran = [cell for cell in document.cells if cell.cell_type == "code" and cell.get("execution_count")]
    return "in the cell: " + ran[-1].source.strip()[:200] if ran else "in its first cell"


main(Path(sys.argv[1]), sys.argv[2])
