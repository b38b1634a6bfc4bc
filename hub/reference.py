"""What is generated from the settings and the rules: the reference page, the editor's schema, the grid of who may what.

`python -m hub.reference` writes the files; a test fails when one of them is stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.courses import MAY, VERBS, Role
from hub.settings import Course, Settings, as_data

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_PAGE = Path("docs/reference/settings.md")
PERMISSIONS_PAGE = Path("docs/reference/permissions.md")
SCHEMA = Path("config/hub.schema.json")

HEAD = """\
# Settings

Every setting of `config/hub.yaml`. This page is generated from `hub/settings.py`; write it again with
`.venv/bin/python -m hub.reference`. Sizes are written like `512M` or `4G` (powers of 1024).

| setting | default | meaning |
|---|---|---|
"""

VERB_WORDS = {
    "work": "open their own notebooks",
    "fetch": "fetch an assignment",
    "submit": "hand in",
    "read_own": "see their own receipts, score and feedback",
    "grade": "open the formgrader and have submissions graded",
    "release": "release and withdraw assignments, change due dates",
    "collect": "collect submissions",
    "return_feedback": "give feedback back",
    "read_roster": "see who is in the course",
    "see_submissions": "see who has submitted what, and receipts",
    "reset_password": "give a student a new first password",
    "change_roster": "change the roster",
}


def files() -> dict[Path, str]:
    """Every generated file with what has to be in it."""
    return {SETTINGS_PAGE: settings_page(), PERMISSIONS_PAGE: permissions_page(), SCHEMA: schema()}


def settings_page() -> str:
    rows = [*_rows(Settings, "", as_data(Settings()))]
    rows += _rows(Course, "courses.KEY.", {"image": "base", "branch": "main"})
    return HEAD + "\n".join(f"| `{name}` | {default} | {meaning} |" for name, default, meaning in rows) + "\n"


def _rows(model: type[BaseModel], prefix: str, defaults: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        inner = _inner_model(field)
        if inner is not None:
            yield from _rows(inner, f"{prefix}{name}.", defaults.get(name) or {})
        else:
            yield f"{prefix}{name}", _default(field, defaults.get(name)), field.description or ""


def _inner_model(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _default(field: FieldInfo, value: Any) -> str:
    if field.is_required():
        return "has to be given"
    if value in (None, "", [], {}):
        return "empty"
    return f"`{value}`"


def permissions_page() -> str:
    """The table of `hub.courses.may`, as people read it. Administrators may do everything in every course."""
    roles = list(Role)
    lines = [
        "# Who may do what",
        "",
        "In one course, by role. Administrators (`admins` in the settings) may do all of it in every course. This page is",
        "generated from `hub/courses.py`, the one table that spawner, service and pages ask.",
        "",
        f"| | {' | '.join(roles)} |",
        f"|---|{'---|' * len(roles)}",
    ]
    for verb in VERB_WORDS:
        marks = " | ".join("yes" if verb in MAY[role] else "no" for role in roles)
        lines.append(f"| {VERB_WORDS[verb]} | {marks} |")
    assert set(VERB_WORDS) == VERBS
    return "\n".join(lines) + "\n"


def schema() -> str:
    """The JSON schema by which an editor helps to write the settings."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"


def main() -> None:
    for path, text in files().items():
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
