"""What a release check has found: where, what is wrong, what to do. Plain values; how they are found is other modules'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One reason against a release. `notebook` is a file of the assignment; `cell` is empty when it is about the file."""

    notebook: str
    cell: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.notebook}, {self.cell}" if self.cell else self.notebook
        return f"{place}: {self.reason} {self.remedy}"


def told(findings: Iterable[Finding], most: int) -> str:
    """The findings as lines of at most so many characters together; those that have no room are counted."""
    lines = [" ".join(str(finding).split()) for finding in findings]
    kept: list[str] = []
    for line in lines:
        left = len(lines) - len(kept) - 1
        end = f"\nand {left} more" if left else ""
        if len("\n".join([*kept, line])) + len(end) > most:
            break
        kept.append(line)
    missing = len(lines) - len(kept)
    return "\n".join([*kept, f"and {missing} more"] if missing else kept)
