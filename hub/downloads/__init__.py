"""What a notebook would fetch if it were run: plain values. How it is found, and whether the hub has it, is the modules beside.

Nothing is run and nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is to be done about a download that the hub has not: each kind has its own remedy."""

    FILE = "file"  # an entry under `data:` of the course
    HUGE = "several files"  # a model or data set of many files, which one archive can bring
    PACKAGE = "package"
    CONDA = "conda package"  # which a mirror for pip has not
    REPOSITORY = "repository"
    SHOWN = "shown"  # the reader's browser fetches it
    PROGRAM = "program"  # of the operating system
    SERVICE = "service"  # somebody else's, which no copy can stand for
    UNSEEN = "unseen"  # something goes out to an address that the code does not tell


@dataclass(frozen=True)
class Wanted:
    """One file that would be fetched. Of an address that is not `whole` only the beginning is known.

    `library` is the one that looks for it by itself, in a folder of its own under the name `file`; `unpack` says that whoever
    fetches it unpacks it.
    """

    url: str
    file: str = ""
    library: str = ""
    whole: bool = True
    unpack: bool = False


@dataclass(frozen=True)
class Download:
    """What some code would fetch: in words, as files as far as they are known, as packages.

    `line` counts from 1 in the cell; 0 when it is about the whole cell. `column` tells calls on one line apart.
    """

    kind: Kind
    needs: str
    wanted: tuple[Wanted, ...] = ()
    packages: tuple[str, ...] = ()
    code: str = ""  # how the code says it, where that is short
    by_path: bool = False  # it goes past what answers public addresses, so only a path below /data serves it
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Found:
    """A download and where it stands: `cell` is empty for a file of Python."""

    notebook: str
    cell: str
    download: Download

    @property
    def place(self) -> str:
        line = f"line {self.download.line}" if self.download.line else ""
        return ", ".join(part for part in (self.notebook, self.cell, line) if part)
