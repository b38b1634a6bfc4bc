"""Handing in over a bad link, in real Chromium: pressed twice, from two tabs, offline for a while, slowly, with the answer
lost; no receipt too many."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Visit
from tests.coursework import hand_out
from tests.homes import in_home
from tests.http_loop import ask
from tests.instance import Instance

Open = Callable[[str], Visit]
LONG = 90_000
NAME, LOST = "over-a-bad-link", "answer-lost"
HOSTEL = {
    "offline": False,
    "latency": 800,
    "downloadThroughput": 30_000,
    "uploadThroughput": 15_000,
}  # ms, bytes a second


def panel_of(page: Page, name: str = NAME) -> Locator:
    expect(page.locator(".campushub-panel")).to_be_visible(timeout=LONG)
    return page.locator(".campushub-panel").get_by_role("region", name=name)


def submit(page: Page, name: str = NAME) -> Locator:
    return page.get_by_role("button", name=f"Submit {name}")


def attempts(instance: Instance, name: str = NAME) -> list[int]:
    """The attempts that the service has stored, as the panel is told."""
    listed = ask(instance.person("student"), "GET", "demo", "campushub/assignments").json()["assignments"]
    return [receipt["attempt"] for one in listed if one["name"] == name for receipt in one["receipts"]]


def test_every_press_that_is_answered_is_one_receipt(visit: Open, instance: Instance) -> None:
    hand_out(instance, NAME)
    student = visit("student")
    page = student.page
    page.get_by_role("link", name="Open A first course").click()
    mine = panel_of(page)
    page.get_by_role("button", name=f"Fetch {NAME}").click()
    expect(mine).to_contain_text("Fetched into", timeout=LONG)

    submit(page).dblclick()
    expect(mine).to_contain_text("Submitted: attempt 1", timeout=LONG)
    assert attempts(instance) == [1], "pressed twice"

    other = student.context.new_page()  # in a workspace without documents: one in two tabs is JupyterLab's to ask about
    other.goto(f"{instance.url}/user/student/demo/lab/workspaces/other")
    panel_of(other)
    submit(page).click()
    submit(other).click()
    for one in (page, other):
        expect(panel_of(one)).to_contain_text("Submitted: attempt", timeout=LONG)
    assert attempts(instance) == [1, 2, 3], "one from each tab"
    other.close()

    student.context.set_offline(True)  # as when the lid is closed: what is pressed meanwhile is told to be lost
    submit(page).click()
    expect(mine).to_contain_text("Your notebook server does not answer", timeout=LONG)
    student.shot("offline")
    student.context.set_offline(False)
    assert attempts(instance) == [1, 2, 3], "nothing was taken that was not answered"

    link = student.context.new_cdp_session(page)
    link.send("Network.enable")
    link.send("Network.emulateNetworkConditions", HOSTEL)
    submit(page).click()
    expect(submit(page)).to_be_disabled()
    expect(mine).to_contain_text("Submitted: attempt 4", timeout=LONG)
    assert attempts(instance) == [1, 2, 3, 4]


def lose_the_answer(page: Page) -> None:
    """Press Submit on a line that breaks once the server has stored what came."""

    def stored_and_lost(route: Route) -> None:
        assert route.fetch().ok
        route.abort()

    page.route(re.compile("/campushub/submit"), stored_and_lost, times=1)
    submit(page, LOST).click()
    expect(panel_of(page, LOST)).to_contain_text("Your notebook server does not answer", timeout=LONG)


def test_press_whose_answer_is_lost_is_the_same_attempt_when_it_is_sent_again(visit: Open, instance: Instance) -> None:
    hand_out(instance, LOST)
    page = visit("student").page
    page.get_by_role("link", name="Open A first course").click()
    mine = panel_of(page, LOST)
    # Not opened: JupyterLab writes into a notebook as soon as its Python is there, which would be another file.
    ask(instance.person("student"), "POST", "demo", "campushub/fetch", {"name": LOST})
    page.get_by_role("button", name="Look again").click()

    lose_the_answer(page)
    submit(page, LOST).click()
    expect(mine).to_contain_text("Submitted: attempt 1", timeout=LONG)
    assert attempts(instance, LOST) == [1]

    lose_the_answer(page)
    in_home(instance.person("student"), f"echo more > assignments/demo/{LOST}/notes.txt")
    submit(page, LOST).click()
    expect(mine).to_contain_text("Submitted: attempt 3", timeout=LONG)
    assert attempts(instance, LOST) == [1, 2, 3], "other files are another attempt"
