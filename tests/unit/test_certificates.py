"""Which certificate files can serve a domain, and what is said of those that cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.certificates import need_good
from hub.trouble import Trouble

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def write(folder: Path, name: str, *, begins: int = -1, ends: int = 90, now: datetime = NOW) -> tuple[Path, Path]:
    """A self-signed certificate for a name and its key; begins and ends in days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name.replace('*', 'all')}.pem", folder / f"{name.replace('*', 'all')}.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@pytest.mark.parametrize("name", ["hub.example.edu", "*.example.edu"])
def test_certificate_for_the_domain_is_taken(tmp_path: Path, name: str) -> None:
    need_good(*write(tmp_path, name), "hub.example.edu", NOW)


@pytest.mark.parametrize(
    ("name", "begins", "ends", "sentence"),
    [
        ("other.example.edu", -1, 90, "it is for other.example.edu, not for hub.example.edu"),
        ("*.edu", -1, 90, "not for hub.example.edu"),
        ("hub.example.edu", -90, -1, "it ended on 20 November 2026"),
        ("hub.example.edu", 1, 90, "it begins only on 22 November 2026"),
    ],
)
def test_certificate_that_browsers_would_refuse_is_refused(
    tmp_path: Path, name: str, begins: int, ends: int, sentence: str
) -> None:
    with pytest.raises(Trouble, match=sentence):
        need_good(*write(tmp_path, name, begins=begins, ends=ends), "hub.example.edu", NOW)


def test_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    certificate, _ = write(tmp_path, "hub.example.edu")
    _, key = write(tmp_path, "other.example.edu")
    with pytest.raises(Trouble, match="does not belong to"):
        need_good(certificate, key, "hub.example.edu", NOW)


def test_files_that_are_no_certificate_or_key_are_refused(tmp_path: Path) -> None:
    certificate, key = write(tmp_path, "hub.example.edu")
    with pytest.raises(Trouble, match="is not a certificate in PEM"):
        need_good(key, key, "hub.example.edu", NOW)
    with pytest.raises(Trouble, match="is not a private key in PEM"):
        need_good(certificate, certificate, "hub.example.edu", NOW)
    with pytest.raises(Trouble, match="cannot be read"):
        need_good(tmp_path / "none", key, "hub.example.edu", NOW)
