"""A server far away: the program and its settings are brought there by Ansible over SSH, and `up` is run there.

What `up` does is the same on every machine; nothing here knows more of a server than its line in the inventory.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from hub import certificates, images, provision
from hub.settings import Settings
from hub.settings_file import load
from hub.trouble import Trouble

Report = Callable[[str], None]

PROGRAM = (
    "campushub",
    "jupyterhub_config.py",
    "LICENSE",
    "README.md",
    "ansible",
    "config/examples",
    "docs",
    "hub",
    "images",
)
LEFT_OUT = {"__pycache__", "pictures"}


def up(root: Path, config: Path, inventory: Path, *, report: Report) -> None:
    """Install or update the servers of an inventory; raises SettingsInvalid or Trouble before anything is changed."""
    settings = load(config, images=images.course_images(root))
    hosts = _hosts(inventory)
    files = list(_named_files(settings, config))
    _need_certificate(settings, config)
    report(f"bringing CampusHub to {', '.join(hosts)} …")
    with TemporaryDirectory(prefix="campushub-remote-") as scratch:
        archive = Path(scratch) / "program.tar"
        given: dict[str, Any] = {
            "program_archive": str(archive),
            "program_content": pack(root, archive),
            "program_settings": str(config.resolve()),
            "program_files": files,
        }
        provision.play(root, "remote.yml", given, inventory.resolve())
    report("")
    report(f"CampusHub is up on {', '.join(hosts)}: {settings.url}/")
    report("On the server `sudo campushub status` and every other command work as they do here.")


def pack(root: Path, archive: Path) -> str:
    """Write the program as a tar; the SHA-256 of its names and contents."""
    digest = hashlib.sha256()
    with tarfile.open(archive, "w") as packed:
        for path in program_files(root):
            name = str(path.relative_to(root))
            digest.update(f"{name}\0{path.stat().st_mode & 0o111}\0".encode() + path.read_bytes())
            packed.add(path, name)
    return digest.hexdigest()


def program_files(root: Path) -> Iterator[Path]:
    """Every file that a server needs of the checkout, in order."""
    for name in (*PROGRAM, "config/hub.d"):
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and not LEFT_OUT & set(path.relative_to(root).parts):
                yield path


def _hosts(inventory: Path) -> list[str]:
    """The servers an inventory names; raises Trouble when it cannot be read or names none."""
    try:
        document = yaml.safe_load(inventory.read_text(encoding="utf-8"))
    except OSError as error:
        raise Trouble(f"the inventory {inventory} cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Trouble(f"the inventory {inventory} is not YAML; docs/howto/administrator.md shows one") from None
    hosts = sorted(set(_names(document)))
    if not hosts:
        raise Trouble(f"the inventory {inventory} names no server; docs/howto/administrator.md shows one")
    return hosts


def _names(group: Any) -> Iterator[str]:
    if not isinstance(group, dict):
        return
    for key, value in group.items():
        if key == "hosts" and isinstance(value, dict):
            yield from map(str, value)
        else:
            yield from _names(value)


def _named_files(settings: Settings, config: Path) -> Iterator[dict[str, str]]:
    """Files that the settings name relative to their folder; absolute paths are the server's own."""
    login = settings.login.client_secret_file if settings.login.method != "accounts" else None
    https, toolkit = settings.https, settings.gpus.toolkit
    keys = (toolkit.key_file, toolkit.docker_key_file)
    for path in (https.certificate_file, https.key_file, login, *keys):
        if path is None or path.is_absolute():
            continue
        if ".." in path.parts:
            raise Trouble(f"{path} leads out of the settings' folder; put the file below it")
        here = provision.beside(config, path)
        if here is None or not here.is_file():
            raise Trouble(f"{here} is not there; the settings name it")
        yield {"src": str(here), "dest": str(path)}


def _need_certificate(settings: Settings, config: Path) -> None:
    """Look at a certificate that is here; one by an absolute path may be the server's alone."""
    files = provision.certificate_files(settings, config)
    if files is not None and settings.domain is not None and all(path.is_file() for path in files):
        certificates.need_good(*files, settings.domain, datetime.now(UTC))
