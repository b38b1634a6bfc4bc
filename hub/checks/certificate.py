"""The domain's certificate as browsers meet it: what the front really serves, and whether it can go on serving it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from hub import certificates, provision
from hub.checks import UP, Examined, Finding
from hub.settings import Settings
from hub.trouble import Trouble

SOON = timedelta(days=21)


def served(examined: Examined) -> Iterator[Finding]:
    settings, domain = examined.settings, examined.settings.domain
    if domain is None:
        return
    seen = f"TLS to 127.0.0.1:{settings.https.port} under the name {domain}"
    found = certificates.served(domain, settings.https.port)
    if found is None:
        yield Finding(
            f"Nothing answers with a certificate under {settings.url}, so nobody can sign in.",
            seen,
            f"`{UP}`; `sudo ./campushub logs front` says more",
        )
    elif why := certificates.problem(found, domain, examined.now):
        yield Finding(f"Browsers refuse the certificate: {why}.", seen, _renew(settings))
    elif why := _distrust(settings, domain):
        yield Finding(f"Browsers do not trust the certificate: {why}.", seen, _complete(settings))
    if (files := provision.certificate_files(settings, examined.config)) is not None:
        yield from _files(examined, domain, files, found)


def _files(
    examined: Examined, domain: str, files: tuple[Path, Path], found: certificates.Certificate | None
) -> Iterator[Finding]:
    """What is wrong with the files of the settings; the hub's own authority renews what it serves by itself."""
    settings, certificate = examined.settings, files[0]
    if not certificate.is_relative_to(settings.folders.front):
        yield from _pair(examined, domain, files, found)
        return
    yield Finding(
        f"The certificate's file {settings.https.certificate_file} is gone; the hub's own copy serves, and ends some day.",
        f"it is not there; {certificate} is",
        f"{_renew(settings)}, or name another `https.certificate_file` in config/hub.yaml",
    )


def _pair(
    examined: Examined, domain: str, files: tuple[Path, Path], found: certificates.Certificate | None
) -> Iterator[Finding]:
    certificate = files[0]
    try:
        certificates.need_good(*files, domain, examined.now)
    except Trouble as trouble:
        yield Finding("The next `up` will refuse the certificate's files.", str(trouble), _renew(examined.settings))
        return
    kept = certificates.of_file(certificate)
    if kept.ends - examined.now < SOON:
        wrong = f"The certificate ends on {kept.ends:%-d %B %Y}, in {(kept.ends - examined.now).days} days."
        yield Finding(wrong, str(certificate), _renew(examined.settings))
    elif found is not None and found != kept:
        yield Finding("The front serves an earlier certificate than the file has.", str(certificate), f"`{UP}`")


def _distrust(settings: Settings, domain: str) -> str:
    """Why a program that trusts this machine's authorities, or the hub's own, would not go on; empty when it would."""
    own = settings.https.certificate_file is None
    try:
        context = ssl.create_default_context(cafile=str(settings.folders.authority) if own else None)
        with (
            socket.create_connection(("127.0.0.1", settings.https.port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=domain),
        ):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError as error:
        return str(error)


def _renew(settings: Settings) -> str:
    if settings.https.certificate_file is None:
        return f"`sudo docker restart {settings.name}-front`, which has its own authority make a new one"
    return f"Put renewed files in the place of {settings.https.certificate_file} and its key, then `{UP}`"


def _complete(settings: Settings) -> str:
    if settings.https.certificate_file is None:
        return f"`sudo docker restart {settings.name}-front`"
    return (
        f"Put the certificates that lead to its root below it into {settings.https.certificate_file} (fullchain.pem, not "
        f"cert.pem), then `{UP}`. If its root is the campus' own: into /usr/local/share/ca-certificates, then "
        "`sudo update-ca-certificates`"
    )
