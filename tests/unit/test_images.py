"""Which images there are, and that each one's lock is of what its folder asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hub import image_tests, images
from hub.gpu_machine import FIRST_DRIVER
from hub.wheelhouse import pins
from tests.instance import ROOT

KNOWN = images.read(ROOT)
LOCKED = [name for name in [*KNOWN, "docs"] if (ROOT / "images" / name / "requirements.in").exists()]
WITH_CUDA = [name for name, image in KNOWN.items() if image.cuda and not image.documents]


def lock(name: str) -> str:
    return (ROOT / "images" / name / "requirements.txt").read_text(encoding="utf-8")


def asked(path: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


@pytest.mark.parametrize("name", LOCKED)
def test_lock_satisfies_what_is_asked_for(name: str) -> None:
    below = [one for one in images.lineage(KNOWN, name) if one in LOCKED] if name in KNOWN else [name]
    pinned = {canonicalize_name(key): value for one in below for key, value in pins(lock(one)).items()}
    for wanted in asked(ROOT / "images" / name / "requirements.in"):
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)], prereleases=True), wanted


@pytest.mark.parametrize("name", LOCKED)
def test_every_line_of_a_lock_is_a_pin_with_hashes_or_says_why_it_is_there(name: str) -> None:
    entries = re.split(r"^(?=\S)", lock(name), flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins(lock(name)))
    assert all(re.match(r"[\w.-]+==\S+ \\\n +--hash=sha256:[0-9a-f]{64}\b", one) for one in entries)


@pytest.mark.parametrize("name", WITH_CUDA)
def test_lock_for_gpus_brings_the_cuda_that_the_image_says(name: str) -> None:
    text, cuda = lock(name), KNOWN[name].cuda
    assert cuda in FIRST_DRIVER
    assert "+cpu" not in text
    assert re.search(rf"^nvidia-cudnn-cu{cuda}==", text, re.MULTILINE)
    others = {found for found in re.findall(r"^nvidia-\S+-cu(\d+)==", text, re.MULTILINE) if int(found) != cuda}
    assert not others, "one CUDA in an image"


def test_images_with_cuda_are_for_courses_and_built_only_when_they_are_named() -> None:
    assert {"torch-gpu", "tensorflow-gpu"} == set(WITH_CUDA) <= images.course_images(ROOT)
    upon = [name for name, image in KNOWN.items() if image.parent in WITH_CUDA]
    assert set(upon) == {f"docs-{name}" for name in WITH_CUDA}, "nothing is built upon one but its documentation"
    assert set(images.usual(KNOWN)) == set(KNOWN) - set(WITH_CUDA) - set(upon)


@pytest.mark.parametrize("name", sorted(images.course_images(ROOT)))
def test_every_image_of_a_course_is_tried_with_every_tutorial(name: str) -> None:
    wanted = image_tests.checks(ROOT, KNOWN[name], KNOWN)
    tried = [check.words[-1] for check in wanted if check.path.name == "notebook.py"]
    assert tried == sorted(path.name for path in (ROOT / "images" / "base" / "tutorials").glob("*.ipynb"))
