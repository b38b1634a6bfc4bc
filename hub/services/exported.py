"""Marks that the grader has given out, for whoever waits for them: in memory only, and a few at most."""

from __future__ import annotations

from dataclasses import dataclass, field

VERB = "export"  # of the grader's job
MOST = 8  # that are kept


@dataclass
class Exported:
    """What was given out, by the number of the job."""

    found: dict[int, str] = field(default_factory=dict)

    def keep(self, job: int, text: str) -> None:
        self.found[job] = text
        for old in sorted(self.found)[:-MOST]:
            del self.found[old]

    def of(self, job: int) -> str | None:
        return self.found.get(job)
