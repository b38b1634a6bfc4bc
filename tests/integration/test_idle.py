"""What counts as use of a server: a silent cell does, a page that only asks for news does not."""

from __future__ import annotations

import time

from tests.homes import close, session
from tests.instance import Instance, text_of
from tests.integration.test_ends import SILENT
from tests.integration.test_limits import settings_with


def test_silent_cell_keeps_its_server_and_an_open_page_or_none_does_not(instance: Instance) -> None:
    """One server has a cell and a page, the other has neither: it ends meanwhile."""
    person, nobody = instance.person("outsider"), instance.person("lena")
    for one in (person, nobody):
        close(one)  # a server knows its minutes from its start
    with settings_with(instance, "reserve: 200M", "reserve: 200M\nidle_minutes: 1"):
        for one in (nobody, person):  # the one with the cell last, so that it does not wait for the other
            one.start("second")
        person.inside("second", SILENT)
        began = time.monotonic()
        while time.monotonic() - began < 85:  # a page that polls, while a cell computes without a word
            assert not session(person)["use"]["asked"]
            time.sleep(5)
        until, asked = time.monotonic() + 120, False
        while person.ready("second"):
            answer = person.get("/user/outsider/second/campushub/session")
            asked = asked or (answer.ok and answer.json()["use"]["asked"])
            person.get("/user/outsider/second/api/kernels")
            assert time.monotonic() < until, "it is asked for news for ever, and runs for ever"
            time.sleep(2)
        assert asked, "it ended without a question"
        for one in (person, nobody):
            while "nobody had used it for a while" not in (page := text_of(one.get("/courses/second/server").text)):
                assert time.monotonic() < until, page
                time.sleep(1)
        assert "nobody had used it for a while" in text_of(nobody.get("/courses/").text)
