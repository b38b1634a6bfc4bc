"""What is looked up once for all unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from nbgrader import api


@pytest.fixture(autouse=True, scope="session")
def _schema_is_looked_up_once() -> Iterator[None]:
    """Of a new gradebook nbgrader asks another program for its schema's version, which takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", cache(api.get_alembic_version))
        yield
