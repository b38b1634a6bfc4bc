"""Signing in by a provider: oauthenticator's classes, asked by our own rule who on the roster it is.

The provider's own authenticator stands beside the hub's; a person it names is looked up by the service, and who is on no
roster gets a sentence. Nothing the provider says is kept.
"""

from __future__ import annotations

from typing import Any

from jupyterhub.auth import Authenticator
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from oauthenticator.google import GoogleOAuthenticator
from oauthenticator.oauth2 import OAuthCallbackHandler, OAuthLoginHandler
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError
from traitlets import Unicode

from hub.claims import Claim, Unclear, claim_of, github_email
from hub.service_client import ServiceSilent, ask

SILENT = "{} does not answer right now. Try again in a minute; nothing is lost."
BEGIN_AGAIN = "This sign-in took too long, or was begun in another window. Sign in again."


class ByClaim(Authenticator):  # type: ignore[misc]  # JupyterHub's class has no types
    """What every provider here has in common; comes before oauthenticator's class of the provider."""

    claim = Unicode(help="what of the provider's word matches the roster").tag(config=True)
    issuer = Unicode(help="address of an OpenID Connect provider").tag(config=True)
    service = Unicode(help="address of the service's API").tag(config=True)
    token = Unicode(help="the hub's token for the service").tag(config=True)

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:  # noqa: ARG002 (oauthenticator's signature)
        return "somebody"  # until `update_auth_model` knows

    async def update_auth_model(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Put the person of the roster into the model; raises HTTPError with a sentence."""
        try:
            claim = claim_of(await self.told(auth_model), self.claim, self.login_service)
        except Unclear as unclear:
            raise HTTPError(403, str(unclear)) from None
        return {**auth_model, "name": await self._person(claim)}

    async def told(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        """What the provider said of the person."""
        found: dict[str, Any] = auth_model["auth_state"][self.user_auth_state_key]
        return found

    async def _person(self, claim: Claim) -> str:
        asked = {"kind": claim.kind, "value": claim.value}
        try:
            status, told = await ask(f"{self.service}/sign-in", self.token, asked)
        except ServiceSilent as silent:
            raise HTTPError(503, str(silent)) from None
        if status != 200:
            raise HTTPError(403, str(told.get("error")))
        return str(told["name"])

    async def check_allowed(self, username: str, auth_model: dict[str, Any]) -> bool:  # noqa: ARG002 (the same)
        return True  # the service has said so

    async def discover(self) -> None:
        """Learn the provider's addresses, where they are not known; raises HTTPError with a sentence."""

    async def fetch(self, *request: Any, **more: Any) -> Any:
        try:
            return await super().fetch(*request, **more)
        except (HTTPClientError, OSError):
            raise HTTPError(503, SILENT.format(self.login_service)) from None


class ByOidc(ByClaim, GenericOAuthenticator):  # type: ignore[misc]
    """Any OpenID Connect provider, whose addresses are found by its issuer (OpenID Connect Discovery 1.0, section 4)."""

    known: bool = False

    async def discover(self) -> None:
        if self.known:
            return
        found = await self.httpfetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", method="GET")
        if found.get("issuer", "").rstrip("/") != self.issuer.rstrip("/"):
            raise HTTPError(503, f"The provider calls itself '{found.get('issuer')}', not '{self.issuer}'.")
        self.token_url, self.userdata_url = found["token_endpoint"], found["userinfo_endpoint"]
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        self.basic_auth = "client_secret_post" not in methods
        self.authorize_url, self.known = found["authorization_endpoint"], True


class ByGitHub(ByClaim, GitHubOAuthenticator):  # type: ignore[misc]
    """GitHub or a GitHub Enterprise Server."""

    async def told(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        found = await super().told(auth_model)
        if self.claim != "email" or found.get("email"):
            return found
        tokens = auth_model["auth_state"]["token_response"]
        headers = self.build_userdata_request_headers(tokens["access_token"], tokens["token_type"])
        listed = await self.httpfetch(f"{self.github_api}/user/emails", method="GET", headers=headers)
        return {**found, "email": github_email(found, listed)}


class ByGoogle(ByClaim, GoogleOAuthenticator):  # type: ignore[misc]
    """Google accounts."""


PROVIDERS = {"oidc": ByOidc, "github": ByGitHub, "google": ByGoogle}
SCOPES = {"oidc": ["openid", "profile", "email"], "github": ["user:email"], "google": ["openid", "email", "profile"]}


def handlers(provider: ByClaim) -> list[Any]:
    """The two addresses of a sign-in by this provider."""

    class Begin(OAuthLoginHandler):  # type: ignore[misc]
        authenticator = provider

        async def get(self) -> None:
            await provider.discover()
            super().get()

    class Come(OAuthCallbackHandler):  # type: ignore[misc]
        authenticator = provider

        def check_arguments(self) -> None:
            if self.get_argument("error", ""):
                raise HTTPError(
                    403, f"{provider.login_service} did not let you in. Sign in again, or ask your instructor."
                )
            try:
                super().check_arguments()
            except HTTPError:
                raise HTTPError(400, BEGIN_AGAIN) from None

        async def get(self) -> None:
            await provider.discover()
            await super().get()

    return [("/oauth_login", Begin), ("/oauth_callback", Come)]
