"""How the hub asks the service: who somebody is, what they may do, and that a server has ended."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from hub.trouble import Trouble

LONGEST_LOGIN = 90  # seconds: a guess after many wrong ones waits its turn


class ServiceSilent(Trouble):
    """The service does not answer."""

    def __init__(self) -> None:
        super().__init__("CampusHub cannot look you up right now. Try again in a minute; nothing is lost.")


async def ask(url: str, token: str, data: dict[str, Any] | None = None, **query: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one request (POST when there is data); raises ServiceSilent."""
    request = HTTPRequest(
        f"{url}?{urlencode(query)}" if query else url,
        method="GET" if data is None else "POST",
        body=None if data is None else json.dumps(data),
        headers={"Authorization": f"token {token}"},
        connect_timeout=5,
        request_timeout=LONGEST_LOGIN,
    )
    try:
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        found = json.loads(answer.body or b"{}")
    except (OSError, HTTPClientError, ValueError):
        raise ServiceSilent from None
    if answer.code >= 500:
        raise ServiceSilent
    return answer.code, found
