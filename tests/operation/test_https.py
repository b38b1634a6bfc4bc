"""The domain: HTTPS verified against the hub's own authority or a certificate from files, and nothing in clear."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest
import requests

from tests.instance import OWN_PASSWORD, Instance, Person


def test_certificate_is_trusted_by_who_has_the_root_and_by_nobody_else(instance: Instance, tmp_path: Path) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(instance.url, timeout=10)
    handed_out = requests.get(f"http://localhost:{instance.redirect_port}/front/authority.crt", timeout=10)
    root = tmp_path / "root.crt"
    root.write_bytes(handed_out.content)
    assert requests.get(instance.url, timeout=10, verify=str(root)).ok
    assert "BEGIN CERTIFICATE" in handed_out.text
    assert "PRIVATE" not in handed_out.text


def test_only_a_redirect_answers_without_https(instance: Instance) -> None:
    for base in (f"http://localhost:{instance.redirect_port}", instance.door):
        answer = requests.get(f"{base}/hub/login?next=x", timeout=10, allow_redirects=False)
        assert answer.is_redirect
        assert answer.headers["Location"] == f"{instance.url}/hub/login?next=x"
    answer = requests.get(
        f"http://localhost:{instance.redirect_port}/courses/api/health", timeout=10, allow_redirects=False
    )
    assert answer.is_redirect


def test_door_without_https_is_for_this_machine_alone(instance: Instance) -> None:
    address = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()[0]
    for port, open_to_others in ((instance.https_port, True), (instance.port, False)):
        with socket.socket() as other:
            other.settimeout(2)
            assert (other.connect_ex((address, port)) == 0) is open_to_others


def test_cookies_go_through_https_only(instance: Instance) -> None:
    person = Person(instance, "outsider")
    instance.person("outsider")
    assert person.sign_in(OWN_PASSWORD).url.endswith("/courses/")
    assert len(person.http.cookies) > 3
    assert [cookie.name for cookie in person.http.cookies if not cookie.secure] == []


def test_hub_sees_the_address_that_people_come_from(instance: Instance) -> None:
    """Wrong guesses are counted by it; a header that somebody sends of their own does not change it."""
    person = Person(instance, "outsider")
    person.http.headers["X-Forwarded-For"] = "203.0.113.7"
    person.sign_in("wrong")
    said = instance.command("logs", "hub", "--lines=50").stdout
    assert "203.0.113.7" not in said
