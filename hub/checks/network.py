"""The closed network of the students: the firewall's rules, their order, and whether bridged packets pass them at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub import firewall
from hub.checks import UP, Examined, Finding

BRIDGED = Path("/proc/sys/net/bridge")
MOST = 3


def rules(examined: Examined) -> Iterator[Finding]:
    missing = firewall.missing(examined.settings)
    if missing:
        shown = [f"{rule.program} {rule.chain} {' '.join(rule.words)}" for rule in missing[:MOST]]
        yield Finding(
            f"{len(missing)} rules of the students' network are missing, so servers may reach what they must not.",
            f"not there: {'; '.join(shown)}{' …' if len(missing) > MOST else ''}",
            f"`{UP}`; then see what flushed them",
        )
    overtaken = firewall.overtaken(examined.settings)
    if overtaken and not missing:
        yield Finding(
            "Other rules let packets pass before the students' network is asked.",
            "; ".join(overtaken[:MOST]),
            f"`{UP}` puts ours in front again; then see what put the others there",
        )
    yield from bridged(BRIDGED)


def bridged(folder: Path) -> Iterator[Finding]:
    """Whether packets between two servers on one bridge pass the firewall; Linux asks it only when told so."""
    for name in ("bridge-nf-call-iptables", "bridge-nf-call-ip6tables"):
        path = folder / name
        said = path.read_text(encoding="ascii").strip() if path.exists() else "not there"
        if said != "1":
            yield Finding(
                "Packets between servers do not pass the firewall at all, whatever its rules say.",
                f"{path} is {said}",
                f"`{UP}`",
            )
            return
