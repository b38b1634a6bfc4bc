"""What a person reads below pip's own words when it finds no package: that the hub gives none out, or that the mirror is cut off.

pip itself tells a name that is misspelt, a hub without a mirror and a mirror without the internet in the same two lines.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import urllib.request
from collections.abc import Mapping
from urllib.parse import urljoin

NONE = (
    "CampusHub: nothing can be fetched from the internet here, and this hub has no package mirror. Ask your instructor: "
    "a package that the course needs can be put into its image. A wheel that you have as a file installs by its name: "
    "pip install ./NAME.whl"
)
NOT_THERE = (
    "CampusHub: the hub's package mirror has nothing that fits. Look whether name and version are right; if they are, "
    "ask your instructor."
)
AWAY = (
    "CampusHub: the hub's package mirror cannot reach the internet just now, and has kept nothing that fits. What somebody "
    "here installed before still installs, without a version in its name. Try again later, or ask your instructor."
)
DOWN = (
    "CampusHub: the hub's package mirror does not answer. Try again in a minute; if it stays so, ask your instructor."
)
LOST = "CampusHub: the hub's package mirror could not fetch this from the internet just now. Try the same again in a minute."
ALTERED = (
    "CampusHub: the file is not what its index promises, so nothing of it was installed. Most often it broke off on its "
    "way: try again. If it stays so, ask your instructor."
)


class Heard(logging.Handler):
    """What pip told as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said += record.getMessage()


def explain() -> None:
    """Have the pip that is about to start in this process end with our sentence."""
    log = logging.getLogger("pip")
    if any(isinstance(one, Heard) for one in log.handlers):
        return
    heard = Heard()
    log.addHandler(heard)
    atexit.register(lambda: sys.stderr.write(f"{more}\n" if (more := sentence(heard.said)) else ""))


def sentence(said: str, environment: Mapping[str, str] = os.environ) -> str:
    """What is to be added to pip's errors; nothing where they say enough."""
    if "DO NOT MATCH THE HASHES" in said:
        return ALTERED
    if "PIP_INDEX_URL" in environment and ("HTTP error 502" in said or "incomplete-download" in said):
        return LOST
    if "No matching distribution found" not in said:
        return ""
    if "PIP_NO_INDEX" in environment:
        return NONE
    return _of_mirror(environment["PIP_INDEX_URL"]) if "PIP_INDEX_URL" in environment else ""


def _of_mirror(index: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urljoin(index, "/state"), timeout=3) as answer:
            return AWAY if json.load(answer)["why_away"] else NOT_THERE
    except (OSError, ValueError, KeyError):
        return DOWN
