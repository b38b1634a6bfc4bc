"""Lending as people, the spawner and the administrator meet it: with a real store and without a hub."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hub.checks.slots import wrong
from hub.cli_gpus import lines
from hub.gpus import Reason
from hub.services import gpus
from hub.services.gpu_inventory import inventory
from hub.services.gpu_view import as_data, view
from hub.services.metrics import Collector
from hub.services.state import State
from tests.lending_service import DEVICES, GIB, SEEN, A, B, begin, lending, pass_time


@pytest.fixture
def service(tmp_path: Path) -> State:
    return lending(tmp_path)


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


def test_doctor_tells_of_a_slot_with_trouble_and_of_a_silent_agent(service: State) -> None:
    told = [one.wrong for one in wrong(inventory(service))]
    assert len(told) == 1
    assert "The agent has told nothing lately" in told[0]
    gpus.saw(service, replace(SEEN, devices=DEVICES[:1]))
    assert [one.wrong for one in wrong(inventory(service))] == [
        "The GPU slot 'right' is lent to nobody: this machine has no such GPU now."
    ]
