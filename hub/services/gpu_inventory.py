"""The machine's GPUs as an administrator sees them: every slot with its health and its lease, and the queue."""

from __future__ import annotations

from typing import Any

from hub.services import gpus
from hub.services.state import State as Service


def inventory(service: Service) -> dict[str, Any]:
    """Slots, queue and agent as plain values; memory in bytes, hours of the last seven days, times ISO 8601."""
    now, ledger = service.now(), gpus.leases(service)
    found, troubles = ledger.ledger(now), gpus.lent(service).troubles()
    seen = gpus.recent(service, now)
    devices = {one.uuid: one for one in seen.devices} if seen else {}
    holders = {one.person: one for one in seen.holders if one.running and one.person} if seen else {}
    leases = {one.slot: one for one in found.leases}
    slots = []
    for name, about in gpus.declared(service).items():
        lease, device = leases.get(name), devices.get(about.device)
        holder = holders.get(lease.person) if lease else None
        slots.append(
            {
                "slot": name,
                "device": about.device,
                "model": device.name if device else "",
                "memory": about.memory or (device.memory if device else None),
                "trouble": troubles.get(name, ""),
                "state": str(lease.state) if lease else "free",
                "person": lease.person if lease else None,
                "course": lease.course if lease else None,
                "until": lease.until if lease else None,
                "warned": str(lease.warned.reason) if lease and lease.warned else None,
                "used": holder.used if holder else None,
                "computes": holder.computes if holder else None,
                "limited": holder.limited if holder else None,
            }
        )
    queue = [
        {"person": one.person, "course": one.course, "since": one.at, "hours": round(found.used[one.person].week, 2)}
        if one.person in found.used
        else {"person": one.person, "course": one.course, "since": one.at, "hours": 0}
        for one in found.queue(ledger.policy)
    ]
    agent = {
        "seen_at": service.sight.at if service.sight else None,
        "recent": seen is not None,
        "driver": seen.driver if seen else "",
        "trouble": seen.trouble if seen else "",
    }
    return {"slots": slots, "queue": queue, "agent": agent}
