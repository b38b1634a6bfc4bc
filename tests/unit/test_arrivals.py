"""Uploads as they arrive: what is read out of tars and zips, what is refused, what is stored and said."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import sqlalchemy as sql

from hub.adapters import arrivals, zips
from hub.adapters.blobs import Blobs
from hub.adapters.members import Members
from hub.adapters.store import Store
from hub.adapters.work import Work
from hub.courses import Role
from hub.exchange import Receipt, Refused
from hub.handed_in import Unconfirmed
from hub.roster import Entry
from tests.coursework import cell, notebook
from tests.small_hub import NOW

LIMIT = 3 * 1024**2
RELEASED = notebook("", tests="assert answer() == 42")
DONE = notebook("def answer(): return 42", tests="assert answer() == 42")
SECOND = nbformat.v4.new_notebook(cells=[cell("", "words", solution=True)])


def text(document: Any) -> bytes:
    return str(nbformat.writes(document)).encode()


def tar_of(files: dict[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    packed.seek(0)
    return packed


def zip_of(files: dict[str, bytes], *, how: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", how) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.compress_type, member.external_attr = how, mode << 16
            archive.writestr(member, content)
    return packed.getvalue()


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    store = Store.at(tmp_path)
    Members(store).bring_in("nn", [Entry(2, "asha", "Asha A", "", Role.STUDENT, "")], keep=True)
    blobs = Blobs(tmp_path, 0)
    blobs.clean()
    made = Work(store, blobs, LIMIT)
    released = {"ps.ipynb": text(RELEASED), "extra.ipynb": text(SECOND), "data.csv": b"1,2"}
    made.release("nn", "ps", tar_of(released), due=None, now=NOW)
    yield made
    store.engine.dispose()


def hand_in(work: Work, files: dict[str, bytes], *, confirmed: bool = False, whole: bool = True) -> Receipt:
    """Hand files in, with the second notebook unless something is to be missing."""
    more = {"extra.ipynb": text(SECOND)} if whole else {}
    packed = tar_of({**files, **more})
    return work.submit("nn", "ps", "asha", packed, key=str(files)[:90], now=NOW, confirmed=confirmed)


def stored(work: Work, receipt: Receipt) -> dict[str, bytes]:
    top = work.blobs.top / "submissions" / receipt.submission
    found = {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}
    assert set(found) == {file.path for file in receipt.files}
    return found


def nothing_is_stored(work: Work) -> bool:
    return not any((work.blobs.top / "submissions").iterdir()) and not work.receipts("nn")


def test_zipped_folder_is_stored_under_the_released_names(work: Work) -> None:
    packed = zip_of({"ps/ps-Copy1.ipynb": text(DONE), "ps/helper.py": b"x = 1", "__MACOSX/ps/._ps.ipynb": b"\0"})
    receipt = hand_in(work, {"mine.zip": packed})
    found = stored(work, receipt)
    assert set(found) == {"ps.ipynb", "extra.ipynb", "helper.py"}
    assert found["ps.ipynb"] == text(DONE)
    assert receipt.remarks == ("'mine.zip/ps/ps-Copy1.ipynb' was taken as 'ps.ipynb', whose cells it has.",)


def test_bomb_among_caches_is_not_even_read(work: Work) -> None:
    packed = zip_of({"ps.ipynb": text(DONE), "__pycache__/zeros": bytes(64 * 1024**2)})
    assert set(stored(work, hand_in(work, {"ps.zip": packed}))) == {"ps.ipynb", "extra.ipynb"}


def test_zip_without_the_assignment_is_an_ordinary_file(work: Work) -> None:
    packed = zip_of({"other.ipynb": text(nbformat.v4.new_notebook()), "a.csv": b"1"})
    receipt = hand_in(work, {"ps.ipynb": text(DONE), "data.zip": packed})
    assert stored(work, receipt)["data.zip"] == packed
    assert receipt.remarks == ()


def test_zip_that_was_handed_out_stays_a_zip(work: Work) -> None:
    packed = zip_of({"ps.ipynb": text(DONE)})
    released = {"ps.ipynb": text(RELEASED), "extra.ipynb": text(SECOND), "all.zip": packed}
    work.release("nn", "ps", tar_of(released), due=None, now=NOW)
    assert "all.zip" in stored(work, hand_in(work, {"ps.ipynb": text(DONE), "all.zip": packed}))


def encrypted() -> bytes:
    """A zip whose files call themselves encrypted: the flag in both of its headers of each file."""
    packed = bytearray(zip_of({"ps.ipynb": text(DONE)}, how=zipfile.ZIP_STORED))
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        packed[packed.index(signature) + place] |= 1
    return bytes(packed)


def damaged() -> bytes:
    packed = bytearray(zip_of({"ps.ipynb": text(DONE)}, how=zipfile.ZIP_STORED))
    packed[60] ^= 1
    return bytes(packed)


BAD = {
    "password": encrypted(),
    "damaged": damaged(),
    "climbs": zip_of({"ps.ipynb": text(DONE), "../../x": b"x"}),
    "climbs from inside": zip_of({"a/../../x": b"x", "ps.ipynb": text(DONE)}),
    "back to front": zip_of({"ps.ipynb": text(DONE), "a\\b": b"x"}),
    "link": zip_of({"ps.ipynb": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777),
    "device": zip_of({"ps.ipynb": b""}, mode=stat.S_IFCHR | 0o666),
    "bomb": zip_of({"ps.ipynb": text(DONE), "zeros": bytes(2 * 1024**2)}),
    "large": zip_of({"ps.ipynb": text(DONE), **{f"{n}": bytes(1024**2) for n in range(4)}}),
    "many": zip_of({"ps.ipynb": text(DONE), **{f"{n}": b"" for n in range(1001)}}),
    "memory": zip_of({"ps.ipynb": text(DONE)}, how=zipfile.ZIP_LZMA),
    "twins": zip_of({"ps.ipynb": text(DONE), "PS.ipynb": text(DONE)}),
    "in a zip": zip_of({"inner.zip": zip_of({"ps.ipynb": text(DONE)})}),
    "deep": zip_of({"/".join("a" * 25) + "/ps.ipynb": text(DONE)}),
}


@pytest.mark.parametrize("kind", BAD)
def test_zip_that_cannot_be_trusted_is_refused_in_words_and_nothing_is_stored(work: Work, kind: str) -> None:
    for confirmed in (False, True):
        with pytest.raises(Refused, match=r"'?mine\.zip") as refused:
            hand_in(work, {"mine.zip": BAD[kind]}, confirmed=confirmed)
        assert "ps.ipynb' is missing" in str(refused.value)
    assert nothing_is_stored(work)


@pytest.mark.parametrize("kind", BAD)
def test_zip_that_cannot_be_trusted_is_in_nobodys_way(work: Work, kind: str) -> None:
    receipt = hand_in(work, {"ps.ipynb": text(DONE), "mine.zip": BAD[kind]})
    assert stored(work, receipt)["mine.zip"] == BAD[kind], "kept as it is, never unpacked"


def test_list_of_a_zip_that_is_too_long_is_not_read() -> None:
    packed = zip_of({f"{'n' * 150}{n}": b"" for n in range(6000)})
    with zips.opened(io.BytesIO(packed)) as archive:
        assert archive is None


def test_only_so_many_zips_are_looked_into(work: Work) -> None:
    many = {f"{n:02}.zip": zip_of({"x.txt": b""}) for n in range(arrivals.MOST_ZIPS)}
    with pytest.raises(Unconfirmed, match=r"'ps\.ipynb' is missing"):
        hand_in(work, {**many, "ps.zip": zip_of({"ps.ipynb": text(DONE)})})


def test_what_is_unpacked_counts_against_the_limit(work: Work) -> None:
    noise = random.Random(1).randbytes(3 * 1024**2 // 2)
    packed = zip_of({"ps.ipynb": text(DONE), "a": noise[: 1024**2].hex().encode()})
    with pytest.raises(Refused, match="larger than 3 MB"):
        hand_in(work, {"ps.zip": packed, "b": noise})
    assert nothing_is_stored(work)


def test_missing_notebook_asks_and_nothing_is_stored_until_then(work: Work) -> None:
    files = {"ps.ipynb": text(DONE), "my.ipynb": text(nbformat.v4.new_notebook())}
    with pytest.raises(Unconfirmed) as asked:
        hand_in(work, files, whole=False)
    assert nothing_is_stored(work)
    assert asked.value.as_data() == {
        "missing": ["extra.ipynb"],
        "changed": {},
        "lost": {},
        "remarks": ["'my.ipynb' is left out: no notebook of this assignment."],
    }
    receipt = hand_in(work, files, whole=False, confirmed=True)
    assert set(stored(work, receipt)) == {"ps.ipynb"}
    assert receipt.remarks == ("'extra.ipynb' is missing.", "'my.ipynb' is left out: no notebook of this assignment.")


def test_changed_and_lost_tests_ask(work: Work) -> None:
    for document in (notebook("", tests="pass"), nbformat.v4.new_notebook(cells=DONE.cells[:2])):
        with pytest.raises(Unconfirmed, match="1 test or locked cell was changed or is missing") as asked:
            hand_in(work, {"ps.ipynb": text(document)})
        assert asked.value.as_data()["changed"] == {"ps.ipynb": ["tests"]}


def test_no_notebook_is_refused_whatever_is_confirmed(work: Work) -> None:
    with pytest.raises(Refused, match="No notebook of this assignment is in it") as refused:
        hand_in(work, {"data.csv": b"1"}, whole=False, confirmed=True)
    assert not isinstance(refused.value, Unconfirmed)


def test_remarks_are_read_again_with_every_receipt(work: Work) -> None:
    receipt = hand_in(work, {"my ps.ipynb": text(DONE)})
    assert receipt.remarks
    assert work.receipt(receipt.submission) == receipt
    assert work.receipts("nn", person="asha", name="ps") == [receipt]
    assert hand_in(work, {"my ps.ipynb": text(DONE)}) == receipt, "the same key"
    assert json.loads(json.dumps(receipt.as_data()))["remarks"] == list(receipt.remarks)


def test_store_of_an_earlier_version_opens_and_its_receipts_have_no_remarks(tmp_path: Path, work: Work) -> None:
    receipt = hand_in(work, {"ps.ipynb": text(DONE)})
    work.store.engine.dispose()
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        database.execute("drop table remarks")
    database.close()
    again = Work(Store.at(tmp_path), work.blobs, LIMIT)
    assert again.receipt(receipt.submission) == receipt
    assert sql.inspect(again.store.engine).has_table("remarks")
    again.store.engine.dispose()
