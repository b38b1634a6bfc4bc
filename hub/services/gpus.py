"""Lending GPUs as the service does it: the ledger kept in step with people, the hub and what the agent sees.

What is to be done is `hub.lending`'s word and `hub.reconcile`'s; what people read about it is `hub.services.gpu_view`.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from hub import gpu_policy
from hub.adapters.leases import Leases
from hub.adapters.lent import Lent
from hub.ends import Asked
from hub.exchange import Refused
from hub.gpu_seen import Seen, Sight
from hub.gpus import Lease, Reason, State, Ticket
from hub.reconcile import PREFIX, Declared, Findings, compare
from hub.services.state import HubSilent
from hub.services.state import State as Service

log = logging.getLogger("campushub.gpus")

TICK_SECONDS = 10
SILENT = timedelta(seconds=45)  # without a word of the agent nobody's GPU counts as unused
NOTE_LATE = timedelta(seconds=1)  # Docker's time of an end is cut to seconds


def leases(service: Service, now: datetime | None = None) -> Leases:
    """The ledger with the slots and the terms of now."""
    gpus, sight = service.settings.gpus, service.sight
    parents = {one.uuid: one.gpu for one in sight.seen.devices} if sight else {}
    terms = gpu_policy.policy(gpus, service.settings.timezone, now or service.now())
    return Leases(service.store, gpu_policy.slots(gpus, parents), terms)


def lent(service: Service) -> Lent:
    return Lent(leases(service))


def declared(service: Service) -> dict[str, Declared]:
    return {name: Declared(one.device, one.memory) for name, one in service.settings.gpus.slots.items()}


def recent(service: Service, now: datetime) -> Seen | None:
    """What the agent sees, unless it has said nothing for a while."""
    return service.sight.seen if service.sight and now - service.sight.at < SILENT else None


# -- what the spawner asks ----------------------------------------------------------------------------------------------


def take(service: Service, person: str, course: str) -> dict[str, Any]:
    """The slot for a server that starts now: what is offered is claimed, what is free is taken; else why not."""
    now, ledger = service.now(), leases(service)
    found = ledger.ask(person, course, now)
    if isinstance(found, Ticket):
        return {"why": "All GPUs are lent just now. You have a place in the queue: your GPU page shows it."}
    if found.course != course:
        return {"why": f"You have a GPU in the course '{found.course}'. Hand it back there first."}
    if found.state is State.OFFERED:
        found = ledger.claim(person, now)
    about = declared(service).get(found.slot)
    if about is None:
        return {"why": f"The GPU slot '{found.slot}' is not in the settings any more. Ask for a GPU again."}
    return {"slot": found.slot, "device": about.device, "memory": about.memory, "until": found.until.isoformat()}


def server_ended(service: Service, person: str, server: str, reason: str, at: datetime) -> None:
    """A server with a GPU has ended: its lease ends too, and the slot is free."""
    ledger, now = leases(service), service.now()
    lease = ledger.lease(person)
    if lease is None or server != f"{PREFIX}{lease.course}" or at + NOTE_LATE < lease.since:
        return  # an older server's
    if lease.running:
        failed = lease.state is State.STARTING
        why = Reason.FAILED if failed else Reason.RETURNED if reason == "stopped" else Reason.SERVER
        ledger.end(person, why, now)
    ledger.freed(person, now)
    log.info("slot free: slot=%s user=%s server ended: %s", lease.slot, person, reason)
    advance(ledger, now)


# -- in step with the machine ---------------------------------------------------------------------------------------------


def saw(service: Service, seen: Seen) -> list[dict[str, Any]]:
    """Take up what the agent sees; the memory limits that it is to set."""
    now = service.now()
    service.sight = Sight(seen, now)
    ledger = leases(service)
    about = declared(service)
    accepted, tools = service.settings.gpus.parts_without_limit, service.settings.gpus.tools
    findings = compare(ledger.ledger(now), about, seen, now, tools=tools, parts_without_limit=accepted)
    _take_up(ledger, findings, now)
    return [
        {"container": one.container, "device": part.device, "bytes": part.memory}
        for lease in ledger.ledger(now).leases
        if (part := about.get(lease.slot)) and part.memory
        for one in seen.holders
        if one.running and one.person == lease.person and one.limited != part.memory
    ]


def _take_up(ledger: Leases, findings: Findings, now: datetime) -> None:
    before = Lent(ledger).troubles()
    for slot, trouble in findings.trouble.items():
        if trouble != before.get(slot, ""):
            log.log(
                logging.WARNING if trouble else logging.INFO, "slot=%s trouble=%s", slot, trouble or "none any more"
            )
            ledger.found_bad(slot, trouble)
    for person in findings.gone:
        log.warning("lease without a container: user=%s", person)
        ledger.end(person, Reason.SERVER, now)
        ledger.freed(person, now)
    for slot, holder in findings.found.items():
        log.warning("container without a lease taken in: slot=%s user=%s", slot, holder.person)
        ledger.adopt(slot, str(holder.person), str(holder.server).removeprefix(PREFIX), now)
    if findings.computing:
        ledger.computing(findings.computing, now)


async def step(service: Service) -> None:
    """Do what is due, and have the hub end the servers of leases that have ended. Raises HubSilent."""
    now = service.now()
    ledger = leases(service, now)
    if recent(service, now) is None:
        ledger.computing([one.slot for one in ledger.ledger(now).leases], now)
    advance(ledger, now)
    for ticket in ledger.ledger(now).tickets:
        if not service.settings.lends_to(ticket.course):
            ledger.leave(ticket.person)
    for lease in ledger.ledger(now).leases:
        if lease.state in (State.STARTING, State.STOPPING):
            await _follow(service, ledger, lease)


def advance(ledger: Leases, now: datetime) -> None:
    for change in ledger.advance(now):
        log.info("%s", change)


async def _follow(service: Service, ledger: Leases, lease: Lease) -> None:
    """See what the hub says of the server of a lease that begins or ends, should its own word have been lost."""
    server = f"{PREFIX}{lease.course}"
    match lease.state, await service.server_state(lease.person, server):
        case State.STARTING, "open":
            ledger.started(lease.person, service.now())
        case State.STOPPING, "open":
            await service.end_server(lease.person, server, asked=Asked.LEASE)
        case State.STOPPING, "closed":
            ledger.freed(lease.person, service.now())
            advance(ledger, service.now())


def forget(service: Service, person: str, course: str) -> None:
    """Take somebody who is not in a course any more out of the queue, and back what is offered to them there."""
    ledger, now = leases(service), service.now()
    found = ledger.ledger(now)
    if any((one.person, one.course) == (person, course) for one in found.tickets):
        ledger.leave(person)
    mine = next((one for one in found.leases if (one.person, one.course) == (person, course)), None)
    if mine is not None and mine.state is State.OFFERED:
        ledger.end(person, Reason.LAPSED, now)


async def hand_back(service: Service, person: str) -> None:
    """End somebody's own lease and its server. Raises Refused when they have none."""
    if leases(service).end(person, Reason.RETURNED, service.now()) is None:
        raise Refused("You have no GPU now.")
    await step_now(service)


async def step_now(service: Service) -> None:
    """Do what is due at once, where that can be done; the next turn does the rest."""
    try:
        await step(service)
    except HubSilent as silent:
        log.warning("leases not looked at: %s", silent)


async def lend(service: Service) -> None:
    """Keep everything in step, again and again: a turn that fails is not the last one."""
    while True:
        if service.settings.gpus.slots:
            try:
                await step_now(service)
            except Exception:
                log.exception("a turn of lending failed")
        await asyncio.sleep(TICK_SECONDS)
