"""What an administrator writes about GPUs, and what the rules are told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.gpu_policy import policy, slots
from hub.gpu_settings import Gpus
from hub.settings import Settings

A, B = "GPU-aaaaaaaa-0000-1111-2222-333333333333", "MIG-bbbbbbbb-0000-1111-2222-333333333333"
MONDAY = datetime(2026, 12, 7, 9, 30, tzinfo=UTC)


def gpus(**more: Any) -> Gpus:
    return Gpus.model_validate(more)


def test_parts_of_a_gpu_count_as_much_of_an_hour_as_they_are() -> None:
    found = slots(
        gpus(slots={"a": {"device": B}, "b": {"device": A, "memory": "11G"}, "c": {"device": A, "memory": "11G"}})
    )
    assert {one.name: one.share for one in found} == {"a": 1, "b": 0.5, "c": 0.5}


def test_parts_of_one_gpu_are_known_as_such() -> None:
    found = slots(gpus(slots={"a": {"device": B}}), {B: A})
    assert found[0].gpu == A


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"slots": {"a": {"device": "0"}}}, "nvidia-smi -L"),
        ({"slots": {"A b": {"device": A}}}, "slot's name"),
        ({"slots": {"a": {"device": A}, "b": {"device": A}}}, "give each of them its memory"),
        ({"periods": {"x": {"first_day": "2026-12-07", "last_day": "2026-12-01"}}}, "before first_day"),
        ({"periods": {"x": {"begins": "22:00", "ends": "06:00"}}}, "two periods"),
        ({"periods": {"x": {"begins": "nine"}}}, "time of day"),
        ({"periods": {"x": {"begins": "09:00+02:00"}}}, "time of day"),
    ],
)
def test_mistakes_are_told_with_their_remedy(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        gpus(**wrong)


def test_deadline_week_changes_terms_while_it_lasts() -> None:
    found = gpus(periods={"deadline": {"first_day": "2026-12-07", "last_day": "2026-12-13", "lease_hours": 1.5}})
    assert policy(found, "UTC", MONDAY).length == timedelta(hours=1.5)
    assert policy(found, "UTC", MONDAY - timedelta(days=1)).length == timedelta(hours=3)
    assert policy(found, "UTC", MONDAY + timedelta(days=7)).length == timedelta(hours=3)


def test_class_hours_are_those_of_the_campus_clock() -> None:
    found = gpus(periods={"classes": {"days": ["monday"], "begins": "15:00", "ends": "16:00", "idle_minutes": 40}})
    assert policy(found, "Asia/Kolkata", MONDAY).idle == timedelta(minutes=40), "it is 15:00 there"
    assert policy(found, "UTC", MONDAY).idle == timedelta(minutes=20)
    assert policy(found, "Asia/Kolkata", MONDAY + timedelta(days=1)).idle == timedelta(minutes=20)


def test_course_has_gpus_only_with_an_image_for_them_and_slots() -> None:
    courses = {"nn": {"title": "N", "gpu_image": "torch-gpu"}, "ml": {"title": "M"}}
    with_slots = Settings.model_validate({"gpus": {"slots": {"a": {"device": A}}}, "courses": courses})
    assert (with_slots.lends_to("nn"), with_slots.lends_to("ml"), with_slots.lends_to("xx")) == (True, False, False)
    assert not Settings.model_validate({"courses": courses}).lends_to("nn")
    assert with_slots.images == ["base", "torch-gpu"]
