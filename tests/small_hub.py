"""The data folder of a hub without the hub: a store with a submission and its feedback, homes, a gradebook, secrets."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from datetime import UTC, datetime
from pathlib import Path

from hub.adapters.blobs import Blobs
from hub.adapters.members import Members
from hub.adapters.store import Store
from hub.adapters.work import Work
from hub.courses import Role
from hub.exchange import Receipt
from hub.roster import Entry
from hub.settings import Settings

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MARKER = "only-in-what-was-handed-in-0815"


def packed(**files: str) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    stream.seek(0)
    return stream


def make(data: Path) -> tuple[Settings, Receipt]:
    """Make the folder as the hub's own code would; its settings, and the receipt of the one submission."""
    settings = Settings(name="chtest-small", data=data, reserve="1M")
    for name in (
        "config/hub.d",
        "hub",
        "secrets",
        "homes/asha",
        "courses/nn/source",
        "wheelhouse",
        "material/nn.git",
        "data/courses/nn",
    ):
        (data / name).mkdir(parents=True)
    (data / "config/hub.yaml").write_text(f"name: chtest-small\ndata: {data}\nreserve: 1M\n", encoding="utf-8")
    (data / "config/images.json").write_text("{}", encoding="utf-8")
    (data / "wheelhouse/large.whl").write_bytes(b"wheel")
    (data / "secrets/command").write_text("s" * 64, encoding="ascii")
    (data / "homes/asha/notes.txt").write_text("mine\n", encoding="utf-8")
    for path in (data / "hub/jupyterhub.sqlite", data / "courses/nn/gradebook.db"):
        with sqlite3.connect(path) as database:
            database.execute("create table marks (student text, points real)")
            database.executemany("insert into marks values (?, ?)", [(f"s{n}", n) for n in range(2000)])
        database.close()
    return settings, _hand_in(settings)


def _hand_in(settings: Settings) -> Receipt:
    store = Store.at(settings.folders.service)
    Members(store).bring_in("nn", [Entry(2, "asha", "Asha A", "", Role.STUDENT, "")], keep=True)
    blobs = Blobs(settings.folders.service, settings.reserve)
    blobs.clean()
    work = Work(store, blobs, settings.submission_limit)
    work.release("nn", "one", packed(task="do"), due=None, now=NOW)
    receipt = work.submit("nn", "one", "asha", packed(task=MARKER), key="k", now=NOW)
    work.give_back(receipt.submission, packed(feedback="well done"), score=1, max_score=2, now=NOW)
    store.engine.dispose()
    return receipt
