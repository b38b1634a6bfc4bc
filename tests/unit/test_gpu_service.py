"""Lending as the service does it, with a real store and without a hub: what the spawner and the agent ask, what people see."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hub.cli_gpus import lines
from hub.gpu_seen import Device, Holder, Seen
from hub.gpus import Reason
from hub.services import gpus
from hub.services.gpu_inventory import inventory
from hub.services.gpu_view import as_data, view
from hub.services.metrics import Collector
from hub.services.state import State

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
