"""The ledger of GPUs against what is seen on the machine: strangers, lost leases, failed devices, who computes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.gpu_machine import major
from hub.gpu_seen import Device, Holder, Seen
from hub.gpus import Lease, Ledger, Slot, State
from hub.reconcile import Declared, Findings, compare

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GIB = 2**30
DECLARED = {"a": Declared("GPU-a"), "b": Declared("GPU-b")}
DEVICES = tuple(Device(f"GPU-{name}", "NVIDIA T4", 16 * GIB, 0, f"GPU-{name}") for name in "ab")
SLOTS = (Slot("a", "GPU-a"), Slot("b", "GPU-b"))
LEASE = Lease("a", "asha", "nn", State.ACTIVE, NOON - HOUR, NOON + HOUR, NOON)
HERS = Holder("c1", "hub-server-asha--gpu-nn", "asha", "gpu-nn", ("GPU-a",), running=True)


def look(*holders: Holder, leases: tuple[Lease, ...] = (LEASE,), **more: Any) -> Findings:
    seen = replace(Seen("615.10", devices=DEVICES, holders=holders), **more)
    return compare(Ledger(SLOTS, leases), DECLARED, seen, NOON)


def test_lease_with_its_container_is_well_and_computes_when_its_processes_do() -> None:
    assert look(HERS) == Findings({"a": "", "b": ""}, (), (), {}, ())
    assert look(replace(HERS, computes=True)).computing == ("a",)


def test_lease_without_a_container_is_gone_once_there_was_time_for_one() -> None:
    assert look().gone == ("asha",)
    assert look(replace(HERS, running=False)).gone == ("asha",)
    assert look(leases=(replace(LEASE, since=NOON),)).gone == ()
    assert look(leases=(replace(LEASE, state=State.STARTING),)).gone == ()


@pytest.mark.parametrize(
    "stranger",
    [
        Holder("c2", "somebody", None, None, ("GPU-a",), running=True),
        replace(HERS, container="c2", name="somebody", person="bela"),
        replace(HERS, container="c2", name="somebody", server="nn", person="bela"),
    ],
)
def test_unknown_holder_takes_the_slot_out_of_lending(stranger: Holder) -> None:
    assert look(HERS, stranger).trouble == {"a": "the container somebody has it without a lease", "b": ""}


def test_one_of_which_nobody_can_tell_what_it_has_takes_every_slot() -> None:
    assert all(look(HERS, Holder("c2", "x", None, None, ("all",), running=True)).trouble.values())


def test_tools_of_the_administrator_may_see_every_gpu() -> None:
    tool = Holder("c2", "dcgm-exporter", None, None, ("all",), running=True)
    seen = Seen("615.10", devices=DEVICES, holders=(HERS, tool))
    assert not any(compare(Ledger(SLOTS, (LEASE,)), DECLARED, seen, NOON, tools=("dcgm-exporter",)).trouble.values())
    disguised = replace(HERS, container="c2", name="dcgm-exporter", person="bela")
    seen = replace(seen, holders=(HERS, disguised))
    assert compare(Ledger(SLOTS, (LEASE,)), DECLARED, seen, NOON, tools=("dcgm-exporter",)).trouble["a"]


def test_containers_of_a_ledger_that_was_lost_are_taken_in_again() -> None:
    found = look(HERS, leases=())
    assert found.found == {"a": HERS}
    assert found.trouble == {"a": "", "b": ""}


def test_second_container_of_somebody_is_never_taken_in() -> None:
    second = replace(HERS, container="c2", devices=("GPU-b",), name="second")
    assert look(HERS, second).found == {}
    assert look(HERS, second).trouble["b"] == "the container second has it without a lease"


def test_device_that_failed_or_is_not_there_is_lent_to_nobody() -> None:
    lost = replace(DEVICES[0], trouble="the GPU has fallen off the bus")
    assert look(HERS, devices=(lost,)).trouble == {
        "a": "the GPU has fallen off the bus",
        "b": "this machine has no such GPU now",
    }
    assert set(look(HERS, devices=(), trouble="the driver is not loaded").trouble.values()) == {
        "the driver is not loaded"
    }


@pytest.mark.parametrize(
    ("driver", "accepted", "good"), [("580.82", False, False), ("580.82", True, True), ("615.1", False, True)]
)
def test_part_of_a_gpu_needs_a_driver_that_limits_or_an_administrator_who_accepts(
    driver: str, accepted: bool, good: bool
) -> None:
    parts = {"a": Declared("GPU-a", 8 * GIB)}
    found = compare(Ledger(SLOTS), parts, Seen(driver, devices=DEVICES), NOON, parts_without_limit=accepted)
    assert (found.trouble["a"] == "") is good


def test_driver_of_no_version_is_older_than_all() -> None:
    assert (major("615.1.2"), major(""), major("beta")) == (615, 0, 0)
