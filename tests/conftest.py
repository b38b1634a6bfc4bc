"""What every test may use: the one instance of the run and one Chromium, each started when the first test asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.instance import Instance, Person, running
from tests.own_network import own_network

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

settings.register_profile("campushub", deadline=None, database=None)  # a busy machine is no fault, and nothing is kept
settings.load_profile("campushub")
expect.set_options(timeout=30_000)  # milliseconds; the same for what a page is to show


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with own_network(CHROMIUM) as network:
        flags = [*FLAGS, f"--host-resolver-rules=MAP localhost {network.machine}"]
        chromium = playwright.chromium.launch(executable_path=network.program, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    with running() as found:
        yield found


@pytest.fixture
def student(instance: Instance) -> Person:
    """A student of the course `demo` whose server runs."""
    return with_server(instance, "student", "demo")


@pytest.fixture
def student2(instance: Instance) -> Person:
    return with_server(instance, "student2", "demo")


@pytest.fixture
def teacher(instance: Instance) -> Person:
    """The instructor of `demo`, whose grading server runs. In the course `second` the same person is a student."""
    return with_server(instance, "teacher", "grade-demo")


def with_server(instance: Instance, name: str, server: str) -> Person:
    person = instance.person(name)
    if not person.ready(server):
        person.start(server)
    return person
