"""SQLite's files as files: copied whole while they are in use, checked, and asked which files they name.

What is in them belongs to others: the store to `hub.adapters.store`, gradebooks to nbgrader, one to JupyterHub.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hub.exchange import StoredFile
from hub.folders import Folders

BUSY_SECONDS = 30
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite writes beside a database
MOST = 3  # sentences about one database

NAMED = {
    "releases": "select release, files, 'the assignment ' || name || ' of ' || course from assignments "
    "where release is not null",
    "submissions": "select id, files, 'the submission ' || id || ' of ' || person || ' (' || course || ', ' "
    "|| assignment || ')' from submissions",
    "feedback": "select folder, files, 'the feedback of the submission ' || submission from feedback",
}

TIMES = (("submissions", "at"), ("feedback", "released_at"), ("jobs", "at"), ("ends", "at"), ("guesses", "at"))


@dataclass(frozen=True)
class Named:
    """A folder of files that a row of the store names: below DATA/service, with a sentence's subject."""

    kind: str
    folder: str
    what: str
    files: tuple[StoredFile, ...]


def all_of(folders: Folders) -> list[Path]:
    """The databases of a hub: ours, JupyterHub's, the gradebooks; what a person may have put in a link's place is none."""
    found = [*folders.hub.glob("*.sqlite"), *folders.service.glob("*.sqlite"), *folders.courses.glob("*/*.db")]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def copy(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, while others write to it; raises sqlite3.DatabaseError for a broken one."""
    with closing(_open(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def problems(path: Path, *, still: bool = False) -> list[str]:
    """What is wrong inside a database; `still` for one that nobody writes to, so that nothing is written beside it."""
    try:
        with closing(_open(path, still=still)) as database:
            told = [row[0] for row in database.execute(f"pragma integrity_check({MOST})")]
            broken = list(database.execute("pragma foreign_key_check"))
    except sqlite3.Error as error:
        return [str(error)]
    lost = [f"a row of '{table}' names a row of '{parent}' that is not there" for table, _, parent, _ in broken[:MOST]]
    return [line for line in told if line != "ok"] + lost


def named(store: Path, *, still: bool = False) -> Iterator[Named]:
    """Every folder of files that the store names; raises sqlite3.Error for a broken store."""
    with closing(_open(store, still=still)) as database:
        for kind, query in NAMED.items():
            for folder, files, what in database.execute(query):
                yield Named(kind, folder, what, tuple(StoredFile(**one) for one in json.loads(files)))


def last_written(store: Path) -> str:
    """The latest time in the store, as ISO 8601 text in UTC; empty for a store in which nothing has happened."""
    query = " union ".join(f"select max({column}) from {table}" for table, column in TIMES)
    with closing(_open(store)) as database:
        return max((row[0] or "" for row in database.execute(query)), default="")


def people(store: Path) -> frozenset[str]:
    with closing(_open(store)) as database:
        return frozenset(row[0] for row in database.execute("select name from people"))


def servers(hub: Path) -> frozenset[tuple[str, str]]:
    """The servers that JupyterHub knows as running or starting: whose, and their names."""
    query = "select users.name, spawners.name from spawners join users on users.id = spawners.user_id"
    with closing(_open(hub)) as database:
        return frozenset(database.execute(f"{query} where spawners.server_id is not null"))


def _open(path: Path, *, still: bool = False) -> sqlite3.Connection:
    # One that is in use is opened for writing: a journal that a crash has left must be played back first.
    mode = "immutable=1" if still else "mode=rw"
    database = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=BUSY_SECONDS)
    database.execute("pragma trusted_schema=off")
    return database
