"""Run one notebook as nbgrader's validation does and print, as JSON, which visible tests do not pass."""

from __future__ import annotations

import json
import sys
from typing import Any

from nbgrader.validator import Validator
from traitlets.config import Config


def main(path: str) -> None:
    validator = Validator(config=Config())
    validator.log.setLevel("CRITICAL")
    found = validator.validate(path)
    sys.stdout.write(json.dumps(told(found)))


def told(found: dict[str, Any]) -> dict[str, Any]:
    """What a student reads: whether all is well, and each test that is not."""
    problems = [
        {"source": one.get("source", "")[:400], "error": one.get("error", "")[-1500:]}
        for one in found.get("failed", ())
    ]
    changed = found.get("changed") or found.get("type_changed")
    if changed:
        return {
            "ok": False,
            "message": "A cell with tests was changed. Fetch the assignment into a new folder.",
            "failed": [],
        }
    message = "All visible tests pass." if not problems else f"{len(problems)} tests do not pass yet."
    return {"ok": not problems, "message": message, "failed": problems}


if __name__ == "__main__":
    main(sys.argv[1])
