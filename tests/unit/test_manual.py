"""The manual names no command that there is not."""

from __future__ import annotations

import pytest

from hub.cli import parser
from tests.manual import PAGES, commands, every_command


@pytest.mark.parametrize(
    ("page", "words"), every_command(), ids=lambda value: " ".join(value) if isinstance(value, list) else value
)
def test_command_of_the_manual_is_one(page: str, words: list[str]) -> None:
    if words == ["COMMAND", "--help"] or (len(words) == 1 and words[0] in ("roster", "course", "images")):
        return  # the name of a group, not a command to be typed
    parser().parse_args([{"PART": "hub"}.get(word, word) for word in words])


def test_commands_are_found_at_all() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 30
