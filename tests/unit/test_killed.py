"""The service is killed (SIGKILL) at every step of storing a submission: what was acknowledged is there, what was not can be sent again."""

from __future__ import annotations

import hashlib
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sql

from hub.adapters.blobs import Blobs
from hub.adapters.members import Members
from hub.adapters.store import Store
from hub.adapters.work import Work
from hub.courses import Role
from hub.exchange import Receipt
from hub.roster import Entry
from tests.small_hub import NOW, packed

FILES = {"data.csv": "1," * 4000, "more/notes.txt": "mine " * 4000}
ACKNOWLEDGED = "acknowledged"


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class KillsWhenRead(io.BytesIO):
    """An upload in which the process dies at the so-manyth reading."""

    left = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if not self.left:
            killed()
        return super().read(size)


def opened(top: Path, failpoint: Callable[[str], None] = lambda _: None) -> Work:
    blobs = Blobs(top, 0)
    blobs.clean()
    return Work(Store.at(top), blobs, 1024**2, failpoint)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    work = opened(tmp_path)
    Members(work.store).bring_in("nn", [Entry(2, "asha", "Asha A", "", Role.STUDENT, "")], keep=True)
    work.release("nn", "ps", packed(**{"data.csv": "1"}), due=None, now=NOW)
    work.store.engine.dispose()
    return tmp_path


def hand_in(work: Work, upload: io.BytesIO | None = None) -> Receipt:
    return work.submit("nn", "ps", "asha", upload or packed(**FILES), key="the same", now=NOW)


def dies(top: Path, at: str) -> str:
    """Hand in, in a process of its own that is killed there; what it had acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # nothing of pytest's may go on in it, whatever happens
        try:
            os.close(reader)
            work = opened(top, lambda name: killed() if name == at else None)
            upload = KillsWhenRead(packed(**FILES).getvalue())
            upload.left = int(at) if at.isdigit() else -1
            if at == "commit":
                sql.event.listen(work.store.engine, "commit", lambda _: killed() if stored(top) else None)
            os.write(writer, hand_in(work, upload).submission.encode())
            if at == ACKNOWLEDGED:
                killed()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert died == -signal.SIGKILL, f"the process was not killed at '{at}'"
    return said


def stored(top: Path) -> list[Path]:
    return [path for path in (top / "submissions").iterdir() if not path.name.startswith(".")]


STEPS = [*map(str, range(1, 13)), "stored", "commit", "recorded", ACKNOWLEDGED]


@pytest.mark.parametrize("at", STEPS)
def test_service_killed_while_it_stores_loses_and_doubles_nothing(top: Path, at: str) -> None:
    acknowledged = dies(top, at)
    assert bool(acknowledged) is (at == ACKNOWLEDGED)
    work = opened(top)
    before = work.receipts("nn")
    assert len(before) == (at in ("recorded", ACKNOWLEDGED))
    receipt = hand_in(work)
    if before:
        assert receipt == before[0], "the same key, the same receipt"
    assert receipt.submission == (acknowledged or receipt.submission)
    assert work.receipts("nn") == [receipt]
    assert receipt.attempt == 1
    assert not list((top / "submissions").glob(".*")), "what was half written is gone"
    found = {file.path: (top / "submissions" / receipt.submission / file.path).read_bytes() for file in receipt.files}
    assert found == {path: text.encode() for path, text in FILES.items()}
    assert {file.sha256 for file in receipt.files} == {hashlib.sha256(text).hexdigest() for text in found.values()}
    work.store.engine.dispose()


def test_some_of_the_steps_leave_a_folder_half_written(top: Path) -> None:
    left = set()
    for at in STEPS[:-4]:
        dies(top, at)
        left |= {sum(path.stat().st_size for path in (top / "submissions").glob(".*/**/*") if path.is_file())}
    assert len(left) > 1, "the steps before `stored` are all before the first file"
