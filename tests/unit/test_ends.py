"""Why a server ended, and what of its log a person may see."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from hub.end_notes import asked_by
from hub.ends import REASONS, Asked, ended_at, readable, reason


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"ExitCode": 137, "OOMKilled": True}, "memory"),
        ({"ExitCode": 137, "OOMKilled": False}, "fault"),
        ({"ExitCode": 1, "OOMKilled": False}, "fault"),
        ({"ExitCode": 91, "OOMKilled": False}, "idle"),
        ({"ExitCode": 143, "OOMKilled": False}, "administrator"),
        ({"ExitCode": 255, "OOMKilled": False}, "administrator"),
        ({}, "administrator"),
        ({"ExitCode": 0, "OOMKilled": False}, "stopped"),
    ],
)
def test_end_that_nobody_asked_the_hub_for_is_read_from_the_container(state: dict[str, object], why: str) -> None:
    assert reason(state, asked=None, came_up=True) == why
    assert why in REASONS


def test_kernel_that_ran_out_of_memory_in_the_morning_is_not_why_the_server_ended_in_the_evening() -> None:
    assert reason({"ExitCode": 91, "OOMKilled": True}, asked=None, came_up=True) == "idle"
    assert reason({"ExitCode": 143, "OOMKilled": True}, asked=Asked.PERSON, came_up=True) == "stopped"


@pytest.mark.parametrize(
    ("asked", "why"),
    [(Asked.PERSON, "stopped"), (Asked.CULLER, "idle"), (Asked.ADMINISTRATOR, "administrator")],
)
def test_who_asked_the_hub_decides(asked: Asked, why: str) -> None:
    assert reason({"ExitCode": 143}, asked=asked, came_up=True) == why


def test_server_that_never_answered_failed_to_start() -> None:
    assert reason({"ExitCode": 1}, asked=None, came_up=False) == "start"
    assert reason({"ExitCode": 0}, asked=None, came_up=False) == "start"
    assert reason({"ExitCode": 137, "OOMKilled": True}, asked=None, came_up=False) == "memory"


@pytest.mark.parametrize(
    "line",
    [
        "GET /user/asha/demo/api?token=0123456789abcdef 200",
        "Authorization: token 0123456789abcdef",
        "{'Authorization': 'Bearer 0123456789abcdef'}",
        "JUPYTERHUB_API_TOKEN=0123456789abcdef",
        "302 GET /oauth_callback?code=0123456789abcdef&state=0123456789abcdef",
        'Set-Cookie: "0123456789abcdef"',
        "Setting new xsrf cookie for b'0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef'",
        "the spawner's own 0123456789abcdef stands alone",
    ],
)
def test_no_secret_is_shown(line: str) -> None:
    assert "0123456789abcdef" in line
    (shown,) = readable([line], ["the spawner's own 0123456789abcdef"])
    assert "0123456789abcdef" not in shown


def test_log_is_shown_short_and_without_colours() -> None:
    shown = readable(["\x1b[31mred\x1b[0m", "x" * 9000, *(str(number) for number in range(100))])
    assert len(shown) == 40
    assert shown[-1] == "99"
    assert readable(["\x1b[31mred\x1b[0m"]) == ["red"]
    assert len(readable(["x" * 9000])[0]) == 500


def test_an_ordinary_line_stays_as_it_is() -> None:
    line = "MemoryError: Unable to allocate 7.45 GiB for an array with shape (1000000000,)"
    assert readable([line]) == [line]


def test_end_is_dated_by_docker() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    found = ended_at({"FinishedAt": "2026-11-21T11:59:30.123456789Z"}, now)
    assert found == datetime(2026, 11, 21, 11, 59, 30, tzinfo=UTC)
    assert ended_at({"FinishedAt": "0001-01-01T00:00:00Z"}, now) == now
    assert ended_at({}, now) == now


@pytest.mark.parametrize(
    ("kind", "name", "who"),
    [
        ("user", "asha", Asked.PERSON),
        ("service", "courses", Asked.ADMINISTRATOR),
        ("service", "culler", Asked.CULLER),
        ("user", "root-of-all", Asked.ADMINISTRATOR),
        ("user", "culler", Asked.ADMINISTRATOR),
        ("service", "another", Asked.ADMINISTRATOR),
    ],
)
def test_request_to_stop_a_server_is_known_by_whose_it_is(kind: str, name: str, who: Asked) -> None:
    assert asked_by(SimpleNamespace(kind=kind, name=name), "asha") == who


def test_service_says_in_whose_name_it_passes_a_request_on() -> None:
    service = SimpleNamespace(kind="service", name="courses")
    assert asked_by(service, "asha", "person") == Asked.PERSON
    assert asked_by(service, "asha", "culler") == Asked.CULLER
    assert asked_by(SimpleNamespace(kind="user", name="ravi"), "asha", "person") == Asked.ADMINISTRATOR


def test_what_an_open_page_asks_for_ever_does_not_hide_what_happened() -> None:
    news = "[I 2026-11-21 13:43:40.741 ServerApp] 200 GET /user/lena/second/api/sessions?1795268620079 (lena@198.19.120.1) 9ms"
    wrong = "[E 2026-11-21 13:43:39.100 ServerApp] 500 GET /user/lena/second/api/contents (lena@198.19.120.1) 9ms"
    assert readable([wrong, *[news] * 500]) == [wrong]
