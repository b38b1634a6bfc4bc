"""When a server counts as unused: a day at a notebook, walked through in a moment."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from campushub_client import ending, idle
from campushub_client.idle import Rule, Use, Watch, news_in
from campushub_client.programs import LOOK_EVERY, SHARE, Programs, spent

from hub import ends
from hub.serverplan import activity_seconds
from hub.services.culler import patience, unused

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = Rule(timedelta(minutes=60))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


class Server:
    """A running server, as far as the watch looks at it."""

    def __init__(self) -> None:
        self.state, self.web_app = "idle", SimpleNamespace(settings={})
        self.kernel_manager: Any = self

    def list_kernel_ids(self) -> list[str]:
        return ["one"]

    def get_kernel(self, _: str) -> Any:
        return SimpleNamespace(execution_state=self.state)

    def add_restart_callback(self, *watched: object) -> None:
        assert watched[-1] == "dead"


class Day:
    """A clock that is moved by hand, and the watch that reads it."""

    def __init__(self, rule: Rule = HOUR) -> None:
        self.now, self.server = NOON, Server()
        self.watch = Watch(self.server, rule, clock=lambda: self.now)

    def after(self, number: float) -> bool:
        self.now = NOON + minutes(number)
        return bool(self.watch.look())


def test_person_is_asked_five_minutes_before_the_end() -> None:
    day = Day()
    assert not day.after(54.9)
    assert not day.watch.told()["asked"]
    assert not day.after(55)
    assert day.watch.told()["asked"]
    assert day.watch.told()["ends_at"] == (NOON + minutes(60)).isoformat()
    assert not day.after(59.9)
    assert day.after(60)


def test_who_answers_stays() -> None:
    day = Day()
    day.after(55)
    day.watch.used()
    assert not day.after(60)
    assert not day.after(109)
    assert not day.watch.told()["asked"]
    day.after(110.5)
    assert day.watch.told()["asked"]


def test_notebook_that_computes_in_silence_is_used() -> None:
    day = Day()
    day.server.state = "busy"
    for hour in range(1, 49):
        assert not day.after(hour * 60)
    assert day.server.web_app.settings[idle.ACTIVITY] == day.now, "the hub is told, so that its culler knows"
    day.server.state = "idle"
    assert not day.after(48 * 60 + 55)
    assert day.after(48 * 60 + 60)


def test_machine_that_slept_asks_before_it_ends_a_server() -> None:
    day = Day()
    assert not day.after(600)
    assert day.watch.told()["ends_at"] == (NOON + minutes(605)).isoformat()
    assert day.after(605)


@pytest.mark.parametrize(("limit", "warning"), [(1, 0.25), (10, 2.5), (20, 5), (60, 5), (1440, 5)])
def test_warning_is_a_quarter_of_the_time_and_five_minutes_at_most(limit: float, warning: float) -> None:
    rule = Rule(minutes(limit))
    assert rule.warning == minutes(warning)
    assert rule.tell_seconds * 2 < (rule.limit - rule.warning).total_seconds(), "who works is not asked"


def test_open_page_asks_when_there_is_something_to_hear() -> None:
    use = Use(last=NOON)
    assert news_in(use, NOON, HOUR) == idle.SLOWEST_NEWS
    assert news_in(use, NOON + minutes(54.8), HOUR) == pytest.approx(12.5)
    assert news_in(use.at(NOON + minutes(55), HOUR), NOON + minutes(55), HOUR) == idle.QUICKEST_NEWS


def test_without_a_setting_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMPUSHUB_IDLE_MINUTES", raising=False)
    assert Rule.from_environment() is None
    monkeypatch.setenv("CAMPUSHUB_IDLE_MINUTES", "60")
    assert Rule.from_environment() == HOUR


@pytest.mark.parametrize("limit", [1, 5, 30, 60, 1440])
def test_hub_waits_longer_than_the_server_that_asks(limit: int) -> None:
    """The hub may know of the last use as late as a message of activity is under way."""
    assert patience(limit) > limit * 60 + 1.1 * activity_seconds(limit) + 60


def test_hub_and_server_mean_the_same_exit_codes() -> None:
    assert ending.IDLE_CODE == ends.IDLE_CODE
    assert ending.TERMINATED_CODE == ends.TERMINATED


def test_page_that_asks_for_ever_is_no_use_and_writing_is() -> None:
    day = Day()
    note = day.watch._noting(lambda _: None)

    def request(method: str, accept: str = "application/json", *, tracked: bool = True, known: bool = True) -> Any:
        asked = SimpleNamespace(method=method, headers={"Accept": accept})
        return SimpleNamespace(request=asked, _jupyter_current_user=known or None, _track_activity=tracked)

    day.now = NOON + minutes(10)
    for quiet in (request("GET"), request("POST", tracked=False), request("PUT", known=False)):
        note(quiet)
    assert day.watch.use.last == NOON
    note(request("PUT"))
    assert day.watch.use.last == day.now
    day.now = NOON + minutes(20)
    note(request("GET", "text/html,*/*"))
    assert day.watch.use.last == day.now


def test_server_with_a_gpu_is_left_to_its_lease() -> None:
    day = minutes(24 * 60)
    assert unused(inactive=day, inactive_limit=3600, server={"name": "nn"})
    assert not unused(inactive=day, inactive_limit=3600, server={"name": "gpu-nn"})
    assert not unused(inactive=minutes(10), inactive_limit=3600, server={"name": "nn"})


def test_program_in_a_terminal_that_computes_is_use() -> None:
    day, used = Day(), {1: 0.0, 7: 0.0}
    day.watch.programs = Programs(lambda: used)
    for minute in range(90):
        used[7] += 30.0  # half of the time
        assert not day.after(minute)
    assert not day.watch.told()["asked"]


def test_many_short_programs_are_use_as_one_long_is() -> None:
    day, used = Day(), {1: 0.0}
    day.watch.programs = Programs(lambda: used)
    for minute in range(90):
        used = {1: used[1], 100 + minute: 25.0}  # another one each time
        assert not day.after(minute)
    assert not day.watch.told()["asked"]


def test_programs_that_wait_are_no_use() -> None:
    day, used = Day(), {1: 0.0, 7: 0.0}
    day.watch.programs = Programs(lambda: used)
    for minute in range(59):
        used[7] += 0.5
        day.after(minute)
    assert day.watch.told()["asked"]


def test_processor_time_of_a_real_program_is_counted() -> None:
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        programs = Programs()
        assert not programs.compute(0)
        until = time.monotonic() + 10
        while spent()[child.pid] < LOOK_EVERY * SHARE and time.monotonic() < until:
            time.sleep(0.1)
        assert programs.compute(LOOK_EVERY)
    finally:
        child.kill()
        child.wait()
