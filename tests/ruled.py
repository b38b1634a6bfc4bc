"""An assignment whose rules an instructor sets on its page, in tests."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from requests import Response

from tests.coursework import RIGHT, student_id, submit
from tests.http_loop import ask
from tests.instance import Instance, Person, text_of

AS_BEFORE = {"late": "mark", "percent_a_day": "10", "counts": "last", "shows": "nothing"}


@dataclass(frozen=True)
class Ruled:
    """One assignment whose rules the instructor sets on its page."""

    instance: Instance
    teacher: Person
    name: str

    @property
    def page(self) -> str:
        return f"/courses/demo/assignments/{self.name}"

    def send(self, path: str, fields: dict[str, str]) -> Response:
        return self.teacher.post(f"{self.page}/{path}", self.page, fields)

    def rule(self, **fields: str) -> None:
        answer = self.send("rules", {**AS_BEFORE, **fields})
        assert "Saved" in answer.text, text_of(answer.text)

    def extend(self, who: str, due: str, others: str = "") -> None:
        answer = self.send("extensions", {"who": who, "others": others, "due": due, "reason": "was ill"})
        assert "Saved" in answer.text, text_of(answer.text)

    def refused(self, person: Person) -> str:
        """Why the service does not take a submission."""
        with pytest.raises(AssertionError) as told:
            submit(person, self.name, RIGHT)
        return str(told.value)

    def told(self, person: Person) -> dict[str, Any]:
        """What the panel is told of the assignment."""
        listed = ask(person, "GET", "demo", "campushub/assignments").json()["assignments"]
        return next(one for one in listed if one["name"] == self.name)

    def penalty(self, person: str) -> float:
        """What a submission loses in the gradebook, once the grader has nothing more to do."""
        self.wait_for_the_grader()
        query = """
            select coalesce(sum(late_submission_penalty), 0) from submitted_notebook
            join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
            join assignment on submitted_assignment.assignment_id = assignment.id
            where student_id = ? and assignment.name = ?
        """
        place = f"file:{self.instance.data}/courses/demo/gradebook.db?mode=ro"
        with sqlite3.connect(place, uri=True) as gradebook:
            found = gradebook.execute(query, [student_id(self.instance, person), self.name]).fetchone()
            return float(found[0])

    def wait_for_the_grader(self) -> None:
        until = time.monotonic() + 60
        with sqlite3.connect(f"file:{self.instance.data}/service/store.sqlite?mode=ro", uri=True) as jobs:
            while jobs.execute("select 1 from jobs where state in ('queued', 'running')").fetchone():
                assert time.monotonic() < until, "the grader does not come to its end"
                time.sleep(0.5)

    def folder(self, kind: str, person: str) -> Path:
        return self.instance.data / "courses" / "demo" / kind / student_id(self.instance, person) / self.name
