"""Lending GPUs as the service does it: the ledger kept in step with people, the hub and what the agent sees.

What is to be done is `hub.lending`'s word and `hub.reconcile`'s; what people read about it is `hub.services.gpu_view`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
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
FAILED = timedelta(seconds=25)  # three looks of the agent: one may be a driver that is just being asked anew
SILENT = timedelta(seconds=45)  # without a word of the agent nobody's GPU counts as unused
NOTE_LATE = timedelta(seconds=1)  # Docker's time of an end is cut to seconds


def leases(service: Service, now: datetime | None = None) -> Leases:
    """The ledger with the slots and the terms of now."""
    gpus, sight = service.settings.gpus, service.sight
    parents = {one.uuid: one.gpu for one in sight.seen.devices} if sight else {}
    terms = gpu_policy.policy(gpus, service.settings.timezone, now or service.now())
    lending = frozenset(key for key in service.settings.courses if service.settings.lends_to(key))
    return Leases(service.store, gpu_policy.slots(gpus, parents), terms, lending)


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
    if is_closing(ledger, person):
        return {"why": "Your last notebooks with a GPU are still being closed. Try again in a few seconds."}
    found = ledger.ask(person, course, now)
    if isinstance(found, Ticket):
        return {"why": "All GPUs are lent just now. You have a place in the queue: your GPU page shows it."}
    if found.course != course:
        return {"why": f"You have a GPU in the course '{found.course}'. Hand it back there first."}
    if found.state is not State.ACTIVE:
        found = ledger.claim(person, now)
    about = declared(service).get(found.slot)
    if about is None or about.device != found.device:
        return {"why": f"The GPU slot '{found.slot}' is not what it was: the settings changed. Ask for a GPU again."}
    return {"slot": found.slot, "device": about.device, "memory": about.memory, "until": found.until.isoformat()}


def is_closing(ledger: Leases, person: str) -> bool:
    """Whether somebody's last server with a GPU is not gone yet."""
    lease = ledger.lease(person)
    return lease is not None and lease.state is State.STOPPING


def server_ended(service: Service, person: str, server: str, reason: str, at: datetime) -> None:
    """A server with a GPU has ended: its lease ends too, and the slot is free."""
    ledger, now = leases(service), service.now()
    lease = ledger.lease(person)
    if lease is None or server != f"{PREFIX}{lease.course}" or at + NOTE_LATE < lease.since:
        return  # an older server's
    if lease.running:
        ways = {"stopped": Reason.RETURNED, "administrator": Reason.OUTSIDE}
        why = Reason.FAILED if lease.state is State.STARTING else ways.get(reason, Reason.SERVER)
        ledger.end(person, why, now)
    ledger.freed(person, now)
    log.info("slot free: slot=%s user=%s server ended: %s", lease.slot, person, reason)
    if reason != "administrator":  # who may be about to stop the service too: an offer would find nobody
        advance(ledger, now)


def not_started(service: Service, person: str, server: str) -> None:
    """A start that took a slot came to nothing, and nothing of it is left."""
    ledger, now = leases(service), service.now()
    lease = ledger.lease(person)
    if lease is not None and server == f"{PREFIX}{lease.course}" and lease.state is State.STARTING:
        ledger.end(person, Reason.FAILED, now)
        ledger.freed(person, now)
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
    service.failing = {slot: service.failing.get(slot, now) for slot in findings.failing}
    failed = {slot for slot, since in service.failing.items() if now - since >= FAILED}
    twice = {slot: one for slot, one in findings.found.items() if one.container in service.strays}
    service.strays = {one.container for one in findings.found.values()}
    _take_up(ledger, replace(findings, found=twice), failed, now)
    return [
        {"container": one.container, "device": part.device, "bytes": part.memory}
        for lease in ledger.ledger(now).leases
        if (part := about.get(lease.slot)) and part.memory and part.device == lease.device
        for one in seen.holders
        if one.running and one.person == lease.person and one.limited != part.memory
    ]


def _take_up(ledger: Leases, findings: Findings, failed: set[str], now: datetime) -> None:
    before, troubles = {one.name: one.failed for one in ledger.ledger(now).slots}, Lent(ledger).troubles()
    for slot, trouble in findings.trouble.items():
        if (trouble, slot in failed) != (troubles.get(slot, ""), before.get(slot, False)):
            level = logging.WARNING if trouble else logging.INFO
            log.log(level, "slot=%s trouble=%s", slot, trouble or "none any more")
            ledger.found_bad(slot, trouble, failed=slot in failed)
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
    """Do what is due, and have the hub end the servers of leases that have ended."""
    now = service.now()
    ledger = leases(service, now)
    seen = recent(service, now)
    if seen is None or seen.trouble:  # nobody can tell who computes
        ledger.computing([one.slot for one in ledger.ledger(now).leases], now)
    _forget_courses(service, ledger, now)
    advance(ledger, now)
    changing = [one for one in ledger.ledger(now).leases if one.state in (State.STARTING, State.STOPPING)]
    await asyncio.gather(*(_follow(service, ledger, lease) for lease in changing))


def _forget_courses(service: Service, ledger: Leases, now: datetime) -> None:
    """In courses that are over nobody waits, and nothing is reserved."""
    going_on = {key for key, course in service.settings.courses.items() if not course.archived}
    for ticket in ledger.ledger(now).tickets:
        if ticket.course not in going_on:
            ledger.leave(ticket.person)
    for row in Lent(ledger).reserved(now):
        if row["course"] not in going_on:
            Lent(ledger).give_up(row["course"], row["id"], now)


def advance(ledger: Leases, now: datetime) -> None:
    for change in ledger.advance(now):
        log.info("%s", change)


async def _follow(service: Service, ledger: Leases, lease: Lease) -> None:
    """See what the hub says of the server of a lease that begins or ends, should its own word have been lost.

    What the hub cannot do for one person now keeps nobody else waiting; the next turn tries again.
    """
    server = f"{PREFIX}{lease.course}"
    try:
        found = await service.server_state(lease.person, server)
        fresh = ledger.lease(lease.person)
        if fresh is None or (fresh.slot, fresh.state, fresh.since) != (lease.slot, lease.state, lease.since):
            return  # another by now
        if (lease.state, found) == (State.STOPPING, "open"):
            await service.end_server(lease.person, server, asked=Asked.LEASE)
    except HubSilent as silent:
        log.warning("not followed: slot=%s user=%s %s", lease.slot, lease.person, silent)
        return
    if (lease.state, found) == (State.STARTING, "open"):
        ledger.started(lease.person, service.now())
    elif (lease.state, found) == (State.STOPPING, "closed") and not _runs(service, lease.person, server):
        ledger.freed(lease.person, service.now())
        advance(ledger, service.now())


def _runs(service: Service, person: str, server: str) -> bool:
    """Whether the agent sees a container of a server that the hub takes for closed: its slot is not free."""
    seen = recent(service, service.now())
    return seen is not None and any((one.person, one.server) == (person, server) for one in seen.holders if one.running)


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
    await step(service)


async def lend(service: Service) -> None:
    """Keep everything in step, again and again: a turn that fails is not the last one."""
    leases(service).offer_again(service.now())
    while True:
        try:
            await step(service)
        except Exception:  # whatever it was: leases have to end, and offers to be made, also after a disk was full
            log.exception("a turn of lending failed")
        await asyncio.sleep(TICK_SECONDS)
