"""Feedback as a zip: every file of everybody's, under names that every computer takes."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.blobs import Blobs
from hub.adapters.feedback_zip import NOT_KEPT, Given, plain, zipped
from hub.adapters.work import Feedback
from hub.exchange import Receipt
from tests.unit.test_arrivals import tar_of

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def back(blobs: Blobs, person: str, number: int, files: dict[str, bytes]) -> Given:
    folder = f"{person}{number}"
    stored = blobs.store("feedback", folder, tar_of(files), limit=10**7)
    receipt = Receipt(folder, "demo", "ps: 1", person, number, NOW, None, False, ())
    return Given(receipt, Feedback(folder, folder, 1, 2, NOW, stored))


def test_zip_holds_each_file_of_each_attempt(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    blobs.clean()
    large = bytes(range(256)) * 8192  # two pieces
    backs = [back(blobs, "asha", 1, {"a.html": b"one"}), back(blobs, "asha", 2, {"a.html": large})]
    backs.append(back(blobs, "ravi", 1, {"part/a?.html": b"x", "part/a|.html": b"y", "aux.html": b"z"}))
    pieces = list(zipped(blobs, "demo", backs))
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert archive.read("demo-feedback/asha/ps_ 1/attempt-2/a.html") == large
        ravis = {name: archive.read(name) for name in archive.namelist() if "/ravi/" in name}
    assert sorted(ravis.values()) == [b"x", b"y", b"z"]
    assert "demo-feedback/ravi/ps_ 1/attempt-1/part/a_ (2).html" in ravis
    assert "demo-feedback/ravi/ps_ 1/attempt-1/_aux.html" in ravis


@given(st.lists(st.text(max_size=12), max_size=5))
def test_name_in_the_zip_is_one_that_every_computer_takes(parts: list[str]) -> None:
    made = PurePosixPath(plain("/".join(parts)))
    assert not made.is_absolute()
    assert ".." not in made.parts
    assert not any(NOT_KEPT.search(part) or part.endswith((".", " ")) for part in made.parts)
