"""Documentation on the machine: anybody reads it, it is kept for good, it is of the versions that notebooks have, every link leads somewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.instance import Instance, Person
from tests.links import lost_links
from tests.world import with_pages

FOR_GOOD = "public, max-age=31536000, immutable"
SANDBOX = "sandbox allow-scripts allow-popups allow-forms allow-top-navigation-by-user-activation"
SEEN_INSIDE = """
    import importlib.metadata, json, platform
    found = {one.metadata["Name"].lower(): one.version for one in importlib.metadata.distributions()}
    print(json.dumps(found | {"python": platform.python_version()}))
"""


@pytest.fixture
def folder(instance: Instance) -> Path:
    """The documentation of the image base."""
    known = json.loads((instance.data / "config" / "docs.json").read_text(encoding="utf-8"))
    found: Path = instance.data / "docs" / known["base"]
    return found


def without_cookie(instance: Instance, path: str) -> requests.Response:
    return requests.get(instance.url + path, verify=instance.trusted, timeout=60, allow_redirects=False)


def test_page_answers_anybody_and_browsers_keep_it_for_good(instance: Instance, folder: Path) -> None:
    for path in ("index.html", "python/library/bisect.html", "pagefind/pagefind.js", "docs.css"):
        answer = without_cookie(instance, f"/docs/{folder.name}/{path}")
        assert answer.status_code == 200, path
        assert answer.headers["Cache-Control"] == FOR_GOOD
        assert answer.headers["Content-Encoding"] in ("gzip", "zstd") or len(answer.content) < 1000
        assert "Set-Cookie" not in answer.headers
    assert "Array bisection" in without_cookie(instance, f"/docs/{folder.name}/python/library/bisect.html").text


def test_page_has_nothing_of_the_hubs_rights(instance: Instance, folder: Path) -> None:
    for path, status in ((f"/docs/{folder.name}/index.html", 200), ("/docs/gone.html", 404), ("/docs/", 200)):
        rights(without_cookie(instance, path), status)


def rights(answer: requests.Response, status: int = 200) -> None:
    """Read by anybody, and trusted with nothing."""
    assert (answer.status_code, answer.headers["Content-Security-Policy"]) == (status, SANDBOX), answer.url
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_archive_of_a_course_is_read_from_its_card_and_gone_when_nobody_asks_for_it(instance: Instance) -> None:
    pages = {"index.html": "<h1>A handbook</h1><a href='deep/plot.html'>Plots</a>", "deep/plot.html": "<h1>Plots</h1>"}
    learner = instance.person("lena")
    with with_pages(instance, "second", pages) as address:
        until(lambda: f'href="{address}index.html">A handbook' in learner.get("/courses/second/").text)
        assert address not in instance.person("student").get("/courses/demo/").text
        for path, text in (("", "A handbook"), ("index.html", "A handbook"), ("deep/plot.html", "Plots")):
            answer = without_cookie(instance, address + path)
            rights(answer)
            assert text in answer.text
            assert answer.headers["Cache-Control"] == FOR_GOOD
    assert without_cookie(instance, f"{address}index.html").status_code == 404
    until(lambda: "A handbook" not in learner.get("/courses/second/").text)


def until(settled: Callable[[], bool], seconds: float = 30) -> None:
    """The service takes up what changed in the settings."""
    ends = time.monotonic() + seconds
    while not settled():
        assert time.monotonic() < ends
        time.sleep(0.5)


def test_what_can_change_is_asked_for_again_and_a_lost_page_says_where_to_go(instance: Instance, folder: Path) -> None:
    newest = without_cookie(instance, "/docs/base/")
    assert (newest.status_code, newest.headers["Cache-Control"]) == (200, "no-cache")
    assert f"../{folder.name}/index.html" in newest.text
    lost = without_cookie(instance, "/docs/base-000000000000/index.html")
    assert (lost.status_code, lost.headers["Cache-Control"]) == (404, "no-store")
    assert "href=/docs/" in lost.text


@pytest.mark.parametrize("path", ["/docs/../front/pki/authorities/local/root.key", "/docs/%2e%2e/%2e%2e/etc/passwd"])
def test_path_of_documentation_leads_nowhere_else(instance: Instance, path: str) -> None:
    session = requests.Session()
    asked = requests.Request("GET", instance.url + "/").prepare()
    asked.url = instance.url + path  # as it stands: requests would tidy it
    answer = session.send(asked, verify=instance.trusted, timeout=60, allow_redirects=False)
    assert b"PRIVATE KEY" not in answer.content
    assert b"root:" not in answer.content


def test_versions_are_those_of_the_notebooks(instance: Instance, folder: Path, student: Person) -> None:
    inside = json.loads(student.inside("demo", SEEN_INSIDE))
    told = json.loads((folder / "docs.json").read_text(encoding="utf-8"))
    assert told["libraries"]
    for one in told["libraries"]:
        assert one["version"] == inside[one["name"]], one["title"]


def test_student_is_led_to_it_from_the_course_and_from_jupyterlab(
    instance: Instance, folder: Path, student: Person
) -> None:
    address = f"/docs/{folder.name}/"
    assert f'href="{address}"' in student.get("/courses/demo/").text
    assert f'"campushubDocs": "{address}"' in student.get("/user/student/demo/lab").text


def test_every_link_of_every_page_leads_to_a_page(folder: Path) -> None:
    assert len(list(folder.rglob("*.html"))) > 400
    lost = lost_links(folder)
    assert not lost, lost[:20]
