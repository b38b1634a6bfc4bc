"""Which packets may pass on the students' network, as rules of iptables and ip6tables.

Closed by default (design.md, decision 10). What Docker forwards passes DOCKER-USER; what is meant for the machine itself
passes INPUT. Everything else is rejected, not dropped, so that it fails at once. Run as root by Ansible and at boot:
`python -m hub.firewall apply|check|remove --config FILE`.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.package_settings import PACKAGES_PORT
from hub.settings import Settings
from hub.settings_file import load
from hub.trouble import Trouble

HUB_PORT, SERVICE_PORT, SERVER_PORT = 8081, 8010, 8888


@dataclass(frozen=True)
class Rule:
    """One rule: the program, the chain and the words that match."""

    program: str
    chain: str
    words: tuple[str, ...]


def bridge(settings: Settings) -> str:
    """The name of the students' bridge: at most 15 characters, its own for every instance."""
    return f"ch-{hashlib.sha256(settings.name.encode()).hexdigest()[:8]}-s"


def chains(settings: Settings) -> tuple[str, str]:
    """Our chain for what is forwarded and our chain for what is meant for the machine (at most 28 characters)."""
    return f"CH-{settings.name}", f"CH-{settings.name}-IN"


def rules(settings: Settings) -> list[Rule]:
    """Every rule of our own chains, in order."""
    forward, own = chains(settings)
    inside = ("-i", bridge(settings), "-o", bridge(settings), "-p", "tcp")
    known = ("-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT")
    hub, proxy, service = (settings.address(part) for part in ("hub", "proxy", "service"))
    allowed = [
        ("-d", hub, "--dport", str(HUB_PORT)),
        ("-d", service, "--dport", str(SERVICE_PORT)),
        ("-s", hub, "--dport", str(SERVER_PORT)),
        ("-s", proxy, "--dport", str(SERVER_PORT)),
    ]
    if settings.package_mirror.upstream:
        allowed.append(("-d", settings.address("packages"), "--dport", str(PACKAGES_PORT)))
    found = []
    for program in ("iptables", "ip6tables"):
        found += [Rule(program, chain, known) for chain in (forward, own)]
        if program == "iptables":
            found += [Rule(program, forward, (*inside, *words, "-j", "ACCEPT")) for words in allowed]
        found += [Rule(program, chain, ("-j", "REJECT")) for chain in (forward, own)]
    return found


def jumps(settings: Settings) -> list[Rule]:
    """The rules that lead into our chains."""
    (forward, own), name = chains(settings), bridge(settings)
    found = []
    for program, from_docker in (("iptables", "DOCKER-USER"), ("ip6tables", "FORWARD")):
        found += [Rule(program, from_docker, (way, name, "-j", forward)) for way in ("-i", "-o")]
        found.append(Rule(program, "INPUT", ("-i", name, "-j", own)))
    return found


def apply(settings: Settings) -> bool:
    """Put every rule in its place; says whether anything had to be changed."""
    if not missing(settings) and not overtaken(settings):
        return False
    for program in ("iptables", "ip6tables"):
        for chain in (*chains(settings), *(("DOCKER-USER",) if program == "iptables" else ())):
            _run(program, "-N", chain, check=False)
        for chain in chains(settings):
            _run(program, "-F", chain)
    for rule in rules(settings):
        _run(rule.program, "-A", rule.chain, *rule.words)
    for rule in jumps(settings):
        while _run(rule.program, "-D", rule.chain, *rule.words, check=False):
            pass
        _run(rule.program, "-I", rule.chain, "1", *rule.words)
    return True


def missing(settings: Settings) -> list[Rule]:
    """The rules that are not in place; those of a chain are looked at with their order."""
    found = [rule for rule in jumps(settings) if not _run(rule.program, "-C", rule.chain, *rule.words, check=False)]
    for program in ("iptables", "ip6tables"):
        for chain in chains(settings):
            wanted = [rule for rule in rules(settings) if (rule.program, rule.chain) == (program, chain)]
            if len(_listed(program, chain)) != len(wanted):
                found += wanted
            else:
                found += [rule for rule in wanted if not _run(program, "-C", chain, *rule.words, check=False)]
    return found


def overtaken(settings: Settings) -> list[str]:
    """Rules by which packets pass before ours are asked, and our own that do not stand in their order."""
    found = []
    for jump in jumps(settings):
        ours = " ".join(("-A", jump.chain, *jump.words))
        before = itertools.takewhile(lambda line, ours=ours: line != ours, _listed(jump.program, jump.chain))  # type: ignore[misc]
        found += [f"{jump.program} {line}" for line in before if _lets_pass(line, bridge(settings))]
    for program in ("iptables", "ip6tables"):
        for chain in chains(settings):
            lines = _listed(program, chain)
            found += [f"{program} {line}" for line in lines[:-1] if " REJECT" in line]
    return sorted(set(found))


def _lets_pass(line: str, name: str) -> bool:
    """Whether a listed rule may accept new packets of a bridge; Docker's own chains accept none that we reject."""
    words = line.split()
    target = words[words.index("-j") + 1] if "-j" in words else "RETURN"
    if target in ("REJECT", "DROP", "LOG", "NFLOG") or target.startswith("DOCKER"):
        return False
    interfaces = {words[place + 1] for place, word in enumerate(words) if word in ("-i", "-o")}
    answers = "--ctstate" in words and "NEW" not in words[words.index("--ctstate") + 1]
    return not answers and interfaces <= {name} and not target.startswith("CH-")


def remove(settings: Settings) -> None:
    """Take every rule away."""
    for rule in jumps(settings):
        while _run(rule.program, "-D", rule.chain, *rule.words, check=False):
            pass
    for program in ("iptables", "ip6tables"):
        for chain in chains(settings):
            _run(program, "-F", chain, check=False)
            _run(program, "-X", chain, check=False)


def _listed(program: str, chain: str) -> list[str]:
    """The rules of a chain as they stand, in order; none when it is not there."""
    done = subprocess.run([program, "-w", "-S", chain], capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith("-A")]


def _run(program: str, *words: str, check: bool = True) -> bool:
    done = subprocess.run([program, "-w", *words], capture_output=True, text=True, check=False)
    if done.returncode and check:
        raise Trouble(f"the firewall did not take a rule: {program} {' '.join(words)}: {done.stderr.strip()}")
    return done.returncode == 0


def _lines(settings: Settings, verb: str) -> Iterator[str]:
    match verb:
        case "apply":
            yield "changed" if apply(settings) else "unchanged"
        case "remove":
            remove(settings)
        case _:
            for rule in missing(settings):
                yield f"missing: {rule.program} {rule.chain} {' '.join(rule.words)}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="hub.firewall")
    parser.add_argument("verb", choices=("apply", "check", "remove"))
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args()
    lines = list(_lines(load(options.config), options.verb))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if options.verb == "check" and lines else 0


if __name__ == "__main__":
    sys.exit(main())
