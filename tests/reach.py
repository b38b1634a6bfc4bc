"""What a student's server may reach, and what it may not (design, "One network for servers, closed"): each way tried."""

from __future__ import annotations

import json

from tests.instance import Person

TRY = """
import json, socket, sys, time
found = {}
for name, (host, port) in json.loads(%r).items():
    began = time.monotonic()
    try:
        socket.create_connection((host, port), timeout=4).close()
        said = "open"
    except TimeoutError:
        said = "silent"
    except OSError as error:
        said = "closed"
    found[name] = [said, time.monotonic() - began]
print(json.dumps(found))
"""
OPEN = {"hub", "service"}  # of `places`


def places(students: str, core: str, *, front: int, other: str) -> dict[str, tuple[str, int]]:
    """Every way to try: of hub, service, proxy, another's server, the machine, the core network and the world.

    `students` and `core` are the first three numbers of the networks, `front` the port of the machine, `other` the
    address of another person's server.
    """
    return {
        "hub": (f"{students}.2", 8081),
        "service": (f"{students}.4", 8010),
        "proxy": (f"{students}.3", 8000),
        "proxy api": (f"{students}.3", 8001),
        "somebody's server": (other, 8888),
        "machine's front": (f"{students}.1", front),
        "machine's ssh": (f"{students}.1", 22),
        "worker": (f"{core}.6", 8020),
        "front": (f"{core}.8", 8000),
        "hub by the core": (f"{core}.2", 8081),
        "outside": ("1.1.1.1", 443),
        "cloud metadata": ("169.254.169.254", 80),
    }


def reach(person: Person, server: str, places: dict[str, tuple[str, int]]) -> dict[str, str]:
    """What happens to each attempt; a forbidden one has to fail at once, so that no notebook hangs."""
    found = json.loads(person.inside(server, TRY % json.dumps(places)))
    slow = {name: took for name, (said, took) in found.items() if took > 3}
    assert not slow, f"these hang instead of failing at once: {slow}"
    return {name: said for name, (said, _) in found.items()}
