"""People at browsers of their own: no request to another host, a screenshot of every step kept, and axe on every page of ours."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, TimeoutError

from tests.instance import OWN_PASSWORD, RESULTS, Instance

SERIOUS = {"serious", "critical"}
LONG = 90_000  # milliseconds, for a server that starts


class Visit:
    """A person at a browser of their own."""

    def __init__(self, browser: Browser, instance: Instance, name: str) -> None:
        self.instance, self.name, self.count = instance, name, 0
        # Chromium has no list of authorities of its own that could be set; tests/operation verifies the certificate.
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 800}, accept_downloads=True, ignore_https_errors=True
        )
        self.page: Page = self.context.new_page()
        self.foreign: list[str] = []
        self.also: tuple[str, ...] = ()  # addresses beside the hub's that this visit leads to
        self.page.on("request", lambda request: self._look(request.url))

    def _look(self, url: str) -> None:
        own = (self.instance.url, "data:", "blob:", self.instance.url.replace("http", "ws"))
        if not url.startswith((*own, *self.also)):
            self.foreign.append(url)

    def sign_in(self) -> None:
        """Sign in, with the first password if it still is that, and choose one of their own."""
        self.open("/")
        self.shot("sign-in", ours=True)
        self._fill(OWN_PASSWORD)
        if "/courses/" not in self.page.url:
            self.open("/")
            self._fill(self.instance.first_password(self.name))
        if self.page.url.endswith("/courses/password"):
            self.shot("own-password", ours=True)
            self.page.get_by_label("New password", exact=True).fill(OWN_PASSWORD)
            self.page.get_by_label(re.compile("again", re.IGNORECASE)).fill(OWN_PASSWORD)
            self.page.locator("main button").click()
        self.page.wait_for_url("**/courses/")

    def open(self, path: str) -> None:
        """Go to a page of the hub."""
        self.page.goto(self.instance.url + path)

    def choose(self, menu: str, entry: str | re.Pattern[str]) -> None:
        """Choose an entry of a menu of JupyterLab, opened again while a page that still comes up closes it."""
        item = self.page.get_by_role("menuitem", name=entry, exact=True)
        for patience in (5_000, 5_000, 60_000):  # milliseconds
            self.page.get_by_role("menuitem", name=menu, exact=True).click(timeout=LONG)
            try:
                item.click(timeout=patience)
            except TimeoutError:
                self.page.keyboard.press("Escape")
            else:
                return
        raise AssertionError(f"{menu} has no {entry}")

    def _fill(self, password: str) -> None:
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password").fill(password)
        with self.page.expect_navigation(timeout=LONG):
            self.page.get_by_role("button", name="Sign in").click()

    def shot(self, step: str, *, ours: bool = False) -> None:
        """Keep a picture; a page of ours must have nothing that axe calls serious."""
        self.count += 1
        RESULTS.mkdir(exist_ok=True)
        self.page.screenshot(path=RESULTS / f"{self.name}-{self.count:02}-{step}.png")
        if ours:
            found = Axe().run(self.page).response["violations"]
            serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
            assert not serious, f"{step}: {serious}"

    def close(self) -> None:
        self.context.close()
        assert not self.foreign, f"asked another host: {self.foreign}"


@contextmanager
def held_back(page: Page, address: str | re.Pattern[str], method: str = "GET") -> Iterator[list[Route]]:
    """What a page asks for at an address has no answer before this ends; the list of what was asked, as it grows."""
    late: list[Route] = []
    page.route(address, lambda route: late.append(route) if route.request.method == method else route.continue_())
    yield late
    for route in late:
        route.continue_()
    page.unroute(address)


def wait_for_one(page: Page, late: list[Route]) -> None:
    while not late:
        page.wait_for_timeout(100)


@pytest.fixture
def visit(browser: Browser, instance: Instance) -> Iterator[Callable[[str], Visit]]:
    """JupyterLab opens nothing again of what another test had in its tabs, which could ask for a kernel."""
    for tabs in (instance.data / "homes").glob("*/.jupyter/lab/workspaces"):
        shutil.rmtree(tabs, ignore_errors=True)
    opened: list[Visit] = []

    def open_as(name: str) -> Visit:
        opened.append(Visit(browser, instance, name))
        opened[-1].sign_in()
        return opened[-1]

    yield open_as
    for one in opened:
        one.close()
