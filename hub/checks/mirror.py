"""Whether what courses need from outside is what was meant. That a source does not answer is nobody's fault here: `status` says it."""

from __future__ import annotations

from collections.abc import Iterator

from hub import mirror_notes
from hub.checks import Examined, Finding


def mistakes(examined: Examined) -> Iterator[Finding]:
    path = examined.settings.folders.mirror_notes
    for note in mirror_notes.mistakes(mirror_notes.read(path).values()):
        yield Finding(
            f"{note.key}: {note.trouble}.",
            f"{note.source}, since {note.since}",
            "Put config/hub.yaml right and run `sudo ./campushub up`, or the source; then `sudo ./campushub mirror sync`.",
        )
