"""Signing in: the hub passes name and password to the service, which keeps the accounts and slows wrong guesses.

A provider's sign-in (`hub.signin`) may stand beside it.
"""

from __future__ import annotations

import secrets
from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Unicode

from hub import end_notes, signin
from hub.service_client import ServiceSilent, ask

KNOWN, KNOWN_DAYS = "campushub-known-browser", 180


class CampusAuthenticator(Authenticator):  # type: ignore[misc]  # JupyterHub's class has no types
    """Names and passwords of the service's accounts."""

    service = Unicode(help="address of the service's API").tag(config=True)
    token = Unicode(help="the hub's token for the service").tag(config=True)
    provider = Unicode(help="the sign-in that stands beside the hub's own: oidc, github, google, or none").tag(
        config=True
    )

    def get_handlers(self, app: Any) -> list[Any]:
        """JupyterHub's own addresses of a sign-in, the provider's, and the one that notes who ends a server."""
        own: list[Any] = [*super().get_handlers(app), *end_notes.handlers()]
        return own + (signin.handlers(signin.PROVIDERS[self.provider](parent=app)) if self.provider else [])

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The person's name, or None; raises HTTPError with a sentence when it cannot be decided now."""
        name = data.get("username", "")
        asked = {"name": name, "password": data.get("password", ""), "address": guessed_from(handler, name)}
        try:
            status, told = await ask(f"{self.service}/login", self.token, asked)
        except ServiceSilent as silent:
            raise HTTPError(503, str(silent)) from None
        if status == 429:
            raise HTTPError(429, told["error"])
        if status != 200:
            return None
        remember(handler, told["name"])
        return str(told["name"])


def guessed_from(handler: Any, name: str) -> str:
    """Where a guess comes from: the browser if this person has signed in with it before, otherwise the address.

    So a stranger at the same address (a hostel has one for all) cannot hold up somebody in their own browser.
    """
    known, _, browser = (handler.get_signed_cookie(KNOWN, max_age_days=KNOWN_DAYS) or b"").decode().partition(" ")
    return f"browser {browser}" if browser and known == name.strip().lower() else str(handler.request.remote_ip)


def remember(handler: Any, name: str) -> None:
    """Leave in a browser that this person signed in with it; worth nothing without their password."""
    secure, value = handler.request.protocol == "https", f"{name} {secrets.token_hex(8)}"
    handler.set_signed_cookie(
        KNOWN, value, expires_days=KNOWN_DAYS, path="/hub/login", httponly=True, samesite="Lax", secure=secure
    )
