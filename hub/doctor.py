"""The doctor's round: every check in turn, and what people and programs read of it. The checks are in `hub.checks`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.adapters.engine import Engine
from hub.checks import (
    UP,
    Check,
    Examined,
    Finding,
    Note,
    certificate,
    containers,
    data,
    driver,
    machine,
    mirror,
    network,
    slots,
    versions,
)
from hub.settings import Settings
from hub.trouble import Trouble

CHECKS: dict[str, Check] = {
    "disk": machine.disk,
    "clock": machine.clock,
    "certificates": certificate.served,
    "firewall": network.rules,
    "parts": containers.parts,
    "images": containers.built,
    "containers": containers.owners,
    "store": data.store,
    "backup": data.backup_age,
    "names": machine.names,
    "mirror": mirror.mistakes,
    "versions": versions.versions,
    "driver": driver.driver,
    "gpus": slots.slots,
}


@dataclass(frozen=True)
class Diagnosis:
    """What was looked at and what was found, each by its subject."""

    looked_at: tuple[str, ...]
    findings: tuple[tuple[str, Finding], ...]
    notes: tuple[tuple[str, Note], ...]

    @property
    def ok(self) -> bool:
        return not self.findings

    def as_data(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "findings": [{"subject": subject, **asdict(finding)} for subject, finding in self.findings],
            "notes": [{"subject": subject, **asdict(note)} for subject, note in self.notes],
            "looked_at": list(self.looked_at),
        }

    def lines(self) -> list[str]:
        """What people read."""
        told = []
        for subject, finding in self.findings:
            told += [f"! {subject}: {finding.wrong}", f"  seen  {finding.seen}", f"  mend  {finding.mend}", ""]
        told += [f"note: {subject}: {note.text}" for subject, note in self.notes]
        count = len(self.findings)
        head = "nothing found" if not count else "1 thing is wrong" if count == 1 else f"{count} things are wrong"
        return [*told, f"{head}; looked at: {', '.join(self.looked_at)}"]


def examine(settings: Settings, root: Path, config: Path, *, now: datetime, deep: bool = False) -> Diagnosis:
    """Look at everything; Docker and the data come first, since without them there is nothing more to see."""
    try:
        engine = Engine.connect()
    except Trouble as trouble:
        finding = Finding("Docker does not answer, so nothing of the hub runs.", str(trouble), f"`{UP}`")
        return Diagnosis(("docker",), (("docker", finding),), ())
    if not (settings.folders.service / "store.sqlite").exists():
        finding = Finding(f"There is no hub in {settings.data} yet.", "no service/store.sqlite in it", f"`{UP}`")
        return Diagnosis(("data",), (("data", finding),), ())
    examined = Examined(settings, root, config, engine, now, deep)
    found = [(subject, one) for subject, check in CHECKS.items() for one in _run(check, examined)]
    return Diagnosis(
        tuple(CHECKS),
        tuple((subject, one) for subject, one in found if isinstance(one, Finding)),
        tuple((subject, one) for subject, one in found if isinstance(one, Note)),
    )


def _run(check: Check, examined: Examined) -> Iterator[Finding | Note]:
    """A check's findings; one that cannot look is a finding itself, and the others go on."""
    try:
        yield from check(examined)
    except (Trouble, OSError, sqlite3.Error, ValueError, KeyError) as error:
        yield Finding(
            "This could not be looked at to its end.",
            f"{type(error).__name__}: {error}",
            f"`{UP}`; if it stays, `sudo ./campushub status` and `sudo ./campushub logs` say more",
        )
