"""What is looked up once for all unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from nbgrader import api

from tests.pulling import Home, Upstream


@pytest.fixture(autouse=True, scope="session")
def _schema_is_looked_up_once() -> Iterator[None]:
    """Of a new gradebook nbgrader asks another program for its schema's version, which takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", cache(api.get_alembic_version))
        yield


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    """A course's repository with two files."""
    made = Upstream(tmp_path / "course")
    made.publish(lesson__ipynb="1", other__md="o")
    return made


@pytest.fixture
def home(tmp_path: Path, upstream: Upstream) -> Home:
    """A home that has pulled them."""
    made = Home(tmp_path / "home", upstream)
    made.pull()
    return made
