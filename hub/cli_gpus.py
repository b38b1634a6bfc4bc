"""The command's words for GPUs: what there is, who has it, and whether this machine keeps its promises about them."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from typing import Any

from hub import front_client, gpu_selftest
from hub.cli_ground import say, settings_of
from hub.gpu_seen import GIGABYTE
from hub.moments import moment_in
from hub.trouble import Trouble
from hub.up import need_root


def add_to(words: Any) -> None:
    """Add them to the command's words (argparse's object for what may follow)."""
    gpus = words.add_parser("gpus", help="the machine's GPUs: slots, health, leases, queue")
    gpus.add_argument("--json", action="store_true", help="as JSON, for programs")
    gpus.set_defaults(run=run_gpus)
    more = gpus.add_subparsers(metavar="WORD")
    test = more.add_parser("selftest", help="prove on this machine that a container has exactly its GPU")
    test.set_defaults(run=run_selftest)


def run_gpus(options: argparse.Namespace) -> int:
    """Whether every slot is good."""
    need_root("gpus")
    settings = settings_of(options.config)
    if not settings.gpus.slots:
        raise Trouble("no GPUs are declared; put them below gpus.slots of the settings (`nvidia-smi -L` lists them)")
    told = front_client.get(settings, "gpus")
    if options.json:
        print(json.dumps(told, indent=2))
    else:
        for line in lines(told, settings.timezone):
            say(line)
    return int(any(slot["trouble"] for slot in told["slots"]))


def run_selftest(options: argparse.Namespace) -> int:
    need_root("gpus selftest")
    return gpu_selftest.run(settings_of(options.config), report=say)


def lines(told: dict[str, Any], zone: str) -> list[str]:
    """The inventory as people read it."""
    moment = moment_in(zone)
    found = []
    for slot in told["slots"]:
        size = f"{slot['memory'] / GIGABYTE:.0f} GB" if slot["memory"] else ""
        found.append(f"{slot['slot']:<12} {_state(slot)}")
        found.append(f"             {slot['device']}  {slot['model']} {size}".rstrip())
        if slot["person"]:
            until = moment(datetime.fromisoformat(slot["until"]))
            found.append(f"             {slot['person']} in {slot['course']} until {until}{_use(slot)}")
    found.append(f"queue: {len(told['queue']) or 'nobody'} waiting")
    for place, one in enumerate(told["queue"], start=1):
        since = moment(datetime.fromisoformat(one["since"]))
        found.append(f"  {place}. {one['person']} in {one['course']} since {since}, {one['hours']:.1f} h this week")
    return found + _agent(told["agent"])


def _state(slot: dict[str, Any]) -> str:
    warned = f", warned: {slot['warned']}" if slot["warned"] else ""
    return f"{slot['state']}{warned}" + (f"  ← {slot['trouble']}" if slot["trouble"] else "")


def _use(slot: dict[str, Any]) -> str:
    if slot["used"] is None:
        return ""
    return f", {slot['used'] / GIGABYTE:.1f} GB used, {'computes' if slot['computes'] else 'does not compute'}"


def _agent(agent: dict[str, Any]) -> list[str]:
    if not agent["recent"]:
        return ["! the agent has told nothing lately: nobody's GPU counts as unused; look at `campushub logs agent`"]
    if agent["trouble"]:
        return [f"! the driver cannot be asked: {agent['trouble']}"]
    return [f"driver {agent['driver']}"]
