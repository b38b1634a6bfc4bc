"""What is generated: the pages of settings, commands and permissions, and the schema for editors.

`python -m hub.reference` writes the files; a test fails when one of them is stale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.cli import parser
from hub.courses import LOOKING, MAY, VERBS, Role
from hub.gpu_settings import Period, Slot
from hub.mirror_settings import Data, Docs, Repository
from hub.settings import Course, Settings, as_data

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_PAGE = Path("docs/reference/settings.md")
PERMISSIONS_PAGE = Path("docs/reference/permissions.md")
COMMANDS_PAGE = Path("docs/reference/commands.md")
SCHEMA = Path("config/hub.schema.json")

HEAD = """\
# Settings

Every setting of `config/hub.yaml`. This page is generated from `hub/settings.py`; write it again with
`.venv/bin/python -m hub.reference`. Sizes are written like `512M` or `4G` (powers of 1024).

| setting | default | meaning |
|---|---|---|
"""

VERB_WORDS = {
    "see": "see the course's page",
    "work": "open their own notebooks",
    "fetch": "fetch an assignment",
    "submit": "hand in",
    "read_own": "see their own receipts, score and feedback",
    "ask_again": "ask for another look at a question of their own",
    "look": "open the formgrader",
    "grade": "have submissions graded, and mark them",
    "release": "release and withdraw assignments, change due dates",
    "collect": "collect submissions",
    "return_feedback": "give feedback back",
    "read_roster": "see who is in the course",
    "see_submissions": "see who has submitted what, and receipts",
    "read_mark_log": "read who changed which mark when",
    "answer_requests": "answer students who ask for another look",
    "announce": "tell the course something on its page and in JupyterLab",
    "reset_password": "give a student a new first password",
    "change_roster": "change the roster",
    "set_rules": "set an assignment's rules, give and end extensions",
    "hand_in_for": "hand in for students",
    "see_leases": "see who has a GPU, and who waits for one",
    "change_leases": "reserve GPUs for a class, end or lengthen somebody's lease",
}


def files() -> dict[Path, str]:
    """Every generated file with what has to be in it."""
    return {
        SETTINGS_PAGE: settings_page(),
        PERMISSIONS_PAGE: permissions_page(),
        COMMANDS_PAGE: commands_page(),
        SCHEMA: schema(),
    }


def settings_page() -> str:
    rows = [*_rows(Settings, "", as_data(Settings()))]
    rows += _rows(Course, "courses.KEY.", {"image": "base", "branch": "main"})
    rows += _rows(Repository, "courses.KEY.repositories.NAME.", {})
    rows += _rows(Data, "courses.KEY.data.NAME.", {"unpack": False})
    rows += _rows(Docs, "courses.KEY.docs.NAME.", {})
    rows += _rows(Slot, "gpus.slots.NAME.", {})
    rows += _rows(Period, "gpus.periods.NAME.", {"begins": "00:00", "ends": "23:59:59"})
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
        "In a course of an earlier term only what the last column names is left, to those who taught it.",
        "",
        f"| | {' | '.join(roles)} | earlier term |",
        f"|---|{'---|' * len(roles)}---|",
    ]
    for verb in VERB_WORDS:
        marks = " | ".join("yes" if verb in MAY[role] else "no" for role in roles)
        lines.append(f"| {VERB_WORDS[verb]} | {marks} | {'stays' if verb in LOOKING else '–'} |")
    assert set(VERB_WORDS) == VERBS
    return "\n".join(lines) + "\n"


COMMANDS_HEAD = """\
# Commands

Every word of `./campushub`. This page is generated from `hub/cli.py`; write it again with
`.venv/bin/python -m hub.reference`. `./campushub COMMAND --help` says the same. What changes the machine or reads what only
root may read wants `sudo`.

| command | what it does |
|---|---|
"""


def commands_page() -> str:
    rows = [f"| `{usage}` | {meaning} |" for usage, meaning in _commands(parser(), "campushub", "")]
    return COMMANDS_HEAD + "\n".join(rows) + "\n"


def _commands(words: argparse.ArgumentParser, name: str, meaning: str) -> Iterator[tuple[str, str]]:
    """Usage and meaning of a command, or of each word that may follow it."""
    below = [action for action in words._actions if isinstance(action, argparse._SubParsersAction)]
    if words.get_default("run") is not None:
        yield " ".join([name, *_arguments(words)]), meaning
    for action in below:
        told = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for word, inner in action.choices.items():
            yield from _commands(inner, f"{name} {word}", told.get(word, ""))


def _arguments(words: argparse.ArgumentParser) -> Iterator[str]:
    for action in words._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        value = "" if action.nargs == 0 else str(action.metavar or action.dest).upper().replace("_", "-")
        shown = " ".join(
            part for part in (action.option_strings[0] if action.option_strings else "", str(value)) if part
        )
        shown += " …" if action.nargs == "*" else ""
        yield f"[{shown}]" if action.option_strings or action.nargs in ("?", "*") else shown


def schema() -> str:
    """The JSON schema by which an editor helps to write the settings."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"


def main() -> None:
    for path, text in files().items():
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
