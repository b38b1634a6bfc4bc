"""Lending kept in step with what the agent sees and the hub says: with a real store and without a hub."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.gpu_seen import Holder
from hub.gpus import Reason, Reservation
from hub.services import gpus
from hub.services.gpu_inventory import inventory
from hub.services.gpu_view import view
from hub.services.state import HubSilent, State
from tests.lending_service import DEVICES, GIB, SEEN, A, B, begin, lending, pass_time, take_up


@pytest.fixture
def service(tmp_path: Path) -> State:
    return lending(tmp_path)


def test_agent_is_told_which_limits_to_set_until_they_are(service: State) -> None:
    begin(service, "asha")
    hers = begin(service, "bela")
    assert gpus.saw(service, replace(SEEN, holders=(hers,))) == [
        {"container": "id-bela", "device": B, "bytes": 8 * GIB}
    ]
    assert gpus.saw(service, replace(SEEN, holders=(replace(hers, limited=8 * GIB),))) == []


def test_gpu_that_nobody_uses_is_taken_back_and_silence_of_the_agent_is_no_proof(service: State) -> None:
    hers = begin(service, "asha")
    for _ in range(5):
        pass_time(service, 4)
        gpus.saw(service, replace(SEEN, holders=(hers,)))
        gpus.advance(gpus.leases(service), service.now())
    found = view(service, "asha", "nn")
    assert found.warning is not None
    assert found.warning[2].reason is Reason.IDLE
    pass_time(service, 60)
    assert gpus.recent(service, service.now()) is None
    gpus.leases(service).computing(["left"], service.now())  # as `step` does then
    gpus.advance(gpus.leases(service), service.now())
    assert view(service, "asha", "nn").warning is None


def test_one_look_at_a_failing_gpu_ends_nothing_and_three_do(service: State) -> None:
    hers = begin(service, "asha")
    lost = replace(DEVICES[0], trouble="it has fallen off the bus")
    for seconds, state in ((0, "active"), (10, "active"), (20, "active"), (30, "stopping")):
        gpus.saw(service, replace(SEEN, devices=(lost, DEVICES[1]), holders=(hers,)))
        gpus.advance(gpus.leases(service), service.now())
        assert view(service, "asha", "nn").state == state, seconds
        pass_time(service, 10 / 60)
    gpus.server_ended(service, "asha", "gpu-nn", "lease", service.now())
    found = view(service, "asha", "nn")
    assert (found.state, found.lease and found.lease.slot) == ("offered", "right"), "the head of the queue"


@pytest.mark.parametrize("more", [{"trouble": "the driver is not loaded", "devices": ()}, {}])
def test_silent_driver_and_a_stranger_end_nobodys_work(service: State, more: dict[str, Any]) -> None:
    hers = begin(service, "asha")
    stranger = Holder("id-x", "somebody", None, None, ("all",), running=True)
    for _ in range(6):
        gpus.saw(service, replace(SEEN, holders=(hers, stranger), **more))
        gpus.advance(gpus.leases(service), service.now())
        pass_time(service, 10 / 60)
    assert view(service, "asha", "nn").state == "active"
    assert "place in the queue" in gpus.take(service, "bela", "nn")["why"], "but nothing is lent meanwhile"


def test_device_under_another_slots_name_is_lent_once(service: State) -> None:
    hers = begin(service, "asha")
    take_up(service, "left:", "first:")
    gpus.saw(service, replace(SEEN, holders=(hers,)))
    assert gpus.take(service, "bela", "nn")["device"] == B
    assert "place in the queue" in gpus.take(service, "cem", "nn")["why"]


def test_part_whose_limit_is_not_set_has_no_neighbour(service: State) -> None:
    begin(service, "asha")
    hers = begin(service, "bela")
    pass_time(service, 1)
    gpus.saw(service, replace(SEEN, holders=(hers,)))
    assert "has not set the memory limit" in _slots(service)["right"]["trouble"]
    gpus.saw(service, replace(SEEN, holders=(replace(hers, limited=8 * GIB),)))
    assert not _slots(service)["right"]["trouble"]


def _slots(service: State) -> dict[str, Any]:
    return {one["slot"]: one for one in inventory(service)["slots"]}


async def test_slot_stays_taken_while_its_container_runs_whatever_the_hub_says(
    service: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers = begin(service, "asha")
    gpus.leases(service).end("asha", Reason.RETURNED, service.now())
    monkeypatch.setattr(service, "server_state", _closed)
    gpus.saw(service, replace(SEEN, holders=(hers,)))
    await gpus.step(service)
    assert view(service, "asha", "nn").state == "stopping"
    gpus.saw(service, SEEN)
    await gpus.step(service)
    assert view(service, "asha", "nn").state == "none"


async def _closed(*_: str) -> str:
    return "closed"


async def test_hub_that_cannot_end_one_server_ends_the_others(service: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("asha", "bela"):
        begin(service, name)
        gpus.leases(service).end(name, Reason.OVER, service.now())
    ended: list[str] = []

    async def opened(*_: str) -> str:
        return "open"

    async def end(person: str, server: str, **_: object) -> None:
        if person == "asha":
            raise HubSilent("not now")
        ended.append(person)

    monkeypatch.setattr(service, "server_state", opened)
    monkeypatch.setattr(service, "end_server", end)
    await gpus.step(service)
    assert ended == ["bela"]


def test_nobody_is_idle_while_the_driver_cannot_be_asked(service: State) -> None:
    hers = begin(service, "asha")
    for _ in range(12):
        pass_time(service, 5)
        gpus.saw(service, replace(SEEN, devices=(), trouble="the driver is not loaded", holders=(hers,)))
        asyncio.run(gpus.step(service))
    assert view(service, "asha", "nn").warning is None


def test_holder_of_a_slot_with_trouble_is_in_no_class_s_way(service: State) -> None:
    hers = begin(service, "asha")
    stranger = Holder("id-x", "somebody", None, None, (A,), running=True)
    begins = service.now() + timedelta(minutes=5)
    gpus.lent(service).reserve([Reservation("ml", begins, begins + timedelta(hours=1), 1)], "t", service.now())
    for _ in range(20):
        gpus.saw(service, replace(SEEN, holders=(replace(hers, computes=True), stranger)))
        gpus.advance(gpus.leases(service), service.now())
        pass_time(service, 1)
    assert view(service, "asha", "nn").state == "active", "the class has the other"


def test_slot_that_is_another_device_by_now_is_not_started(service: State) -> None:
    gpus.take(service, "asha", "nn")
    take_up(service, A, A.replace("aaaa", "cccc"))
    assert "is not what it was" in gpus.take(service, "asha", "nn")["why"]


async def test_settings_without_slots_for_a_moment_forget_nothing(
    service: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "server_state", _closed)
    lent = gpus.lent(service)
    begins = service.now() + timedelta(days=1)
    lent.reserve([Reservation("nn", begins, begins + timedelta(hours=1), 1)], "t", service.now())
    for name in ("asha", "bela", "cem"):
        gpus.take(service, name, "nn")
    slots = service.settings.gpus
    service.settings = service.settings.model_copy(update={"gpus": slots.model_copy(update={"slots": {}})})
    await gpus.step(service)
    assert len(lent.reserved(service.now())) == 1
    assert gpus.leases(service).ledger(service.now()).tickets


def test_container_of_a_lease_that_is_over_is_told_of_when_it_stays(service: State) -> None:
    hers = begin(service, "asha")
    gpus.leases(service).end("asha", Reason.RETURNED, service.now())
    pass_time(service, 4)
    gpus.saw(service, replace(SEEN, holders=(hers,)))
    assert _slots(service)["left"]["trouble"] == "the container asha runs, and its lease is over"


def test_container_without_a_lease_is_taken_in_at_the_second_look(service: State) -> None:
    hers = begin(service, "asha")
    gpus.server_ended(service, "asha", "gpu-nn", "stopped", service.now())
    gpus.saw(service, replace(SEEN, holders=(hers,)))
    assert view(service, "asha", "nn").state == "none", "the look may be older than its end"
    gpus.saw(service, replace(SEEN, holders=(hers,)))
    assert view(service, "asha", "nn").state == "active"


async def test_reservations_and_tickets_of_a_course_that_is_over_are_given_up(
    service: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("asha", "bela", "cem"):
        gpus.take(service, name, "nn")
    lent = gpus.lent(service)
    lent.reserve(
        [Reservation("nn", service.now() + timedelta(hours=1), service.now() + timedelta(hours=2), 1)],
        "t",
        service.now(),
    )
    take_up(service, "nn: {title: N, gpu_image: base}", "nn: {title: N, archived: true}")
    monkeypatch.setattr(service, "server_state", _closed)
    await gpus.step(service)
    assert lent.reserved(service.now()) == []
    assert view(service, "cem", "nn").state == "none"
