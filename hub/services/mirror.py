"""Brings what courses ask for onto this machine and keeps it up to date: repositories every minute, files once, all at night again.

What is here stays in use whatever the sources do. Run as the part `mirror`; with the word
`sync` it does everything once, with its progress, for the command.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from hub import mirror, mirror_notes
from hub.adapters import repos
from hub.services.mirror_book import Book, Report, size_of
from hub.services.mirror_files import Round
from hub.settings import Settings
from hub.settings_file import SettingsInvalid, load

log = logging.getLogger("campushub.mirror")

LOOK_SECONDS, EVERY_SECONDS = 2, 60
NIGHT_HOUR = 3  # when nobody waits for the line, by the hub's time zone


def main(words: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    config = Path(os.environ["CAMPUSHUB_CONFIG"])
    os.umask(0o022)
    if words == ["sync"]:
        return sync(load(config), report=lambda line: print(line, flush=True))  # noqa: T201 (the command shows it)
    for work in (_refresh_repositories, _refresh_files):
        threading.Thread(target=_for_ever, args=(config, work), daemon=True).start()
    threading.Event().wait()
    return 0


def sync(settings: Settings, *, report: Report) -> int:
    """Bring everything up to date once, and tell how each thing is; 1 when something could not be."""
    book = _book(settings, report)
    _repositories(settings, book)
    Round(settings, book, again=True).run()
    notes = mirror_notes.read(settings.folders.mirror_notes).values()
    for line in mirror_notes.lines(notes, book.clock()):
        report(line)
    return int(any(note.trouble for note in notes))


def _repositories(settings: Settings, book: Book) -> None:
    wanted = mirror.repositories(settings)
    with book.alone("repositories"):
        for one in wanted:
            book.attempt(one.key, one.source, partial(_repository, one, book))
        _clear(settings)
    book.keep_only({one.key for one in wanted} | {one.key for one in mirror.files(settings)})


def _repository(one: mirror.Repository, book: Book) -> int:
    came, known = repos.mirror(one.source, one.branch, one.copy), book.note(one.key, one.source).size
    return size_of(one.copy) if came or not known else known


def _clear(settings: Settings) -> None:
    """Take away the copies that no course asks for any more; those of an earlier term stay."""
    asked = {one.copy for key in settings.courses for one in mirror.repositories_of(settings, key)}
    for copy in (*settings.folders.material.glob("[!.]*.git"), *settings.folders.material.glob("*/[!.]*.git")):
        if copy not in asked and copy.parent not in asked:
            shutil.rmtree(copy, ignore_errors=True)


def _refresh_repositories(settings: Settings, book: Book, _: datetime) -> None:
    _repositories(settings, book)


def _refresh_files(settings: Settings, book: Book, before: datetime) -> None:
    now = book.clock()
    Round(settings, book, again=before.hour < NIGHT_HOUR <= now.hour and now - before < timedelta(days=1)).run()


def _book(settings: Settings, report: Report) -> Book:
    return Book(settings.folders, report, lambda: datetime.now().astimezone())


def _for_ever(config: Path, work: Callable[[Settings, Book, datetime], None]) -> None:
    """Do it every minute, and at once when the settings have changed. Nothing that goes wrong once may end it."""
    before = datetime.now().astimezone()
    while True:
        seen, now = _written(config), datetime.now().astimezone()
        try:
            settings = load(config)
            work(settings, _book(settings, log.info), before)
        except SettingsInvalid as mistakes:
            log.error("settings not taken up:\n%s", mistakes)
        except Exception:
            log.exception("a round of the mirror failed; the next one comes in %s s", EVERY_SECONDS)
        before = now
        for _ in range(EVERY_SECONDS // LOOK_SECONDS):
            time.sleep(LOOK_SECONDS)
            if _written(config) != seen:
                break


def _written(config: Path) -> int:
    return config.stat().st_mtime_ns if config.exists() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
