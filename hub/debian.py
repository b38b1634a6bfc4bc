"""The root of every image: Debian 12, made from the Debian mirror that this machine itself uses.

No container registry is asked: a campus machine may reach none, and mmdebstrap needs 14 s (measured).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from hub.adapters.engine import Engine
from hub.trouble import Trouble

SUITE = "bookworm"
PACKAGES = "ca-certificates,git,python3,python3-venv,tzdata"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
DEFAULT_SECURITY = "http://deb.debian.org/debian-security"
SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
ROOM = 400_000_000  # bytes; the root file system has 260 MB, and the one that was kept stays until it is there
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


def bootstrap(engine: Engine, tag: str, house: Path, *, report: Callable[[str], None]) -> None:
    """Make the image; raises Trouble when the mirror does not answer and nothing was kept.

    What was fetched is kept in `house`, and taken when the mirror does not answer. Authorities of this machine's own do not
    go in: the parts that speak to others see the machine's list.
    """
    house.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(house).free < ROOM:  # mmdebstrap would not say what was wrong
        raise Trouble(f"No space left on device: {ROOM / 1e6:.0f} MB are needed in {house}")
    kept = house / f"root-{tag.rpartition(':')[2]}.tar"
    try:
        fetched = _fetch(kept.with_suffix(".part"))
    except Trouble:
        if not kept.exists():
            raise
        when = datetime.fromtimestamp(kept.stat().st_mtime, UTC)
        report(f"  Debian could not be fetched; what was kept on {when:%Y-%m-%d} is taken")
    else:
        for old in house.glob("root-*.tar"):
            old.unlink()
        fetched.rename(kept)
    engine.load_root(kept, tag, ENVIRONMENT)


def _fetch(archive: Path) -> Path:
    """The root file system as a tar; raises Trouble when the mirror does not answer."""
    mirror, security = mirrors(apt_sources())
    repositories = [
        f"deb {mirror} {SUITE} main",
        f"deb {mirror} {SUITE}-updates main",
        f"deb {security} {SUITE}-security main",
    ]
    command = [
        *("mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", f"--include={PACKAGES}"),
        '--customize-hook=find "$1" -xdev -type f -perm /6000 -exec chmod a-s {} +',
        '--customize-hook=rm -rf "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/* "$1"/usr/share/doc/*',
        *(SUITE, str(archive), *repositories),
    ]
    code, told = _run_apart(command)
    if code:
        archive.unlink(missing_ok=True)
        said = "\n  ".join(line for line in told.splitlines()[-6:] if line.strip())
        raise Trouble(
            f"Debian could not be fetched from {mirror}. It says:\n  {said}\nCheck that `apt update` works here."
        )
    return archive


def _run_apart(command: list[str]) -> tuple[int, str]:
    """Exit code and complaints of a program in a process group of its own.

    mmdebstrap hangs up on its whole group when it fails, which would end this command, and the shell that it was typed in,
    before a word is said.
    """
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0
    ) as program:
        try:
            told = program.communicate()[1]
        except BaseException:  # Ctrl-C does not reach another group
            program.terminate()
            raise
    return program.returncode, told


def apt_sources() -> str:
    files = [path for place in SOURCES for path in ([place] if place.is_file() else sorted(place.glob("*")))]
    return "\n\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
