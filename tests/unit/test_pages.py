"""The addresses of the service's pages."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from tornado.routing import PathMatches

from hub.services.service import application
from hub.services.state import PREFIX
from hub.settings import Settings
from hub.values import PAGES


def test_no_course_can_be_called_like_a_page() -> None:
    state: Any = SimpleNamespace(
        hub_api="http://127.0.0.1:9/hub/api", secrets=SimpleNamespace(read=lambda _: "x"), settings=Settings()
    )
    matchers = [rule.matcher for rule in application(state).wildcard_router.rules]
    patterns = [one.regex.pattern for one in matchers if isinstance(one, PathMatches)]
    words = {found[1] for pattern in patterns if (found := re.match(rf"{PREFIX}([a-z]+)(?=[/$])", pattern))}
    assert words == PAGES
