"""Random steps on a ledger, until somebody kills this: each is told once it is done, with the slot that was lent by it.

Begins with what the ledger says, as a hub does that comes back.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from hub.adapters.leases import Leases
from hub.exchange import Refused
from hub.gpus import Lease, Reason
from hub.lending import Offer
from tests.benchmarks.gpus import BEGIN, CRASH_PEOPLE, CRASH_SLOTS, ledger_at


def main() -> None:
    folder, done, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    lending, chance = ledger_at(folder, CRASH_SLOTS), Random(seed)
    while True:
        done += 1
        now = BEGIN + done * timedelta(seconds=20)
        lent = step(lending, chance, now)
        sys.stdout.write(" ".join([str(done), *lent]) + "\n")
        sys.stdout.flush()


def step(lending: Leases, chance: Random, now: datetime) -> tuple[str, ...]:
    """One thing that somebody does or the hub finds; slot and person when a slot was lent."""
    person = f"s{chance.randrange(CRASH_PEOPLE)}"
    match chance.choice(
        ("ask", "ask", "claim", "started", "renew", "end", "freed", "freed", "busy", "bad", "advance", "advance")
    ):
        case "ask":
            before = lending.lease(person)
            found = lending.ask(person, chance.choice(("nn", "lab")), now)
            return (found.slot, person) if isinstance(found, Lease) and found != before else ()
        case "claim":
            with suppress(Refused):
                lending.claim(person, now)
        case "started":
            lending.started(person, now)
        case "renew":
            with suppress(Refused):
                lending.renew(person, now)
        case "end":
            lending.end(person, chance.choice((Reason.RETURNED, Reason.STAFF, Reason.FAILED)), now)
        case "freed":
            lending.freed(person, now)
        case "busy":
            lending.computing([f"gpu{number}" for number in range(CRASH_SLOTS) if chance.random() < 0.5], now)
        case "bad":
            lost = chance.random() < 0.3
            lending.found_bad(f"gpu{chance.randrange(CRASH_SLOTS)}", "lost" if lost else "", failed=lost)
        case "advance":
            offers = [one for one in lending.advance(now) if isinstance(one, Offer)]
            return (offers[-1].slot.name, offers[-1].ticket.person) if offers else ()
    return ()


if __name__ == "__main__":
    main()
