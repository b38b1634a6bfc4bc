"""The root of every image: Debian 12, made from the Debian mirror that this machine itself uses.

No container registry is asked: a campus machine may reach none, and mmdebstrap needs 14 s (measured).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.adapters.engine import Engine
from hub.trouble import Trouble

SUITE = "bookworm"
PACKAGES = "ca-certificates,git,python3,python3-venv,tzdata"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
DEFAULT_SECURITY = "http://deb.debian.org/debian-security"
SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
ENVIRONMENT = (
    "ENV LANG=C.UTF-8",
    # Python's HTTP libraries bring authorities of their own; these name the system's, which a campus may add to.
    f"ENV SSL_CERT_FILE={AUTHORITIES}",
    f"ENV REQUESTS_CA_BUNDLE={AUTHORITIES}",
)


def mirrors(sources: str) -> tuple[str, str]:
    """The Debian mirror and the security mirror named in apt's sources, or Debian's own."""
    main = [uri.rstrip("/") for uri, components in _entries(sources) if "main" in components.split()]
    security = [uri for uri in main if "debian" in uri and "security" in uri]
    plain = [uri for uri in main if "security" not in uri and uri.endswith("debian")]
    return (plain or [DEFAULT_MIRROR])[0], (security or [DEFAULT_SECURITY])[0]


def _entries(sources: str) -> Iterator[tuple[str, str]]:
    """Address and components of every repository in apt's sources, in either of its two formats (sources.list(5))."""
    yield from re.findall(r"^deb\s+(?:\[[^]]*\]\s+)?(https?://\S+)[ \t]+\S+[ \t]+(\S.*)$", sources, flags=re.MULTILINE)
    for stanza in re.split(r"\n\s*\n", sources):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, flags=re.MULTILINE))
        if fields.get("Enabled") != "no":
            for uri in fields.get("URIs", "").split():
                if uri.startswith(("http://", "https://")):
                    yield uri, fields.get("Components", "")


def bootstrap(engine: Engine, tag: str) -> None:
    """Make the image; raises Trouble when the mirror does not answer.

    Authorities of this machine's own do not go in: the parts that speak to others see the machine's list.
    """
    mirror, security = mirrors(apt_sources())
    lines = [
        f"deb {mirror} {SUITE} main",
        f"deb {mirror} {SUITE}-updates main",
        f"deb {security} {SUITE}-security main",
    ]
    with TemporaryDirectory(prefix="campushub-debian-") as scratch:
        archive = Path(scratch) / "root.tar"
        command = [
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}"),
            '--customize-hook=find "$1" -xdev -type f -perm /6000 -exec chmod a-s {} +',
            '--customize-hook=rm -rf "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/* "$1"/usr/share/doc/*',
            *(SUITE, str(archive), *lines),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = "\n  ".join(line for line in done.stderr.splitlines()[-6:] if line.strip())
            raise Trouble(
                f"Debian could not be fetched from {mirror}. It says:\n  {said}\nCheck that `apt update` works here."
            )
        engine.load_root(archive, tag, ENVIRONMENT)


def apt_sources() -> str:
    files = [path for place in SOURCES for path in ([place] if place.is_file() else sorted(place.glob("*")))]
    return "\n\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
