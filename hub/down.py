"""Stopping: the containers of one hub go, its data stays; erasing takes the data too, after a question."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from hub import firewall, front_client
from hub.adapters.engine import Container, Engine
from hub.settings import Settings
from hub.trouble import Trouble

Report = Callable[[str], None]

KEPT = "Nothing was erased."


def down(settings: Settings, *, report: Report) -> None:
    """Stop every container of this hub: people's servers first, the front last. Data, images and Docker stay."""
    count = _stop(settings)
    report(f"{count} containers stopped; all data is in {settings.data}. Start again: sudo ./campushub up")


def _stop(settings: Settings) -> int:
    engine = Engine.connect()
    found = engine.containers_of(settings.name)
    tells = bool(front_client.health(settings))
    for container in sorted(found, key=lambda one: (one.part == "front", one.part is not None)):
        if container.server and tells:
            _tell_the_end(settings, container)
        engine.remove(container.name)
    return len(found)


def _tell_the_end(settings: Settings, container: Container) -> None:
    """Have a person read later who ended their server; one that the service does not know ends all the same."""
    told = {"person": container.person, "server": container.server, "reason": "administrator"}
    with suppress(Trouble):
        front_client.post(settings, "servers/ended", {**told, "at": datetime.now(UTC).isoformat()})


def erase(settings: Settings, *, confirmed: bool, ask: Callable[[str], str], report: Report) -> None:
    """Stop, then remove networks, firewall rules and the data folder, once somebody has said so."""
    if not confirmed:
        said = ask(f"This erases every home, submission and grade in {settings.data}. Type the hub's name to go on: ")
        if said.strip() != settings.name:
            raise Trouble(KEPT)
    _need_own_data(settings.data)
    report(f"{_stop(settings)} containers stopped.")
    engine = Engine.connect()
    for network in ("students", "core"):
        engine.remove_network(f"{settings.name}-{network}")
    firewall.remove(settings)
    _forget_unit(Path(f"/etc/systemd/system/{settings.name}-firewall.service"))
    shutil.rmtree(settings.data)
    report(f"{settings.data} is erased.")


def _forget_unit(unit: Path) -> None:
    """Take the boot's firewall unit away, with the links that Docker's start waits by."""
    if unit.exists():
        subprocess.run(["systemctl", "disable", "--quiet", unit.name], check=False)
        unit.unlink()
        subprocess.run(["systemctl", "daemon-reload"], check=False)


def _need_own_data(data: Path) -> None:
    """Raises Trouble for a folder that was not made by `campushub up`."""
    if not (data / "secrets" / "command").exists():
        raise Trouble(f"{data} does not look like the data of a hub (it has no secrets/command). {KEPT}")
