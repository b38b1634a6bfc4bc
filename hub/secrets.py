"""The tokens by which CampusHub's own parts know each other: one file each below DATA/secrets."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path

from hub.trouble import Trouble

WORDS = ("proxy", "cookie", "service", "culler", "hub", "command", "grader", "worker", "agent", "metrics")


@dataclass(frozen=True)
class Secrets:
    """The folder of tokens."""

    folder: Path

    def read(self, word: str) -> str:
        """Raises Trouble when the file is not there or may not be read."""
        try:
            return (self.folder / word).read_text(encoding="ascii").strip()
        except OSError as error:
            raise Trouble(f"the secret '{word}' cannot be read ({error.strerror}); run `campushub up` again") from None

    def is_token(self, given: str, word: str) -> bool:
        return hmac.compare_digest(given.encode(), self.read(word).encode())
