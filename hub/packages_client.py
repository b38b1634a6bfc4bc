"""How the command asks the package mirror whether it is well: from this machine, at its address on the core network."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests

from hub.package_settings import PACKAGES_PORT
from hub.settings import Settings


def state(settings: Settings) -> dict[str, Any]:
    """What the mirror tells about itself; empty when it does not answer."""
    address = f"http://{settings.core_address('packages')}:{PACKAGES_PORT}/state"
    try:
        with requests.Session() as http:
            http.trust_env = False  # no proxy of this machine leads there
            told: dict[str, Any] = http.get(address, timeout=5).json()
    except (requests.RequestException, ValueError):
        return {}
    return told


def cut_off(settings: Settings) -> str:
    """What is to be known of a mirror that does not reach its upstream; nothing when it does."""
    if not (why := state(settings).get("why_away")):
        return ""
    host = urlsplit(settings.package_mirror.upstream).hostname
    return (
        f"The package mirror cannot reach {host} ({why}). `pip install` goes on with what has been kept; what nobody "
        "installed before has to wait. Look at this machine's way to the internet."
    )
