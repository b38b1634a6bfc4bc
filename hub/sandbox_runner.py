"""Runs one notebook inside a sandbox: JSON in by standard input, JSON out by standard output.

This text is handed to the sandbox's Python as it is, and nothing else of ours is in there: it imports only what the course
image has. Whether its answer can be believed is `hub.grading`'s question.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

WORK = Path("/tmp/work")
DO_NOT_DUMP = 4  # PR_SET_DUMPABLE: a process of the same user may not open this one's files


def main() -> None:
    ctypes.CDLL(None).prctl(DO_NOT_DUMP, 0, 0, 0, 0)
    answer = os.dup(1)
    os.dup2(2, 1)
    given = json.load(sys.stdin)
    for name, content in given["files"].items():
        path = WORK / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(content))
    text = json.dumps(run(given["notebook"], given["seconds"], given["output"])).encode()
    while text:
        text = text[os.write(answer, text) :]


class Frugal(NotebookClient):
    """Ends the kernel once it has sent more than `allowed` bytes: they would fill the sandbox's memory."""

    allowed = 0
    wasteful = False

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        self.allowed -= len(repr(msg["content"]))
        if self.allowed < 0 and not self.wasteful:
            self.wasteful = True
            kernel: Any = self.km
            os.kill(kernel.provisioner.pid, signal.SIGKILL)
        return None if self.wasteful else super().process_message(msg, cell, cell_index)


def run(notebook: dict[str, Any], seconds: float, output: int) -> dict[str, Any]:
    """Every code cell's outputs, up to the one at which time or output ran out or the kernel ended."""
    WORK.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    document = nbformat.from_dict(notebook)
    code = [(index, cell) for index, cell in enumerate(document.cells) if cell.cell_type == "code"]
    rows: list[dict[str, Any]] = [{"outputs": [], "execution_count": None, "ran": False} for _ in code]
    client = Frugal(
        document,
        kernel_name=document.metadata.get("kernelspec", {}).get("name") or "python3",
        allow_errors=True,
        resources={"metadata": {"path": str(WORK)}},
        extra_arguments=["--HistoryManager.hist_file=:memory:"],
    )
    client.allowed, ended = output, None
    with client.setup_kernel():
        for row, (index, cell) in zip(rows, code):
            left = seconds - (time.monotonic() - began)
            if left <= 0:
                ended = "timeout"
                break
            client.timeout = max(1, int(left))
            try:
                client.execute_cell(cell, index)
                row["ran"] = True
            except CellTimeoutError:
                ended = "timeout"
            except DeadKernelError:
                ended = "output" if client.wasteful else "kernel"
            row["outputs"], row["execution_count"] = cell.outputs, cell.execution_count
            if ended:
                break
    return {"cells": rows, "ended": ended, "seconds": time.monotonic() - began}


if __name__ == "__main__":
    main()
