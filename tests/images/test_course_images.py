"""Every image that a course may have, but for those with CUDA: fit for use, small enough, complete, named by its content."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from hub import bom, image_build, image_tests, images
from hub.adapters.engine import Engine
from hub.folders import Folders
from tests.instance import ROOT

KNOWN = images.read(ROOT)
COURSES = [name for name in images.usual(KNOWN) if KNOWN[name].course]
LARGEST = {"base": 0.9e9, "deep-learning": 4.2e9, "spark": 2.4e9}  # bytes


@pytest.mark.parametrize("name", COURSES)
def test_image_passes_its_own_and_its_parents_checks(tags: dict[str, str], name: str) -> None:
    assert image_tests.test(ROOT, tags[name], KNOWN[name], KNOWN, report=print) == []


@pytest.mark.parametrize("name", COURSES)
def test_image_is_within_its_size(engine: Engine, tags: dict[str, str], name: str) -> None:
    found = engine.image(tags[name])
    assert found is not None
    assert found.size < LARGEST[name]


def test_building_again_is_no_work(tags: dict[str, str], folders: Folders) -> None:
    assert image_build.build(ROOT, folders, report=print) is False


@pytest.mark.parametrize("name", COURSES)
def test_bill_of_materials_names_what_is_in_the_image(engine: Engine, tags: dict[str, str], name: str) -> None:
    bill = bom.of(ROOT, engine, tags[name], KNOWN[name], KNOWN)
    names = {one["name"] for one in bill["components"]}
    assert {"jupyterlab", "python3"} <= names
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    locked = [one for one in bill["components"] if one["purl"].startswith("pkg:pypi/")]
    without = [one["name"] for one in locked if "externalReferences" not in one]
    assert not without, "every Python package is one of the locks"
