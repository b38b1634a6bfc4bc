"""An instructor reads what the notebooks would fetch, and takes the lines for the administrator along."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.downloads import material_that_fetches


def test_instructor_reads_what_is_wanting_and_what_to_give_to_the_administrator(visit: Callable[[str], Visit]) -> None:
    teacher = visit("teacher")
    page = teacher.page
    with material_that_fetches(teacher.instance):
        teacher.open("/courses/demo/")
        page.get_by_role("link", name="Downloads of A first course").click()
        expect(page.get_by_role("status")).to_contain_text("5 downloads, 4 of them NOT there.")
        lines = page.get_by_label("Lines for config/hub.yaml")
        expect(lines).to_contain_text('source: "https://data.example.edu/weather/light.csv"')
        expect(page.get_by_role("table", name="Downloads that work")).to_contain_text("/data/penguins/penguins.csv")
        teacher.shot("downloads", ours=True)
        page.set_viewport_size({"width": 390, "height": 800})
        teacher.shot("downloads-on-a-telephone", ours=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
