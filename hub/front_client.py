"""How the command speaks to the service that runs: through the front's door on this machine, with the command's token."""

from __future__ import annotations

from typing import Any

import requests

from hub.secrets import Secrets
from hub.settings import Settings
from hub.trouble import Trouble

PATIENCE = 300  # seconds: a large roster hashes a password a person


def url(settings: Settings) -> str:
    """The address at which the front answers the command; people's is `settings.url`."""
    return f"http://127.0.0.1:{settings.port}"


def post(settings: Settings, path: str, data: dict[str, Any]) -> dict[str, Any]:
    """The service's answer to a request; raises Trouble with its sentence when it refuses or does not answer."""
    return _ask(settings, "POST", path, data)


def get(settings: Settings, path: str) -> dict[str, Any]:
    """What the service tells; raises Trouble as `post` does."""
    return _ask(settings, "GET", path, None)


def _ask(settings: Settings, method: str, path: str, data: dict[str, Any] | None) -> dict[str, Any]:
    token = Secrets(settings.folders.secrets).read("command")
    headers = {"Authorization": f"token {token}"}
    address = f"{url(settings)}/courses/api/{path}"
    try:
        answer = requests.request(method, address, json=data, headers=headers, timeout=PATIENCE)
        told: dict[str, Any] = answer.json() if answer.content else {}
    except (requests.RequestException, ValueError):
        raise Trouble("the service does not answer; `campushub status` says what runs") from None
    if not answer.ok:
        raise Trouble(told.get("error") or f"the service refused this with status {answer.status_code}")
    return told


def answers(settings: Settings, path: str) -> bool:
    """Whether a page of this hub is there now."""
    try:
        return requests.get(f"{url(settings)}{path}", timeout=5, allow_redirects=False).ok
    except requests.RequestException:
        return False


def health(settings: Settings) -> dict[str, Any]:
    """What the service tells about itself and the grader; empty when it does not answer."""
    try:
        told: dict[str, Any] = requests.get(f"{url(settings)}/courses/api/health", timeout=5).json()
    except (requests.RequestException, ValueError):
        return {}
    return told
