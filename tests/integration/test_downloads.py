"""What a course's notebooks would fetch: by the command and on the page of its staff, with data that is there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.coursework import source
from tests.downloads import NAME, material_that_fetches
from tests.instance import Instance, text_of
from tests.releases import write


@pytest.fixture
def fetching(instance: Instance) -> Iterator[Instance]:
    with material_that_fetches(instance):
        yield instance


def test_command_tells_what_is_there_and_what_is_not(fetching: Instance) -> None:
    done = fetching.command("mirror", "check", "demo", check=False)
    assert done.returncode == 1, done.stderr
    assert (
        f"{NAME}, cell 2, line 3: the data set penguins of seaborn\n  there: In the course's data: /data/penguins"
        in done.stdout
    )
    assert (
        f"{NAME}, cell 3, line 3: the file https://data.example.edu/weather/light.csv\n  NOT there: Give the lines"
        in done.stdout
    )
    assert "put xgboost into campushub-packages.txt" in done.stdout
    assert f"{NAME}, cell 6: is not Python" in done.stdout
    assert '    data:\n      light:\n        source: "https://data.example.edu/weather/light.csv"' in done.stdout
    told = json.loads(fetching.command("mirror", "check", "demo", "--json", check=False).stdout)
    mine = [one for one in told["downloads"] if one["notebook"] == NAME]
    assert [one["there"] for one in mine] == [False, True, False, False, False]


def test_sources_of_assignments_are_read_too(instance: Instance) -> None:
    document = source()
    document.cells[0].source = "![a](https://pictures.example.edu/a.png)"
    write(instance, "with-a-picture", document)
    said = instance.command("mirror", "check", "demo", check=False).stdout
    assert "source/with-a-picture/with-a-picture.ipynb, cell 1, line 1: shows what lies at" in said


def test_course_that_fetches_nothing_is_well(instance: Instance) -> None:
    done = instance.command("mirror", "check", "second")
    assert done.stdout == "course second: 0 files read; nothing is fetched.\n"
    refused = instance.command("mirror", "check", "third", check=False)
    assert refused.returncode == 1
    assert "there is no course 'third'" in refused.stderr


def test_page_is_for_the_staff_of_the_course(fetching: Instance) -> None:
    page = fetching.person("teacher").get("/courses/demo/downloads")
    said = text_of(page.text)
    assert page.status_code == 200
    assert f"{NAME}, cell 4, line 2 the weights of DenseNet121 of Keras without the top" in said
    assert "In the course's data: /data/penguins/penguins.csv." in said
    assert "library: keras-models" in said
    assert fetching.person("student").get("/courses/demo/downloads").status_code == 403
    assert fetching.person("teacher").get("/courses/second/downloads").status_code == 403, "a student there"


def test_page_follows_the_material(instance: Instance) -> None:
    teacher = instance.person("teacher")
    with material_that_fetches(instance):
        assert NAME in teacher.get("/courses/demo/downloads").text
    assert NAME not in teacher.get("/courses/demo/downloads").text


def test_course_without_material_is_said(instance: Instance) -> None:
    page = text_of(instance.person("ta").get("/courses/second/downloads").text)
    assert "The course has no material on the campus machine yet." in page
