"""Locks against the package indexes of this machine. Only what the indexes say is fetched, no package."""

from __future__ import annotations

import pytest

from hub import images
from hub.locks import resolve
from hub.wheelhouse import pins
from tests.instance import ROOT

KNOWN = images.read(ROOT)


@pytest.mark.parametrize("name", [name for name, image in KNOWN.items() if image.cuda and not image.documents])
def test_lock_for_gpus_still_resolves_to_itself(name: str) -> None:
    folder = ROOT / "images" / name
    parents = [
        path
        for one in images.lineage(KNOWN, name)[:-1]
        if (path := ROOT / "images" / one / "requirements.txt").exists()
    ]
    asked, lock = (folder / "requirements.in").read_text(encoding="utf-8"), folder / "requirements.txt"
    again = resolve(asked, parents, before=lock)
    # Hashes are compared by pip when it fetches; an index may have files for one machine only.
    assert pins(again) == pins(lock.read_text(encoding="utf-8"))
