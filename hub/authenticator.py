"""Signing in: the hub passes name and password to the service, which keeps the accounts and slows wrong guesses."""

from __future__ import annotations

from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Unicode

from hub.service_client import ServiceSilent, ask


class CampusAuthenticator(Authenticator):  # type: ignore[misc]  # JupyterHub's class has no types
    """Names and passwords of the service's accounts."""

    service = Unicode(help="address of the service's API").tag(config=True)
    token = Unicode(help="the hub's token for the service").tag(config=True)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The person's name, or None; raises HTTPError with a sentence when it cannot be decided now."""
        asked = {
            "name": data.get("username", ""),
            "password": data.get("password", ""),
            "address": handler.request.remote_ip,
        }
        try:
            status, told = await ask(f"{self.service}/login", self.token, asked)
        except ServiceSilent as silent:
            raise HTTPError(503, str(silent)) from None
        if status == 429:
            raise HTTPError(429, told["error"])
        return str(told["name"]) if status == 200 else None
