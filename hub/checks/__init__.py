"""What `campushub doctor` looks at: one small function a subject, which yields what is wrong, how it was seen and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.adapters.engine import Engine
from hub.settings import Settings


@dataclass(frozen=True)
class Finding:
    """Something wrong: a sentence, what was seen, and an exact command or step after which it is gone."""

    wrong: str
    seen: str
    mend: str


@dataclass(frozen=True)
class Note:
    """Something to know that nobody here can mend."""

    text: str


@dataclass(frozen=True)
class Examined:
    """The hub that is looked at, and the machine below it. `deep` asks for what takes long."""

    settings: Settings
    root: Path
    config: Path  # the file of the settings
    engine: Engine
    now: datetime
    deep: bool


Check = Callable[[Examined], Iterator[Finding | Note]]

UP = "sudo ./campushub up"
