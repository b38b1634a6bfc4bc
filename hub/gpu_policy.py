"""What the settings say about lending GPUs, in the words of the rules: the slots, and the terms of a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hub.gpu_settings import Gpus
from hub.gpus import HOUR, Policy, Slot

MINUTE = timedelta(minutes=1)


def slots(gpus: Gpus, parents: Mapping[str, str] | None = None) -> tuple[Slot, ...]:
    """The declared slots. A part of a GPU counts as much of an hour as there are parts of its device.

    `parents` has the GPU of each MIG device, as far as it is known.
    """
    parts = Counter(one.device for one in gpus.slots.values())
    return tuple(
        Slot(name, (parents or {}).get(one.device, one.device), 1 / parts[one.device], device=one.device)
        for name, one in gpus.slots.items()
    )


def policy(gpus: Gpus, zone: str, now: datetime) -> Policy:
    """The terms that hold now. Of two periods that hold, the one written last decides."""
    local = now.astimezone(ZoneInfo(zone) if zone else None)
    terms = {word: getattr(gpus, word) for word in ("lease_hours", "idle_minutes", "weekly_hours")}
    for period in gpus.periods.values():
        if period.holds(local):
            own = {word: getattr(period, word) for word in terms}
            terms |= {word: value for word, value in own.items() if value is not None}
    idle = terms["idle_minutes"] * MINUTE
    notice = gpus.notice_minutes * MINUTE
    return Policy(
        length=terms["lease_hours"] * HOUR,
        claim=gpus.claim_minutes * MINUTE,
        idle=idle,
        idle_in_class=max(idle, gpus.idle_minutes_in_class * MINUTE),
        notice=notice,
        idle_notice=min(notice, idle / 4),
        weekly_hours=terms["weekly_hours"],
        half_life=timedelta(days=gpus.half_life_days),
    )
