"""A notebook of format 4 as plain values: its cells, what nbgrader says of each, by which name a person finds one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

SUFFIX = ".ipynb"
CHECKPOINTS = ".ipynb_checkpoints"
Files = Mapping[str, bytes]  # an assignment's folder: content by path from the folder on


class NotANotebook(Exception):
    """A file called .ipynb that is not a notebook of format 4."""


@dataclass(frozen=True)
class Cell:
    """One cell; `number` counts from 1, as a person does."""

    number: int
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"cell {self.number} '{self.grade_id}'" if self.grade_id else f"cell {self.number}"

    @property
    def kind(self) -> str:
        """code, markdown or raw."""
        return str(self.data.get("cell_type", ""))

    @property
    def source(self) -> str:
        return text_of(self.data.get("source", ""))

    @property
    def outputs(self) -> list[Any]:
        found = self.data.get("outputs")
        return found if isinstance(found, list) else []

    @cached_property
    def nbgrader(self) -> Mapping[str, Any]:
        """What nbgrader has written into the cell's metadata; empty for an ordinary cell."""
        metadata = self.data.get("metadata")
        found = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    @property
    def grade_id(self) -> str:
        return str(self.nbgrader.get("grade_id") or "").strip()

    @property
    def is_solution(self) -> bool:
        return bool(self.nbgrader.get("solution"))

    @property
    def is_graded(self) -> bool:
        """Whether it is worth points, by tests or by hand."""
        return bool(self.nbgrader.get("grade") or self.nbgrader.get("task"))

    @property
    def is_test(self) -> bool:
        """Whether its own run decides about points."""
        return self.kind == "code" and bool(self.nbgrader.get("grade")) and not self.is_solution

    @property
    def points(self) -> float:
        found = self.nbgrader.get("points")
        return float(found) if isinstance(found, int | float) else 0.0


@dataclass(frozen=True)
class Notebook:
    """A notebook and its place in the assignment's folder."""

    path: str
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As nbgrader knows it."""
        return PurePosixPath(self.path).stem

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        found = (cell for cell in self.document["cells"] if isinstance(cell, Mapping))
        return tuple(Cell(number, cell) for number, cell in enumerate(found, start=1))

    @property
    def kernel(self) -> str:
        """The name of the kernel that it asks for; empty when it asks for none."""
        metadata = self.document.get("metadata")
        spec = metadata.get("kernelspec") if isinstance(metadata, Mapping) else None
        return str(spec.get("name") or "") if isinstance(spec, Mapping) else ""


def read(path: str, content: bytes) -> Notebook:
    """Raises NotANotebook."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise NotANotebook(path) from None
    if not isinstance(document, dict) or document.get("nbformat") != 4 or not isinstance(document.get("cells"), list):
        raise NotANotebook(path)
    return Notebook(path, document)


def readable(files: Files) -> Iterator[Notebook]:
    """The notebooks of a folder that can be read, checkpoints left out."""
    for path, content in sorted(files.items()):
        if is_notebook(path):
            try:
                yield read(path, content)
            except NotANotebook:
                continue


def is_notebook(path: str) -> bool:
    """Whether it is handed out as a notebook; a checkpoint is not."""
    return path.endswith(SUFFIX) and CHECKPOINTS not in PurePosixPath(path).parts


def text_of(value: object) -> str:
    """A text of a notebook, which may stand there as a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
