"""A campus' sign-in for the tests: Canaille, a real OpenID provider, with a few people in memory.

`python tests/identity_provider.py ADDRESS PORT REDIRECT_URI` serves until it is ended. Everybody's password is PASSWORD.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

RESULTS = Path(__file__).resolve().parent.parent / "test-results"
CLIENT, SECRET, PASSWORD = "campushub", "the secret of the tests", "correct horse battery"
# Sign-in name at the provider, e-mail address. Who of them is on a roster is the tests' business.
PEOPLE = {
    "carol": "carol@example.edu",
    "stranger": "stranger@example.org",
    "twin": "twins@example.edu",
}


@dataclass(frozen=True)
class Provider:
    """One that runs."""

    issuer: str


@contextmanager
def running(address: str, port: int, redirect: str) -> Iterator[Provider]:
    command = [sys.executable, __file__, address, str(port), redirect]
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}  # it is on this machine, without HTTPS
    with (RESULTS / "provider.log").open("wb") as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=environment)
    issuer = f"http://{address}:{port}"
    try:
        wait(f"{issuer}/.well-known/openid-configuration", process)
        yield Provider(issuer)
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        assert process.poll() is None, "it ended; test-results/provider.log says why"
        assert time.monotonic() < until, f"{url} does not answer"
        time.sleep(0.3)


def application(issuer: str, redirect: str) -> Any:
    """Canaille as a WSGI application."""
    from canaille import create_app
    from canaille.app import models
    from canaille.backends import Backend
    from canaille.oidc.jose import make_default_rsa_jwk

    app = create_app(
        {
            "SECRET_KEY": "of the tests",
            "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "SMTP": None},
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [make_default_rsa_jwk().as_dict(private=True)],
                "REQUIRE_NONCE": False,  # optional in the code flow (OpenID Connect Core 1.0, 3.1.2.1)
                "TRUSTED_DOMAINS": ["localhost"],
            },
        }
    )
    with app.app_context():
        for name, email in PEOPLE.items():
            Backend.instance.save(
                models.User(
                    user_name=name,
                    formatted_name=name.title(),
                    family_name=name.title(),
                    emails=[email],
                    password=PASSWORD,
                )
            )
        Backend.instance.save(
            models.Client(
                client_id=CLIENT,
                client_secret=SECRET,
                client_name="CampusHub",
                client_uri="https://localhost",
                client_id_issued_at=datetime.now(UTC),
                redirect_uris=[redirect],
                grant_types=["authorization_code"],
                response_types=["code"],
                scope=["openid", "profile", "email", "user:email"],
                token_endpoint_auth_method="client_secret_post",
            )
        )
    return app


if __name__ == "__main__":
    from werkzeug.serving import run_simple

    address, port, redirect = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    run_simple(address, port, application(f"http://{address}:{port}", redirect), threaded=True)
