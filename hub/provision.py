"""How Ansible is run: what it is told of the settings, and how many things it changed.

Ansible is the only thing that changes the machine (design.md, decision 8); this file hands it values, no decisions.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hub import collections, firewall, mirror
from hub.gpu_machine import FIRST_WITH_CDI, TOOLKIT_FLOOR
from hub.gpu_settings import Toolkit
from hub.package_settings import PACKAGES_PORT
from hub.secrets import WORDS
from hub.settings import CORE_PARTS, Settings, as_data, parts
from hub.trouble import Trouble

# What running parts read again by themselves; a change of the rest starts them anew.
READ_AGAIN = {"admins", "backup_days", "courses", "gpus", "limits", "package_mirror", "reserve", "submission_limit"}
MEGABYTE = 1024**2


def play(
    root: Path, playbook: str, variables: Mapping[str, Any], inventory: Path | None = None, *, check: bool = False
) -> int:
    """Run one playbook against this machine, or the servers of an inventory; how many things it changed.

    With `check` nothing is changed, and what would be is counted. Raises Trouble when it failed.
    """
    modules = collections.install(root / "ansible" / "collections.txt", root / ".venv" / "collections")
    with TemporaryDirectory(prefix="campushub-play-") as scratch:
        counts, given = Path(scratch) / "counts.json", Path(scratch) / "variables.json"
        given.write_text(json.dumps(variables), encoding="utf-8")
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(root / "ansible" / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(modules),
            "CAMPUSHUB_COUNTS": str(counts),
            "LC_ALL": "C.UTF-8",
        }
        program = Path(sys.executable).parent / "ansible-playbook"
        command = [
            str(program),
            *([f"--inventory={inventory}"] if inventory else ["--inventory=localhost,", "--connection=local"]),
            *(["--check"] if check else []),
            f"--extra-vars=@{given}",
            str(root / "ansible" / playbook),
        ]
        done = subprocess.run(command, env=environment, cwd=root / "ansible", check=False)
        if done.returncode or not counts.exists():
            raise Trouble(
                "The machine could not be made ready; the lines above say which step failed. "
                "Put that right and run the same command again: it goes on from there."
            )
        return int(json.loads(counts.read_text(encoding="utf-8"))["changed"])


def variables(settings: Settings, root: Path, config: Path) -> dict[str, Any]:
    """Everything the roles need, as plain values."""
    students, core = settings.network.students, settings.network.core
    return {
        "ansible_python_interpreter": sys.executable,
        "campushub_name": settings.name,
        "campushub_data": str(settings.data),
        "campushub_front": _front(settings, config),
        "campushub_sign_in_secret": str(sign_in_secret(settings, config) or ""),
        "campushub_root": str(root),
        "campushub_config": str(config.resolve()),
        "campushub_python": sys.executable,
        "campushub_secrets": list(WORDS),
        "campushub_bridge": firewall.bridge(settings),
        "campushub_students": {
            "subnet": str(students),
            "gateway": settings.address("gateway"),
            # Docker hands out addresses of the upper half; the fixed ones are in the lower.
            "range": str(list(students.subnets())[1]),
        },
        "campushub_core": {"subnet": str(core), "gateway": str(core[1])},
        "campushub_addresses": {
            "core": {part: settings.core_address(part) for part in CORE_PARTS},
            "students": {part: settings.address(part) for part in ("hub", "proxy", "service", "packages")},
        },
        "campushub_packages": {
            "wanted": "packages" in parts(settings),
            "upstream": settings.package_mirror.upstream,
            "bytes": settings.package_mirror.size,
            "reserve": settings.reserve,
            "port": PACKAGES_PORT,
        },
        "campushub_gpus": sorted({slot.device for slot in settings.gpus.slots.values()}),
        "campushub_settings_id": _settings_id(settings, config),
        "campushub_source_paths": _source_paths(settings),
        "campushub_upload_limit": settings.submission_limit + 4 * MEGABYTE,
        "campushub_docker_floor": str(FIRST_WITH_CDI),
        "campushub_toolkit_floor": TOOLKIT_FLOOR,
        "campushub_timezone": settings.timezone or machine_time_zone(),
        **_toolkit(settings.gpus.toolkit, config),
    }


def _toolkit(toolkit: Toolkit, config: Path) -> dict[str, str]:
    """Where NVIDIA's toolkit and a newer Docker come from; a key that is no file is fetched from where the role says."""
    keys = {"gpus_toolkit_key": toolkit.key_file, "engine_docker_key": toolkit.docker_key_file}
    files = {name: str(beside(config, path)) for name, path in keys.items() if path is not None}
    return {"gpus_toolkit_uris": toolkit.source, "engine_docker_uris": toolkit.docker_source, **files}


def beside(config: Path, path: Path | None, kept: Path | None = None) -> Path | None:
    """A file that the settings name: a relative path starts at their own folder.

    When it is there no longer (a backup was put back onto an empty machine), the copy that the hub keeps of it serves.
    """
    found = path and config.resolve().parent / path
    return kept if found and kept and not found.exists() and kept.exists() else found


def sign_in_secret(settings: Settings, config: Path) -> Path | None:
    """The file of what the campus' sign-in gave this hub; none while only the hub's own accounts are used."""
    if settings.login.method == "accounts":
        return None
    return beside(config, settings.login.client_secret_file, settings.folders.secrets / "sign-in")


def certificate_files(settings: Settings, config: Path) -> tuple[Path, Path] | None:
    """The certificate's file and its key's; none without a domain or with the hub's own authority."""
    https, kept = settings.https, settings.folders.front
    certificate = beside(config, https.certificate_file, kept / "certificate.pem")
    key = beside(config, https.key_file, kept / "key.pem")
    return (certificate, key) if settings.domain and certificate and key else None


def _front(settings: Settings, config: Path) -> dict[str, Any]:
    """What the front's configuration needs. Without a domain it is reached from this machine alone."""
    https, own = settings.https, f"127.0.0.1:{settings.port}:8000"
    redirect = [f"{https.redirect_port}:8080"] if https.redirect_port else []
    certificate, key = certificate_files(settings, config) or ("", "")
    return {
        "domain": settings.domain or "",
        "url": settings.url,
        "ports": [own, f"{https.port}:8443", *redirect] if settings.domain else [own],
        "certificate": str(certificate),
        "key": str(key),
    }


def _settings_id(settings: Settings, config: Path) -> str:
    read_once = {key: value for key, value in as_data(settings).items() if key not in READ_AGAIN}
    digest = hashlib.sha256(json.dumps(read_once, sort_keys=True).encode())
    if (secret := sign_in_secret(settings, config)) is not None:
        digest.update(secret.read_bytes())
    return digest.hexdigest()[:16]


def _source_paths(settings: Settings) -> list[str]:
    """Files and folders of this machine that courses name as a source, beside those in the data folder."""
    own = settings.data / "material-sources"
    named = {Path(source) for source in mirror.sources(settings) if source.startswith("/")}
    return sorted(str(path) for path in named if not path.is_relative_to(own) and path.exists())


def machine_time_zone() -> str:
    """The machine's time zone by its name, UTC where none is set."""
    target, zones = Path("/etc/localtime").resolve(), Path("/usr/share/zoneinfo")
    return str(target.relative_to(zones)) if target.is_relative_to(zones) else "UTC"
