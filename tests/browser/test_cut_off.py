"""The line of the campus is down, and a student notices nothing: tour, documentation, material, data, an assignment, pip."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.coursework import RIGHT, hand_out, submit
from tests.homes import close, forget_lab
from tests.instance import Instance, Person
from tests.world import PENGUINS, World, cut_off, mirrored

Open = Callable[[str], Visit]
LONG = 90_000  # milliseconds
# Runs a notebook from top to bottom, as *Run All Cells* does.
RUN = """
import glob, json, os, nbformat
from nbclient import NotebookClient
os.chdir("/home/jovyan")
for path in {paths}:
    NotebookClient(nbformat.read(path, 4), timeout=120, kernel_name="python3").execute()
    print(path)
"""
READ = """
import json, urllib.request
print(json.dumps([len(urllib.request.urlopen({url!r}).read()), len(open("/data/penguins/penguins.csv").read())]))
try:
    urllib.request.urlopen("https://elsewhere.example/mnist.npz")
except OSError as refused:
    print(refused)
"""


@pytest.fixture(scope="module")
def world(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with mirrored(instance, "demo", tmp_path_factory.mktemp("upstream")) as found:
        yield found


@pytest.fixture
def person(instance: Instance, world: World) -> Iterator[Person]:
    """A student whose server starts while the line is down, and only after that was seen to be so."""
    found = instance.person("student2")
    close(found, "demo")
    forget_lab(found)
    hand_out(instance, "cut-off")
    assert "all as it should be" in world.sync(), "the sources answer as long as nothing is cut"
    with cut_off(instance):
        assert "unable to access" in world.sync(), "the cut does not cut"
        yield found
    close(found, "demo")
    forget_lab(found)


def test_student_works_a_day_without_a_network(visit: Open, person: Person, world: World) -> None:
    student = visit("student2")
    page = student.page
    student.open("/courses/")
    page.get_by_role("link", name="Documentation for A first course").click()
    page.get_by_label("What are you looking for?").fill("broadcasting")
    expect(page.locator("#results li").first).to_be_visible()
    student.open("/courses/")
    page.get_by_role("link", name="Open A first course").click()
    expect(page.locator(".campushub-panel")).to_be_visible(timeout=LONG)
    student.open("/user/student2/demo/lab/tree/tutorials/1-tour.ipynb")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=LONG)
    student.shot("tour-without-a-network")
    assert ran(person, "sorted(glob.glob('demo/*.ipynb'))") == ["demo/01-how-a-model-learns.ipynb"]
    assert len(ran(person, "sorted(glob.glob('tutorials/*.ipynb'))")) == 6
    sizes, refused = person.inside("demo", READ.format(url=f"{world.source.url}/penguins.csv")).splitlines()
    assert json.loads(sizes) == [len(PENGUINS), len(PENGUINS)]
    assert "Ask your instructor" in refused
    student.open(
        f"/user/student2/demo/git-pull?repo={world.repository}&branch=main&urlpath=lab/tree/upstream.git/lesson.md"
    )
    page.wait_for_url("**/lab/tree/upstream.git/lesson.md", timeout=LONG)
    assert submit(person, "cut-off", RIGHT)["attempt"] == 1
    said = person.inside(
        "demo",
        "import subprocess; print(subprocess.run('pip install no-such-package', shell=True, stderr=-2, stdout=-1).stdout)",
    )
    assert "Ask your instructor" in said, said


def ran(person: Person, paths: str) -> list[str]:
    return person.inside("demo", RUN.format(paths=paths), seconds=400).splitlines()
