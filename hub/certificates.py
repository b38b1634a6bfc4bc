"""The certificate under which the domain is served: whether a pair of files can be, and what the front really serves."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from hub.trouble import Trouble


@dataclass(frozen=True)
class Certificate:
    """What matters of one certificate: the DNS names it is for, from when and until when."""

    names: tuple[str, ...]
    begins: datetime
    ends: datetime

    def covers(self, domain: str) -> bool:
        """Whether it is for this name, by itself or by a wildcard in the place of its first part (RFC 6125, 6.4.3)."""
        return domain in self.names or f"*.{domain.partition('.')[2]}" in self.names


def read(certificate: x509.Certificate) -> Certificate:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(name.lower() for name in found.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    return Certificate(names, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def of_file(path: Path) -> Certificate:
    """The certificate in a file, its first where others follow; raises Trouble when there is none."""
    return read(_chain(path)[0])


def problem(certificate: Certificate, domain: str, now: datetime) -> str | None:
    """Why people's browsers would refuse it for this name now, or None."""
    if not certificate.covers(domain):
        return f"it is for {', '.join(certificate.names) or 'no name'}, not for {domain}"
    if now >= certificate.ends:
        return f"it ended on {certificate.ends:%-d %B %Y}"
    if now < certificate.begins:
        return f"it begins only on {certificate.begins:%-d %B %Y}"
    return None


def need_good(certificate_file: Path, key_file: Path, domain: str, now: datetime) -> None:
    """Raises Trouble when the two files cannot serve the domain."""
    chain = _chain(certificate_file)
    try:
        key = load_pem_private_key(_read(key_file), password=None)
    except (ValueError, TypeError):
        raise Trouble(f"{key_file} is not a private key in PEM without a password; nothing was changed.") from None
    if _public(chain[0].public_key()) != _public(key.public_key()):
        raise Trouble(f"the key in {key_file} does not belong to the certificate in {certificate_file}.")
    if why := problem(read(chain[0]), domain, now):
        raise Trouble(f"the certificate in {certificate_file} cannot be used: {why}. Put a good one there.")


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]


def _chain(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError:
        raise Trouble(f"{path} is not a certificate in PEM; nothing was changed.") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Trouble(f"{path} cannot be read ({error.strerror}); nothing was changed.") from None


def served(domain: str, port: int) -> Certificate | None:
    """The certificate that this machine serves under the domain now; none when nothing answers with one."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is looked at, nothing is sent
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=domain) as secured,
        ):
            found = secured.getpeercert(binary_form=True)
    except OSError:
        return None
    return read(x509.load_der_x509_certificate(found)) if found else None


def fingerprint(path: Path) -> str:
    """The SHA-256 fingerprint of a certificate, as browsers show it."""
    digest = _chain(path)[0].fingerprint(hashes.SHA256()).hex(":").upper()
    return str(digest)
