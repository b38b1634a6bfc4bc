"""Handing in over a bad link, in real Chromium: pressed twice, from two tabs, offline for a while, slowly; no receipt too many."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.coursework import hand_out
from tests.http_loop import ask
from tests.instance import Instance

Open = Callable[[str], Visit]
LONG = 90_000
NAME = "over-a-bad-link"
HOSTEL = {
    "offline": False,
    "latency": 800,
    "downloadThroughput": 30_000,
    "uploadThroughput": 15_000,
}  # ms, bytes a second


def panel_of(page: Page) -> Locator:
    expect(page.locator(".campushub-panel")).to_be_visible(timeout=LONG)
    return page.locator(".campushub-panel").get_by_role("region", name=NAME)


def submit(page: Page) -> Locator:
    return page.get_by_role("button", name=f"Submit {NAME}")


def attempts(instance: Instance) -> list[int]:
    """The attempts that the service has stored, as the panel is told."""
    listed = ask(instance.person("student"), "GET", "demo", "campushub/assignments").json()["assignments"]
    return [receipt["attempt"] for one in listed if one["name"] == NAME for receipt in one["receipts"]]


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
