"""The slots of GPUs: what is wrong with one, and whether the agent tells what it sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub import front_client
from hub.checks import Examined, Finding
from hub.trouble import Trouble


def slots(examined: Examined) -> Iterator[Finding]:
    if not examined.settings.gpus.slots:
        return
    try:
        told = front_client.get(examined.settings, "gpus")
    except Trouble:
        return  # the check of the parts tells that the service does not answer
    yield from wrong(told)


def wrong(told: Mapping[str, Any]) -> Iterator[Finding]:
    """What an inventory of GPUs has to say."""
    if not told["agent"]["recent"]:
        yield Finding(
            "The agent has told nothing lately, so nobody's GPU counts as unused and none is taken back.",
            "campushub gpus: no word of the agent for 45 seconds",
            "`sudo ./campushub logs agent` says why; `sudo ./campushub up` starts it",
        )
    for one in told["slots"]:
        if one["trouble"]:
            yield Finding(
                f"The GPU slot '{one['slot']}' is lent to nobody: {one['trouble']}.",
                f"campushub gpus: {one['device']}",
                "See `nvidia-smi` and `sudo docker ps`; once it is well it is lent again by itself",
            )
