"""The pages that students and instructors read and print."""

from __future__ import annotations

import re

import pytest

from hub.services.pages_help import PAGES, TEXTS, rendered


@pytest.mark.parametrize("name", PAGES)
def test_help_page_is_whole_by_itself(name: str) -> None:
    """It leads nowhere that the hub does not serve, and every table came out as one."""
    page = rendered(name)
    assert page.startswith("<h1>")
    assert not re.findall(r'href="(?!/|https?:)', page)
    assert page.count("<table>") == len(re.findall(r"^\|[ -|]*---", (TEXTS / f"{name}.md").read_text(), re.MULTILINE))
    assert "<script" not in page
