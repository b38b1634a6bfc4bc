"""The lines of config/hub.yaml that would provide what is not there, and the commands that tell the checksums."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator

from hub.downloads import Kind, Wanted
from hub.downloads.verdicts import Verdict

ENDS = re.compile(
    r"(?:\.(?:tar|gz|tgz|bz2|xz|zip|csv|tsv|json|h5|keras|npz|npy|pth?|txt|ipynb|png|jpe?g|data))+$", re.IGNORECASE
)
LONGEST_NAME = 40


def wanted_files(verdicts: Iterable[Verdict]) -> list[Wanted]:
    """The files that entries can bring, each once."""
    missing = [one.found.download for one in verdicts if not one.there and one.found.download.kind is Kind.FILE]
    found = {file.url: file for one in missing for file in one.wanted if file.whole and "://" in file.url}
    return list(found.values())


def data_lines(course: str, verdicts: Iterable[Verdict]) -> list[str]:
    """What to write into config/hub.yaml; nothing when no entry is wanting."""
    files = wanted_files(verdicts)
    return ["courses:", f"  {course}:", "    data:", *_entries(files)] if files else []


def _entries(files: list[Wanted]) -> Iterator[str]:
    taken: set[str] = set()
    for file in files:
        name = _name(file, taken)
        yield f"      {name}:"
        yield f"        source: {json.dumps(file.url)}"
        yield '        sha256: ""  # the command below tells it'
        yield '        licence: ""'
        if file.library:
            yield f"        library: {file.library}"
        yield f"        file: {json.dumps(file.file or name)}"
        if file.unpack:
            yield "        unpack: true"


def _name(file: Wanted, taken: set[str]) -> str:
    """A short name of its own for an entry."""
    stem = ENDS.sub("", file.file).casefold().replace("_weights_tf_dim_ordering_tf_kernels", "") or "file"
    short = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:LONGEST_NAME].strip("-") or "file"
    short = short if short[0].isalpha() else f"data-{short}"
    name = next(
        one for number in range(1, 10_000) if (one := short if number == 1 else f"{short}-{number}") not in taken
    )
    taken.add(name)
    return name


def checksum_commands(verdicts: Iterable[Verdict]) -> list[str]:
    """The commands that tell the checksums, for a machine with the internet."""
    return [f"curl -fsSL {shlex.quote(file.url)} | sha256sum" for file in wanted_files(verdicts)]
