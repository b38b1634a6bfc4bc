"""Marks through the real formgrader and the real grader: each change is in the log, by whom, and marks by hand stay."""

from __future__ import annotations

import csv
import html
import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from tests.coursework import RIGHT, WRONG, grade, hand_out, manual_score, score, student_id, submit, submitted_notebook
from tests.http_loop import ask
from tests.instance import Instance, Person, text_of

NAME = "logged"


@pytest.fixture(scope="module", autouse=True)
def _handed_out(instance: Instance) -> None:
    hand_out(instance, NAME)


def the_cell(instance: Instance, teacher: Person) -> dict[str, Any]:
    """The one question of the student's notebook, as the formgrader has it."""
    number = submitted_notebook(instance, "student", NAME)
    (found,) = ask(teacher, "GET", "grade-demo", f"formgrader/api/grades?submission_id={number}").json()
    return dict(found)


def put(person: Person, path: str, data: Any) -> requests.Response:
    """A change as the formgrader's page sends it, whatever becomes of it."""
    base = f"/user/{person.name}/grade-demo/"
    person.get(f"{base}tree")
    token = person.http.cookies.get("_xsrf", path=base) or ""
    url = f"{person.instance.url}{base}formgrader/api/{path}"
    return person.http.put(url, json=data, headers={"X-XSRFToken": token}, timeout=60)


def log(teacher: Person, query: str = f"?assignment={NAME}") -> list[dict[str, str]]:
    """The log as it is downloaded, newest first."""
    text = teacher.get(f"/courses/demo/marks/log.csv{query}").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def changed(row: dict[str, str]) -> tuple[str, str, str, str, str]:
    return row["who"], row["student"], row["what"], row["from"], row["to"]


@contextmanager
def without_service(instance: Instance) -> Iterator[None]:
    instance.part("service").pause()
    try:
        yield
    finally:
        instance.part("service").unpause()
        instance.wait_until_well()


def marks_by_hand_survive_grading_and_everything_is_in_the_log(
    instance: Instance, student: Person, teacher: Person
) -> None:
    submit(student, NAME, WRONG)
    assert grade(teacher, NAME).startswith("done")
    assert changed(log(teacher)[0]) == ("automatic grading", "student", "automatic points", "", "0")
    cell = the_cell(instance, teacher)
    ask(teacher, "PUT", "grade-demo", f"formgrader/api/grade/{cell['id']}", {"manual_score": "3", "extra_credit": None})
    assert changed(log(teacher)[0]) == ("teacher", "student", "points by hand", "", "3")
    ask(teacher, "POST", "grade-demo", f"formgrader/api/submission/{NAME}/{cell['student']}/autograde")
    assert len(log(teacher)) == 2, "the same attempt again changes nothing"
    assert the_cell(instance, teacher)["needs_manual_grade"]
    submit(student, NAME, RIGHT)
    assert grade(teacher, NAME).startswith("done")
    assert (score(instance, "student", NAME), manual_score(instance, "student", NAME)) == (5, 3)
    assert the_cell(instance, teacher)["needs_manual_grade"]
    assert changed(log(teacher)[0]) == ("automatic grading", "student", "automatic points", "0", "5")


def comment_that_is_a_formula_is_quoted_and_extra_points_are_logged(instance: Instance, teacher: Person) -> None:
    number = submitted_notebook(instance, "student", NAME)
    comment = ask(teacher, "GET", "grade-demo", f"formgrader/api/comments?submission_id={number}").json()[0]
    ask(teacher, "PUT", "grade-demo", f"formgrader/api/comment/{comment['id']}", {"manual_comment": "=1+1"})
    assert changed(log(teacher)[0]) == ("teacher", "student", "comment", "", "'=1+1")
    cell = the_cell(instance, teacher)
    ask(teacher, "PUT", "grade-demo", f"formgrader/api/grade/{cell['id']}", {"manual_score": 3, "extra_credit": 0.5})
    assert changed(log(teacher)[0]) == ("teacher", "student", "extra points", "", "0.5")


def what_is_no_number_is_no_mark(instance: Instance, teacher: Person) -> None:
    cell = the_cell(instance, teacher)
    for wrong in ("abc", "nan", [1], True):
        answer = put(teacher, f"grade/{cell['id']}", {"manual_score": wrong, "extra_credit": None})
        assert (answer.status_code, answer.json()["message"]) == (422, "Points are a number.")
        assert the_cell(instance, teacher)["manual_score"] == cell["manual_score"]


def change_that_cannot_be_logged_is_not_made_and_is_said(instance: Instance, teacher: Person) -> None:
    cell, before = the_cell(instance, teacher), log(teacher)
    with without_service(instance):
        answer = put(teacher, f"grade/{cell['id']}", {"manual_score": 1, "extra_credit": None})
    assert answer.status_code == 409, answer.text
    assert "stays as it was" in answer.json()["message"]
    assert the_cell(instance, teacher)["manual_score"] == cell["manual_score"]
    ask(teacher, "PUT", "grade-demo", f"formgrader/api/grade/{cell['id']}", {"manual_score": 2, "extra_credit": 0.5})
    rows = log(teacher)
    assert changed(rows[0])[2:] == ("points by hand", "3", "2")
    assert rows[1:] == before, "what the service found waiting for it afterwards is not in the log"


def log_is_for_staff_and_shows_what_is_asked_for(instance: Instance, student: Person, teacher: Person) -> None:
    assert student.get("/courses/demo/marks/log").status_code == 403
    assert student.get("/courses/demo/marks/log.csv").status_code == 403
    page = text_of(teacher.get(f"/courses/demo/marks/log?assignment={NAME}&person=student").text)
    assert "points by hand 3 2" in page
    assert log(teacher, f"?assignment={NAME}&person=teacher")[0]["who"] == "teacher"
    assert {row["who"] for row in log(teacher, f"?assignment={NAME}&person=teacher")} == {"teacher"}
    assert log(teacher, f"?assignment={NAME}&person=student2") == []


FORGE = """
    import json, requests
    from campushub_client.service import Service
    service = Service.from_environment()
    change = {"assignment": "logged", "student_id": "s1", "notebook": "logged", "cell": "tests", "kind": "manual", "from": 1, "to": 5}
    answer = requests.put(f"{service.url}/marks/demo/forged", json={"changes": [change]},
        headers={"Authorization": f"token {service.token}"})
    print(answer.status_code)
"""


def nobody_writes_into_the_log_but_from_a_grading_server(instance: Instance, student: Person) -> None:
    assert student.inside("demo", FORGE) == "403"


def penalty_that_follows_a_moved_date_is_in_the_log(instance: Instance, teacher: Person) -> None:
    rules = {"due": "2020-01-01T12:00", "late": "percent", "percent_a_day": "10", "counts": "last", "shows": "nothing"}
    page = f"/courses/demo/assignments/{NAME}"
    answer = teacher.post(f"{page}/rules", page, rules)
    assert answer.ok, text_of(answer.text)
    assert grade(teacher, NAME).startswith("done")
    found = [row for row in log(teacher) if row["what"] == "lost by being late"]
    assert [changed(row) for row in found] == [("automatic grading", "student", "lost by being late", "", "5")]


def formgrader_is_found_by_what_the_service_knows(instance: Instance, teacher: Person) -> None:
    there = f"/user/teacher/grade-demo/formgrader/of/{NAME}/{NAME}/{student_id(instance, 'student')}"
    assert teacher.get(there).url.endswith(f"/formgrader/submissions/{submitted_notebook(instance, 'student', NAME)}/")
    assert teacher.get(f"{there}x").status_code == 404


def long_log_has_pages(instance: Instance, teacher: Person) -> None:
    cell = the_cell(instance, teacher)
    for points in range(101):
        change = {"manual_score": points % 5, "extra_credit": cell["extra_credit"]}
        assert put(teacher, f"grade/{cell['id']}", change).ok
    page = teacher.get(f"/courses/demo/marks/log?assignment={NAME}").text
    older = re.search(r'href="([^"]+)">Older', page)
    assert older, text_of(page)
    assert "Page 2 of 2" in text_of(teacher.get(html.unescape(older[1])).text)


def gradebook_is_what_the_log_says(instance: Instance, teacher: Person) -> None:
    """Following the log from its beginning leads to what is in the gradebook."""
    told: dict[str, str] = {}
    for row in reversed(log(teacher)):
        assert told.get(row["what"], "") == row["from"], row
        told[row["what"]] = row["to"]
    query = "select auto_score, manual_score, extra_credit from grade where notebook_id = ?"
    path = instance.data / "courses" / "demo" / "gradebook.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as gradebook:
        row = gradebook.execute(query, [submitted_notebook(instance, "student", NAME)]).fetchone()
    words = ("automatic points", "points by hand", "extra points")
    assert [float(told[word]) for word in words] == list(row)


def test_every_change_of_a_mark_is_in_the_log_by_whom_and_marks_by_hand_stay(
    instance: Instance, student: Person, teacher: Person
) -> None:
    """One story in its order, since each step changes marks that the next one begins with."""
    marks_by_hand_survive_grading_and_everything_is_in_the_log(instance, student, teacher)
    comment_that_is_a_formula_is_quoted_and_extra_points_are_logged(instance, teacher)
    what_is_no_number_is_no_mark(instance, teacher)
    change_that_cannot_be_logged_is_not_made_and_is_said(instance, teacher)
    log_is_for_staff_and_shows_what_is_asked_for(instance, student, teacher)
    nobody_writes_into_the_log_but_from_a_grading_server(instance, student)
    penalty_that_follows_a_moved_date_is_in_the_log(instance, teacher)
    formgrader_is_found_by_what_the_service_knows(instance, teacher)
    long_log_has_pages(instance, teacher)
    gradebook_is_what_the_log_says(instance, teacher)
