"""Who a provider says somebody is, and when its word is not enough."""

from __future__ import annotations

from typing import Any

import pytest

from hub.claims import Claim, Unclear, claim_of, github_email


@pytest.mark.parametrize(
    ("told", "kind", "value"),
    [
        ({"preferred_username": " Carol "}, "preferred_username", "carol"),
        ({"email": "Carol@Example.edu", "email_verified": True}, "email", "carol@example.edu"),
        ({"email": "carol@example.edu"}, "email", "carol@example.edu"),
        ({"email": "carol@example.edu", "verified_email": True}, "email", "carol@example.edu"),
        ({"id": 4711}, "id", "4711"),
    ],
)
def test_claim_is_what_the_provider_says(told: dict[str, Any], kind: str, value: str) -> None:
    assert claim_of(told, kind, "Campus") == Claim(kind, value)


@pytest.mark.parametrize("told", [{}, {"email": ""}, {"email": None}, {"email": ["a@b"]}, {"email": True}])
def test_claim_that_is_not_there_is_said(told: dict[str, Any]) -> None:
    with pytest.raises(Unclear, match="Campus did not say your 'email'"):
        claim_of(told, "email", "Campus")


@pytest.mark.parametrize("field", ["email_verified", "verified_email"])
@pytest.mark.parametrize("value", [False, "false"])
def test_address_that_is_not_confirmed_matches_nobody(field: str, value: object) -> None:
    with pytest.raises(Unclear, match="is not confirmed at Campus"):
        claim_of({"email": "carol@example.edu", field: value}, "email", "Campus")


def test_github_answers_for_confirmed_addresses_only() -> None:
    unconfirmed = {"email": "a@b.edu", "primary": True, "verified": False}
    other = {"email": "c@d.edu", "primary": False, "verified": True}
    confirmed = {"email": "e@f.edu", "primary": True, "verified": True}
    assert github_email({"email": "public@b.edu"}, []) == "public@b.edu"
    assert github_email({"email": None}, [unconfirmed, other]) is None
    assert github_email({"email": None}, [other, confirmed]) == "e@f.edu"
