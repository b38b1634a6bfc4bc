"""A student at a browser: no GPU is free, a ticket, the offer, the claim, a warning in JupyterLab, handed back.

No GPU is involved: the devices are made up, and a library stands in NVML's place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit
from tests.gpu.made_up import MadeUpGpus
from tests.gpu.test_lending import PAGE, hub, press, start
from tests.instance import Instance

__all__ = ["hub"]  # a fixture of those tests
LONG = 120_000  # milliseconds: a server starts, an offer comes, an idle GPU is warned of


@pytest.fixture
def visit(browser: Browser, hub: Instance) -> Iterator[Callable[[], Visit]]:
    """The student at a new browser, each time."""
    opened: list[Visit] = []

    def open_one() -> Visit:
        opened.append(Visit(browser, hub, "student2"))
        opened[-1].sign_in()
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def card(page: Page) -> str:
    return page.get_by_role("region", name="A first course").inner_text()


def test_student_waits_claims_works_is_warned_and_hands_back(
    visit: Callable[[], Visit], hub: Instance, gpus: MadeUpGpus
) -> None:
    for name in ("asha", "student"):
        start(hub.person(name))
    first = visit()
    assert "All 2 GPUs are lent, nobody waiting" in card(first.page)
    first.page.get_by_role("button", name="Start with a GPU").click()
    expect(first.page.get_by_text("You are number 1 in the queue.")).to_be_visible()
    expect(first.page.get_by_role("link", name="Use the CPU meanwhile")).to_be_visible()
    first.shot("gpu-waiting", ours=True)
    first.context.close()

    student = visit()
    page = student.page
    assert "Number 1 in the queue for a GPU" in card(page), "the ticket outlives the browser"
    student.shot("gpu-courses", ours=True)
    student.open(PAGE)
    press(hub.person("asha"), "return")
    expect(page.get_by_role("heading", name="It is your turn: a GPU is kept for you")).to_be_visible(timeout=LONG)
    student.shot("gpu-offered", ours=True)
    page.get_by_role("button", name="Start with the GPU").click()
    page.wait_for_url("**/user/student2/gpu-demo/**", timeout=LONG)
    status = page.locator(".campushub-gpu button")
    expect(status).to_contain_text("until", timeout=LONG)
    student.shot("gpu-lab")

    expect(page.get_by_text("Nothing has computed on your GPU for a while").first).to_be_visible(timeout=LONG)
    student.shot("gpu-warned-lab")
    student.open(PAGE)
    expect(page.get_by_role("alert")).to_contain_text("It ends in")
    student.shot("gpu-warned", ours=True)
    page.get_by_role("button", name="Hand it back now").click()
    expect(page.get_by_role("heading", name="A GPU for A first course")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Start with a GPU")).to_be_visible()
    student.shot("gpu-handed-back", ours=True)
