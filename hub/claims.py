"""Who a sign-in provider says somebody is, as the roster can match it. Pure: a provider's word in, a claim or why not out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Unclear(Exception):
    """A provider's word that matches nobody safely; its text tells the person what to do."""


@dataclass(frozen=True)
class Claim:
    """One value that the provider answers for: `email` is matched by the roster's e-mails, anything else by its names."""

    kind: str
    value: str


def claim_of(told: Mapping[str, Any], kind: str, provider: str) -> Claim:
    """The claim of this kind in what a provider told; raises Unclear.

    An e-mail address that the provider calls unverified could be anybody's. OpenID Connect names the field
    `email_verified` (Core 1.0, 5.1), Google's older interface `verified_email`; a campus' own provider may leave it out,
    Google and GitHub may not.
    """
    value = told.get(kind)
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        raise Unclear(f"{provider} did not say your '{kind}', by which your course knows you. Tell your instructor.")
    if kind == "email":
        verified = told.get("email_verified", told.get("verified_email"))
        if verified is False or str(verified).lower() == "false":
            raise Unclear(f"Your e-mail address is not confirmed at {provider}. Confirm it there, then sign in again.")
    return Claim(kind, str(value).strip().lower())


def github_email(told: Mapping[str, Any], listed: list[dict[str, Any]]) -> str | None:
    """The address GitHub answers for: the public one, which it lets be a confirmed one only, or the primary if confirmed.

    Source: GitHub's REST documentation of `/user` and `/user/emails`.
    """
    public = told.get("email")
    primary = (one.get("email") for one in listed if one.get("primary") and one.get("verified"))
    return str(public) if public else next(primary, None)
