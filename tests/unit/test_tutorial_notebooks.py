"""The tutorials as they stand in the repository: sound, without outputs, and nothing in them leaves the machine."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.instance import ROOT

FOLDER = ROOT / "images" / "base" / "tutorials"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
OUTSIDE = re.compile(r"\w+://|\bwww\.|<(?:img|script|iframe|link)\b|!\[", re.IGNORECASE)
LINK = re.compile(r"\]\(([^)]*)\)")
FETCHES = re.compile(r"pip install|\b(?:urllib|requests|wget|curl|load_dataset)\b")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path) -> list[Any]:
    return list(nbformat.read(path, as_version=4).cells)


def test_the_tour_comes_first_and_leads_to_all_others() -> None:
    assert NOTEBOOKS[0].stem == "1-tour"
    linked = {target for cell in cells(NOTEBOOKS[0]) for target in LINK.findall(cell.source)}
    assert linked == {path.name for path in NOTEBOOKS[1:]}


@every_notebook
def test_notebook_is_valid_for_the_images_kernel_and_of_a_length_for_one_sitting(path: Path) -> None:
    document = nbformat.read(path, as_version=4)
    nbformat.validate(document)
    assert (document.nbformat, document.nbformat_minor) == (4, 5)
    assert document.metadata.kernelspec.name == "python3"
    assert 15 <= len(document.cells) <= 40
    ids = [cell.id for cell in document.cells]
    assert len(ids) == len(set(ids))


@every_notebook
def test_notebook_comes_without_outputs(path: Path) -> None:
    for cell in cells(path):
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@every_notebook
def test_nothing_in_a_notebook_leaves_the_machine(path: Path) -> None:
    for cell in cells(path):
        assert not OUTSIDE.search(cell.source), cell.id
        assert not cell.get("attachments"), cell.id
        if cell.cell_type == "markdown":
            assert all((FOLDER / target).is_file() for target in LINK.findall(cell.source)), cell.id
        else:
            assert not FETCHES.search(cell.source), cell.id


@every_notebook
def test_answers_are_hidden_and_can_be_shown(path: Path) -> None:
    hidden = [cell.source for cell in cells(path) if cell.cell_type == "markdown" and "<details>" in cell.source]
    assert hidden, "an exercise with an answer"
    for source in hidden:
        # Without the empty line behind it, JupyterLab would show the answer's code as plain text.
        assert re.match(r"(?s).*<details><summary>[^<]+</summary>\n\n.*\n\n</details>$", source)


def test_who_changes_a_tutorial_makes_a_new_edition_of_it() -> None:
    told = json.loads((FOLDER / "edition.json").read_text(encoding="utf-8"))
    found = hashlib.sha256(b"".join(path.read_bytes() for path in NOTEBOOKS)).hexdigest()
    assert isinstance(told["edition"], int)
    assert told["sha256"] == found, "in edition.json raise `edition` by one and write this as `sha256`: " + found
