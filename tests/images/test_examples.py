"""The examples' assignments in their images, without a network: full marks as written, none as handed out, within two minutes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub import images
from hub.adapters.engine import Engine
from tests.instance import ROOT

EXAMPLES = ROOT / "config" / "examples"
ASSIGNMENTS = sorted(EXAMPLES.glob("*/assignments/*/*.ipynb"))
SECONDS = 120
MEMORY = 2 * 1024**3


def image_of(path: Path, tags: dict[str, str]) -> str:
    """The image of the example that a file belongs to: the one of its name, or the plain one."""
    name = path.relative_to(EXAMPLES).parts[0]
    return tags[name if name in images.course_images(ROOT) else "base"]


@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda path: path.stem)
def test_reference_has_full_marks_and_what_is_handed_out_none(engine: Engine, tags: dict[str, str], path: Path) -> None:
    mounts = {ROOT / "images/checks/marks.py": "/mnt/marks.py", path.parent: "/mnt/notebooks"}
    command = ["python", "/mnt/marks.py", f"/mnt/notebooks/{path.name}"]
    said = engine.run_as_student(image_of(path, tags), command, mounts, memory=MEMORY, seconds=400)
    told = json.loads(said[said.rindex("{") :])
    assert told["reference"] == told["possible"] > 0
    assert told["blank"] == 0
    assert max(told["seconds"], told["blank_seconds"]) < SECONDS


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/material/*.ipynb")), ids=lambda path: path.parts[-3])
def test_notebooks_of_the_material_run(engine: Engine, tags: dict[str, str], path: Path) -> None:
    mounts = {ROOT / "images/checks/notebook.py": "/mnt/notebook.py", path.parent: "/mnt/notebooks"}
    command = ["python", "/mnt/notebook.py", f"/mnt/notebooks/{path.name}", path.name]
    engine.run_as_student(image_of(path, tags), command, mounts, memory=MEMORY, seconds=300)
