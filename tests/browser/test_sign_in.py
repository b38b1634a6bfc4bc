"""Signing in by the campus: a real OpenID provider, and GitHub's and Google's classes pointed at it; the hub's own accounts beside."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import Browser, expect

from tests import identity_provider
from tests.browser.conftest import Visit
from tests.instance import OWN_PASSWORD, Instance, free_port

ROSTER = """\
name,full_name,email,role,section
carol,Carol Campus,Carol@example.edu,student,
twin-one,Tim Twin,twins@example.edu,student,
twin-two,Tom Twin,twins@example.edu,student,
"""
POINTED = """
c.{name}.authorize_url = "{issuer}/oauth/authorize"
c.{name}.token_url = "{issuer}/oauth/token"
c.{name}.userdata_url = "{issuer}/oauth/userinfo"
c.OAuthenticator.scope = ["openid", "profile", "email"]
"""


@pytest.fixture(scope="module")
def provider(instance: Instance) -> Iterator[identity_provider.Provider]:
    """The campus' provider, which the settings name; afterwards the settings are as they were."""
    address, port = f"{instance.core}.1", free_port()
    before = instance.config.read_text(encoding="utf-8")
    with identity_provider.running(address, port, f"{instance.url}/hub/oauth_callback") as found:
        (instance.config.parent / "secret-of-the-campus").write_text(identity_provider.SECRET + "\n", encoding="utf-8")
        instance.config.write_text(before + login("oidc", found.issuer), encoding="utf-8")
        try:
            enrol(instance)
            yield found
        finally:
            instance.config.write_text(before, encoding="utf-8")
            instance.command("up")


def enrol(instance: Instance) -> None:
    """Take the settings up, and put people on a roster whom the provider knows."""
    roster = instance.config.parent / "campus.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    passwords = set((instance.data / "first-passwords").iterdir())
    instance.command("up")
    instance.command("roster", "import", "second", str(roster))
    assert set((instance.data / "first-passwords").iterdir()) == passwords, "nobody needs a password of the hub"


def login(method: str, issuer: str) -> str:
    return yaml.safe_dump(
        {
            "login": {
                "method": method,
                "title": "Example University",
                "client_id": identity_provider.CLIENT,
                "client_secret_file": "secret-of-the-campus",
                "claim": "email",
                **({"issuer": issuer} if method == "oidc" else {}),
            }
        }
    )


@pytest.fixture
def anybody(browser: Browser, instance: Instance, provider: identity_provider.Provider) -> Iterator[Visit]:
    """Somebody at a browser who has not signed in."""
    visit = Visit(browser, instance, "campus")
    visit.also = (provider.issuer,)
    yield visit
    visit.close()


def sign_in_at_the_campus(visit: Visit, name: str) -> None:
    page = visit.page
    page.goto(visit.instance.url)
    visit.shot("two-ways", ours=True)
    page.get_by_role("link", name="Sign in with Example University").click()
    page.locator("input[name=login]").fill(name)
    page.locator("form [type=submit]").last.click()
    page.locator("input[name=password]").fill(identity_provider.PASSWORD)
    page.locator("form [type=submit]").last.click()
    page.wait_for_url(re.compile(re.escape(visit.instance.url) + "/.*"))


def test_person_of_the_roster_comes_in_by_the_campus_and_starts_a_server(anybody: Visit) -> None:
    sign_in_at_the_campus(anybody, "carol")
    expect(anybody.page.get_by_role("heading", name="A second course")).to_be_visible()
    anybody.shot("courses", ours=True)
    anybody.page.get_by_role("link", name="Open A second course").click()
    expect(anybody.page.locator(".campushub-panel")).to_be_visible(timeout=90_000)


def test_person_on_no_roster_reads_a_sentence(anybody: Visit) -> None:
    sign_in_at_the_campus(anybody, "stranger")
    expect(anybody.page.get_by_role("alert")).to_contain_text(
        "'stranger@example.org' is on no roster. Ask your instructor"
    )
    anybody.shot("on-no-roster", ours=True)
    anybody.open("/courses/")
    expect(anybody.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_address_of_two_people_lets_neither_in(anybody: Visit) -> None:
    sign_in_at_the_campus(anybody, "twin")
    expect(anybody.page.get_by_role("alert")).to_contain_text("More than one person on the rosters")


def test_accounts_of_the_hub_stay(anybody: Visit, instance: Instance) -> None:
    instance.person("outsider")
    anybody.name = "outsider"
    anybody.page.goto(instance.url)
    anybody.page.get_by_label("Name").fill("outsider")
    anybody.page.get_by_label("Password").fill(OWN_PASSWORD)
    anybody.page.get_by_role("button", name="Sign in").click()
    anybody.page.wait_for_url("**/courses/")


def test_answer_that_nobody_asked_for_is_refused(anybody: Visit) -> None:
    anybody.open("/hub/oauth_callback?code=stolen&state=forged")
    expect(anybody.page.get_by_role("alert")).to_contain_text("begun in another window")
    anybody.open("/hub/oauth_callback?error=access_denied")
    expect(anybody.page.get_by_role("alert")).to_contain_text("did not let you in")


@pytest.mark.parametrize("method", ["github", "google"])
def test_other_providers_let_the_same_person_in(
    anybody: Visit, instance: Instance, provider: identity_provider.Provider, method: str
) -> None:
    name = {"github": "GitHubOAuthenticator", "google": "GoogleOAuthenticator"}[method]
    config, addition = instance.data / "config" / "hub.yaml", instance.data / "config" / "hub.d" / "pointed.py"
    before = config.read_text(encoding="utf-8")
    document = {**yaml.safe_load(before), **yaml.safe_load(login(method, provider.issuer))}
    try:
        config.write_text(yaml.safe_dump(document), encoding="utf-8")
        addition.write_text(POINTED.format(name=name, issuer=provider.issuer), encoding="utf-8")
        restart_hub(instance)
        sign_in_at_the_campus(anybody, "carol")
        expect(anybody.page.get_by_role("heading", name="A second course")).to_be_visible()
    finally:
        config.write_text(before, encoding="utf-8")
        addition.unlink()
        restart_hub(instance)


def test_provider_that_is_silent_keeps_nobody_out_who_has_an_account(anybody: Visit, instance: Instance) -> None:
    config = instance.data / "config" / "hub.yaml"
    before = config.read_text(encoding="utf-8")
    try:
        document = {**yaml.safe_load(before), **yaml.safe_load(login("oidc", "http://127.0.0.1:9"))}
        config.write_text(yaml.safe_dump(document), encoding="utf-8")
        restart_hub(instance)
        anybody.page.goto(instance.url)
        anybody.page.get_by_role("link", name="Sign in with Example University").click()
        expect(anybody.page.get_by_role("alert")).to_contain_text("Example University does not answer right now")
        anybody.shot("provider-silent", ours=True)
        test_accounts_of_the_hub_stay(anybody, instance)
    finally:
        config.write_text(before, encoding="utf-8")
        restart_hub(instance)


def restart_hub(instance: Instance) -> None:
    instance.part("hub").restart(timeout=5)
    until = time.monotonic() + 60
    while not instance.hub_answers():
        assert time.monotonic() < until
        time.sleep(0.3)
