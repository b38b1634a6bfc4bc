"""Which mirror the images' Debian is fetched from, read out of this machine's own sources."""

from __future__ import annotations

import pytest

from hub.debian import DEFAULT_MIRROR, DEFAULT_SECURITY, mirrors

CAMPUS, CAMPUS_SECURITY = "http://mirror.example.edu/debian", "http://mirror.example.edu/debian-security"
LINES = f"""\
# deb http://old.example.edu/debian bookworm main
deb [signed-by=/usr/share/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable
deb-src http://source.example.edu/debian bookworm main
deb [arch=amd64 trusted=yes] {CAMPUS}/ bookworm main contrib
deb {CAMPUS_SECURITY} bookworm-security main
"""
STANZAS = f"""\
Types: deb
URIs: http://disabled.example.edu/debian
Suites: trixie
Components: main
Enabled: no

Types: deb
URIs: https://download.docker.com/linux/debian
Suites: trixie
Components: stable

Types: deb deb-src
URIs: {CAMPUS}
Suites: trixie trixie-updates
Components: main non-free-firmware

Types: deb
URIs: {CAMPUS_SECURITY}/
Suites: trixie-security
Components: main
"""


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        (LINES, (CAMPUS, CAMPUS_SECURITY)),
        (STANZAS, (CAMPUS, CAMPUS_SECURITY)),
        ("", (DEFAULT_MIRROR, DEFAULT_SECURITY)),
        ("deb cdrom:[Debian]/ bookworm main\n", (DEFAULT_MIRROR, DEFAULT_SECURITY)),
        (f"deb {CAMPUS} bookworm main\n", (CAMPUS, DEFAULT_SECURITY)),
    ],
)
def test_mirror_of_the_machine_is_used(sources: str, found: tuple[str, str]) -> None:
    assert mirrors(sources) == found
