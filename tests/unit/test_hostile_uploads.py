"""The archive of hostile uploads: what the service's store makes of each, in how long, and with nothing left behind."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
import yaml

from hub.adapters.blobs import Blobs
from hub.adapters.members import Members
from hub.adapters.store import Store
from hub.adapters.work import Work
from hub.courses import Role
from hub.exchange import Receipt, Refused
from hub.roster import Entry
from tests.attacks.uploads.made import NAME, NOTEBOOK, UPLOADS, tar
from tests.coursework import RIGHT, notebook
from tests.small_hub import NOW, packed
from tests.unit.test_arrivals import nothing_is_stored, stored

EXPECTED = yaml.safe_load(
    (Path(__file__).parents[1] / "attacks" / "uploads" / "expected.yaml").read_text(encoding="utf-8")
)
LIMIT = 3 * 1024**2
TESTS = "assert answer() == 42"
GOOD = nbformat.writes(notebook(RIGHT, tests=TESTS)).encode()
MOST_SECONDS, MOST_MEMORY = 2, 50 * 1024**2


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    store = Store.at(tmp_path)
    people = [Entry(row, name, name, "", Role.STUDENT, "") for row, name in enumerate(("asha", "ben"), 2)]
    Members(store).bring_in("nn", people, keep=True)
    blobs = Blobs(tmp_path, 0)
    blobs.clean()
    made = Work(store, blobs, LIMIT)
    made.release("nn", NAME, packed(**{NOTEBOOK: nbformat.writes(notebook("", tests=TESTS))}), due=None, now=NOW)
    yield made
    store.engine.dispose()


def hand_in(work: Work, upload: bytes, *, person: str = "asha", key: str = "key") -> Receipt:
    """Hand in, and say yes to whatever is asked."""
    return work.submit("nn", NAME, person, io.BytesIO(upload), key=key, now=NOW, confirmed=True)


def test_archive_says_of_every_upload_what_becomes_of_it() -> None:
    assert set(EXPECTED) == set(UPLOADS)
    assert all((one["ours"] == "refused") is bool(one.get("says")) for one in EXPECTED.values())


@pytest.mark.parametrize("name", UPLOADS)
def test_upload_becomes_what_is_expected(work: Work, name: str) -> None:
    upload, expected = UPLOADS[name](GOOD), EXPECTED[name]
    tracemalloc.start()
    began = time.process_time()
    said = ""
    try:
        receipt = hand_in(work, upload)
    except Refused as refused:
        said = str(refused)
    seconds, memory = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < MOST_SECONDS
    assert memory < MOST_MEMORY
    assert not list(work.blobs.top.glob("*/.*")), "something half written is left"
    if expected["ours"] == "refused":
        assert expected["says"] in said
        assert nothing_is_stored(work)
        assert hand_in(work, tar({NOTEBOOK: GOOD})).attempt == 1, "it costs no attempt, and nobody's way is barred"
    else:
        assert said == ""
        assert NOTEBOOK in stored(work, receipt)
        assert (receipt.at, receipt.person) == (NOW, "asha")


def test_somebody_elses_package_is_ones_own_submission(work: Work) -> None:
    """Nothing in it says whose it is; that two are alike is for people to judge."""
    theirs, mine = (hand_in(work, tar({NOTEBOOK: GOOD}), person=person) for person in ("ben", "asha"))
    assert (theirs.person, mine.person) == ("ben", "asha")
    assert theirs.files == mine.files
    assert theirs.submission != mine.submission


def test_same_key_with_other_content_changes_nothing(work: Work) -> None:
    first = hand_in(work, tar({NOTEBOOK: GOOD}))
    before = stored(work, first)
    assert hand_in(work, tar({NOTEBOOK: GOOD, "more.txt": b"later"})) == first
    assert stored(work, first) == before
    files = [path for path in (work.blobs.top / "submissions" / first.submission).rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o400}


def test_double_click_is_one_submission(work: Work) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(lambda _: hand_in(work, tar({NOTEBOOK: GOOD})), range(8)))
    assert len(told) == 1
    assert work.receipts("nn") == list(told)
    assert [path.name for path in (work.blobs.top / "submissions").iterdir()] == [one.submission for one in told]


@pytest.mark.parametrize("name", ["never-there", "withdrawn", f"{NAME}+x", "../uploads", "*"])
def test_what_is_not_handed_out_takes_nothing(work: Work, name: str) -> None:
    if name == "withdrawn":
        work.release("nn", name, packed(**{NOTEBOOK: GOOD.decode()}), due=None, now=NOW)
        work.withdraw("nn", name)
    with pytest.raises(Refused, match="not handed out"):
        work.submit("nn", name, "asha", io.BytesIO(tar({NOTEBOOK: GOOD})), key="key", now=NOW, confirmed=True)
    assert nothing_is_stored(work)
