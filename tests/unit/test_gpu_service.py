"""Lending as the service does it, with a real store and without a hub: what the spawner and the agent ask, what people see."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hub.checks.slots import wrong
from hub.cli_gpus import lines
from hub.gpu_seen import Device, Holder, Seen
from hub.gpus import Reason, Reservation
from hub.services import gpus
from hub.services.gpu_inventory import inventory
from hub.services.gpu_view import as_data, view
from hub.services.metrics import Collector
from hub.services.state import HubSilent, State

A, B = "GPU-aaaaaaaa-0000-1111-2222-333333333333", "GPU-bbbbbbbb-0000-1111-2222-333333333333"
GIB = 2**30
SETTINGS = """
data: {data}
reserve: 1M
gpus: {{slots: {{left: {{device: {a}}}, right: {{device: {b}, memory: 8G}}}}}}
courses: {{nn: {{title: N, gpu_image: base}}, ml: {{title: M, gpu_image: base}}}}
"""
DEVICES = tuple(Device(uuid, "NVIDIA T4", 16 * GIB, 0, uuid) for uuid in (A, B))
SEEN = Seen("615.10", devices=DEVICES)


class Clock(State):
    """The service with a clock that is moved by hand."""

    moved = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 11, 2, 12, tzinfo=UTC) + self.moved


@pytest.fixture
def service(tmp_path: Path) -> State:
    config = tmp_path / "hub.yaml"
    config.write_text(SETTINGS.format(data=tmp_path / "data", a=A, b=B), encoding="utf-8")
    return Clock.open(config, "http://127.0.0.1:9")


def pass_time(service: State, minutes: float) -> None:
    assert isinstance(service, Clock)
    service.moved += timedelta(minutes=minutes)


def begin(service: State, person: str) -> Holder:
    """Have a server with a GPU; its container as the agent sees it."""
    told = gpus.take(service, person, "nn")
    gpus.leases(service).started(person, service.now())
    return Holder(f"id-{person}", person, person, "gpu-nn", (told["device"],), running=True)


def test_spawner_gets_a_slot_and_then_the_sentence_that_all_are_lent(service: State) -> None:
    first, second = (gpus.take(service, name, "nn") for name in ("asha", "bela"))
    assert {first["device"], second["device"]} == {A, B}
    assert gpus.take(service, "asha", "nn")["device"] == first["device"], "asked again it is the same"
    assert "You have a place in the queue" in gpus.take(service, "cem", "nn")["why"]
    assert "You have a GPU in the course 'nn'" in gpus.take(service, "asha", "ml")["why"]


def test_end_of_a_server_frees_its_slot_and_the_next_has_an_offer_at_once(service: State) -> None:
    begin(service, "asha")
    begin(service, "bela")
    gpus.take(service, "cem", "nn")
    pass_time(service, 5)
    gpus.server_ended(service, "asha", "gpu-nn", "stopped", service.now())
    found = view(service, "cem", "nn")
    assert (found.state, found.lease and found.lease.slot) == ("offered", "left")
    assert view(service, "asha", "nn").ended is None, "who handed it back knows"


@pytest.mark.parametrize(
    ("reason", "why"), [("stopped", Reason.RETURNED), ("memory", Reason.SERVER), ("fault", Reason.SERVER)]
)
def test_how_a_server_ended_is_how_its_lease_ended(service: State, reason: str, why: Reason) -> None:
    begin(service, "asha")
    gpus.server_ended(service, "asha", "gpu-nn", reason, service.now())
    last = gpus.lent(service).last_end("asha")
    assert last is not None
    assert last.reason is why


def test_end_of_another_or_an_older_server_ends_no_lease(service: State) -> None:
    gpus.take(service, "asha", "nn")
    for server, at in (
        ("nn", service.now()),
        ("gpu-ml", service.now()),
        ("gpu-nn", service.now() - timedelta(minutes=1)),
    ):
        gpus.server_ended(service, "asha", server, "stopped", at)
    assert view(service, "asha", "nn").state == "starting"


def test_who_leaves_a_course_leaves_its_queue_and_what_is_offered_there(service: State) -> None:
    for name in ("asha", "bela"):
        begin(service, name)
    for name in ("cem", "dora"):
        gpus.take(service, name, "nn")
    gpus.server_ended(service, "asha", "gpu-nn", "stopped", service.now() + timedelta(seconds=2))
    gpus.forget(service, "cem", "ml")
    assert view(service, "cem", "nn").state == "offered"
    gpus.forget(service, "cem", "nn")
    gpus.forget(service, "dora", "nn")
    assert [view(service, name, "nn").state for name in ("cem", "dora")] == ["none", "none"]


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
    text = service.config.read_text(encoding="utf-8").replace("left:", "first:")
    service.config.write_text(text, encoding="utf-8")
    service.changed_at = 0
    service.reload()
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


def test_start_that_comes_late_or_twice_has_its_whole_time(service: State) -> None:
    gpus.take(service, "asha", "nn")
    pass_time(service, 4.9)
    gpus.take(service, "asha", "nn")
    pass_time(service, 4)
    gpus.advance(gpus.leases(service), service.now())
    assert gpus.leases(service).started("asha", service.now())


def test_start_whose_lease_is_gone_is_told_so_and_costs_no_hours(service: State) -> None:
    gpus.take(service, "asha", "nn")
    pass_time(service, 3)
    gpus.not_started(service, "asha", "gpu-ml")
    assert view(service, "asha", "nn").state == "starting"
    gpus.not_started(service, "asha", "gpu-nn")
    assert not gpus.leases(service).started("asha", service.now())
    assert view(service, "asha", "nn").used == 0


def test_offer_stands_its_whole_time_after_the_service_was_away(service: State) -> None:
    for name in ("asha", "bela"):
        begin(service, name)
    gpus.take(service, "cem", "nn")
    gpus.server_ended(service, "asha", "gpu-nn", "administrator", service.now())
    assert view(service, "cem", "nn").state == "waiting", "whoever ends servers from outside may be stopping everything"
    gpus.advance(gpus.leases(service), service.now())
    pass_time(service, 60)
    gpus.leases(service).offer_again(service.now())
    gpus.advance(gpus.leases(service), service.now())
    assert view(service, "cem", "nn").state == "offered"


def test_wait_behind_an_offer_counts_the_lease_that_follows(service: State) -> None:
    for name in ("asha", "bela", "cem", "dora"):
        gpus.take(service, name, "nn")
    gpus.leases(service).end("asha", Reason.RETURNED, service.now())
    gpus.leases(service).freed("asha", service.now())
    gpus.advance(gpus.leases(service), service.now())
    wait = view(service, "dora", "nn").wait
    assert wait is not None
    assert wait.least >= timedelta(hours=1)


async def test_reservations_and_tickets_of_a_course_without_gpus_are_given_up(
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
    text = service.config.read_text(encoding="utf-8").replace("nn: {title: N, gpu_image: base}", "nn: {title: N}")
    service.config.write_text(text, encoding="utf-8")
    service.changed_at = 0
    service.reload()
    monkeypatch.setattr(service, "server_state", _closed)
    await gpus.step(service)
    assert lent.reserved(service.now()) == []
    assert view(service, "cem", "nn").state == "none"


def test_doctor_tells_of_a_slot_with_trouble_and_of_a_silent_agent(service: State) -> None:
    told = [one.wrong for one in wrong(inventory(service))]
    assert len(told) == 1
    assert "The agent has told nothing lately" in told[0]
    gpus.saw(service, replace(SEEN, devices=DEVICES[:1]))
    assert [one.wrong for one in wrong(inventory(service))] == [
        "The GPU slot 'right' is lent to nobody: this machine has no such GPU now."
    ]


def test_person_sees_place_and_range_then_memory_and_hours(service: State) -> None:
    hers = replace(begin(service, "asha"), used=3 * GIB)
    begin(service, "bela")
    gpus.take(service, "cem", "nn")
    waits = as_data(view(service, "cem", "nn"), service.now())
    assert (waits["state"], waits["place"], waits["least_minutes"], waits["most_minutes"]) == ("waiting", 1, 60, 180)
    pass_time(service, 30)
    gpus.saw(service, replace(SEEN, holders=(hers, replace(hers, person="bela", devices=(B,)))))
    told = as_data(view(service, "asha", "nn"), service.now())
    assert (told["state"], told["used"], told["memory"], told["name"]) == ("active", 3 * GIB, 16 * GIB, "NVIDIA T4")
    assert told["hours"] == {"used": 0.5, "of": 6}
    assert not told["renewable"], "somebody waits"


def test_administrator_sees_slots_queue_and_whether_the_agent_speaks(service: State) -> None:
    hers = replace(begin(service, "asha"), used=GIB, computes=True)
    gpus.saw(service, replace(SEEN, holders=(hers,), devices=DEVICES[:1]))
    gpus.take(service, "bela", "nn")
    told = _as_json(inventory(service))
    said = "\n".join(lines(told, "UTC"))
    assert "asha in nn until Monday 2 November 2026, 15:00 UTC, 1.0 GB used, computes" in said
    assert "this machine has no such GPU now" in said
    assert "1. bela in nn since" in said
    assert "driver 615.10" in said
    pass_time(service, 5)
    assert "the agent has told nothing lately" in "\n".join(lines(_as_json(inventory(service)), "UTC"))


def _as_json(told: Any) -> Any:
    return json.loads(json.dumps(told, default=str))


def test_prometheus_is_told_in_base_units_and_without_names_of_people(service: State) -> None:
    hers = replace(begin(service, "asha"), used=GIB)
    gpus.saw(service, replace(SEEN, holders=(hers,)))
    registry = CollectorRegistry()
    registry.register(Collector(service))
    told = generate_latest(registry).decode()
    assert 'campushub_gpu_slot{slot="left",state="active"} 1.0' in told
    assert 'campushub_gpu_memory_used_bytes{slot="left"} 1.073741824e+09' in told
    assert "campushub_gpu_agent_up 1.0" in told
    assert "asha" not in told
