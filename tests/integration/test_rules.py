"""An assignment's rules from the instructor's page to the receipt, the score and the gradebook, through the real service."""

from __future__ import annotations

import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from requests import Response

from tests.coursework import RIGHT, WRONG, grade, hand_out, score, student_id, submit
from tests.http_loop import ask
from tests.instance import Instance, Person, text_of

NAME = "ruled"
PAGE = f"/courses/demo/assignments/{NAME}"
AS_BEFORE = {"late": "mark", "percent_a_day": "10", "counts": "last", "shows": "nothing"}


@pytest.fixture(scope="module", autouse=True)
def _handed_out(instance: Instance) -> None:
    hand_out(instance, NAME)


def days(number: float) -> str:
    """A date as the form sends it, so many days from now; far enough from now for any time zone."""
    return (datetime.now(UTC) + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M")


def rule(teacher: Person, **fields: str) -> Response:
    answer = teacher.post(f"{PAGE}/rules", PAGE, {**AS_BEFORE, **fields})
    assert "Saved" in answer.text, text_of(answer.text)
    return answer


def extend(teacher: Person, who: str, due: str, others: str = "") -> None:
    answer = teacher.post(f"{PAGE}/extensions", PAGE, {"who": who, "others": others, "due": due, "reason": "was ill"})
    assert "Saved" in answer.text, text_of(answer.text)


def refused(person: Person) -> str:
    """Why the service does not take a submission."""
    with pytest.raises(AssertionError) as told:
        submit(person, NAME, RIGHT)
    return str(told.value)


def penalty(instance: Instance, person: str) -> float:
    """What a submission loses in the gradebook, once the grader has nothing more to do."""
    store = f"file:{instance.data}/service/store.sqlite?mode=ro"
    until = time.monotonic() + 60
    with sqlite3.connect(store, uri=True) as jobs:
        while jobs.execute("select 1 from jobs where state in ('queued', 'running')").fetchone():
            assert time.monotonic() < until, "the grader does not come to its end"
            time.sleep(0.5)
    query = """
        select coalesce(sum(late_submission_penalty), 0) from submitted_notebook
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        join assignment on submitted_assignment.assignment_id = assignment.id
        where student_id = ? and assignment.name = ?
    """
    with sqlite3.connect(f"file:{instance.data}/courses/demo/gradebook.db?mode=ro", uri=True) as gradebook:
        return float(gradebook.execute(query, [student_id(instance, person), NAME]).fetchone()[0])


def test_late_work_is_refused_but_for_whom_the_date_was_extended(
    student: Person, student2: Person, teacher: Person
) -> None:
    rule(teacher, due=days(-2), late="refuse")
    extend(teacher, "person:student", days(3))
    mine = submit(student, NAME, RIGHT)
    assert mine["late"] is False
    assert "until" in refused(student2)
    page = text_of(student.get("/courses/demo/").text)
    assert "Extended for you" in page
    page = text_of(student2.get("/courses/demo/").text)
    assert f"{NAME} " in page
    assert "Closed: this could be handed in until" in page
    told = next(
        one
        for one in ask(student2, "GET", "demo", "campushub/assignments").json()["assignments"]
        if one["name"] == NAME
    )
    assert told["why_not"].startswith("Closed")


def test_before_it_opens_nobody_can_fetch_it(student: Person, teacher: Person) -> None:
    rule(teacher, opens_at=days(3), due=days(9))
    try:
        with pytest.raises(AssertionError, match="Not open yet"):
            ask(student, "POST", "demo", "campushub/fetch", {"name": NAME})
    finally:
        rule(teacher, due=days(9))


def test_one_attempt_handed_in_twice_at_once_is_one_receipt_and_one_refusal(
    instance: Instance, student2: Person, teacher: Person
) -> None:
    rule(teacher, due=days(9), attempts="1")
    told: list[str] = []

    def hand_in() -> None:
        try:
            told.append(str(submit(student2, NAME, WRONG)["attempt"]))
        except AssertionError as error:
            told.append(str(error))

    threads = [threading.Thread(target=hand_in) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("attempt is used" in one for one in told) == [False, True, True]
    assert "1" in told
    rule(teacher, due=days(9))


def test_moved_date_moves_penalty_and_score_and_nothing_is_run_again(
    instance: Instance, student: Person, teacher: Person
) -> None:
    rule(teacher, due=days(9), late="percent", percent_a_day="10")
    receipt = submit(student, NAME, RIGHT)
    assert grade(teacher, NAME).startswith("done")
    assert (score(instance, "student", NAME), penalty(instance, "student")) == (5, 0)
    graded = (
        instance.data / "courses" / "demo" / "autograded" / student_id(instance, "student") / NAME / f"{NAME}.ipynb"
    )
    before = graded.stat().st_mtime_ns
    for extension in _extensions(teacher):
        teacher.post(f"{PAGE}/extensions/end", PAGE, {"number": extension})
    rule(teacher, due=days(-2.5), late="percent", percent_a_day="10")
    assert penalty(instance, "student") == 1.5
    page = text_of(student.get(f"/courses/receipts/{receipt['submission']}").text)
    assert "The date has moved" in page
    assert "now late" in page
    assert "30 % of the assignment's points" in page
    extend(teacher, "", days(9), others="student student2")
    assert penalty(instance, "student") == 0
    assert graded.stat().st_mtime_ns == before


def _extensions(teacher: Person) -> list[str]:
    page = teacher.get(PAGE).text
    return [part.partition('"')[0] for part in page.split('name="number" value="')[1:]]


def test_the_first_attempt_counts_where_the_rules_say_so(instance: Instance, student: Person, teacher: Person) -> None:
    rule(teacher, due=days(9), counts="first")
    receipts = next(
        one for one in ask(student, "GET", "demo", "campushub/assignments").json()["assignments"] if one["name"] == NAME
    )["receipts"]
    submit(student, NAME, WRONG)
    assert grade(teacher, NAME).startswith("done")
    folder = instance.data / "courses" / "demo" / "submitted" / student_id(instance, "student") / NAME
    assert (folder / "submission_id.txt").read_text(encoding="utf-8") == receipts[0]["submission"]
    assert score(instance, "student", NAME) == 5


def test_due_date_of_the_page_is_the_formgraders(instance: Instance, teacher: Person) -> None:
    rule(teacher, due=days(40))
    assert penalty(instance, "student") == 0, "waits for the grader"
    listed = ask(teacher, "GET", "grade-demo", "formgrader/api/assignments").json()
    due = next(one for one in listed if one["name"] == NAME)["duedate"]
    assert abs(datetime.fromisoformat(due) - datetime.now(UTC).replace(tzinfo=None) - timedelta(days=40)) < timedelta(
        days=1
    )


def test_seconds_of_the_rules_end_a_submission(instance: Instance, student2: Person, teacher: Person) -> None:
    rule(teacher, due=days(9), seconds="10")
    submit(student2, NAME, f"{RIGHT}\nimport time; time.sleep(25)")
    began = time.monotonic()
    assert grade(teacher, NAME).startswith("done")
    assert time.monotonic() - began < 25
    assert score(instance, "student2", NAME) == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"due": days(1), "opens_at": days(2)}, "due before it opens"),
        ({"late": "refuse"}, "Without a due date"),
        ({"due": "tomorrow"}, "not a date and a time"),
        ({"attempts": "many"}, "not a number"),
        ({"memory": "900G"}, "at most"),
        ({"image": "no-such"}, "not on this machine"),
    ],
)
def test_rules_that_cannot_be_are_refused_in_words(teacher: Person, fields: dict[str, str], said: str) -> None:
    answer = teacher.post(f"{PAGE}/rules", PAGE, {**AS_BEFORE, **fields})
    assert answer.status_code == 409
    assert said in text_of(answer.text)


def test_only_who_leads_the_course_sets_rules(instance: Instance, student: Person, teacher: Person) -> None:
    assert student.get(PAGE).status_code == 403
    roster = instance.data / "assistant.csv"
    roster.write_text("name,full_name,role\nhelper,Hari Helper,ta\n", encoding="utf-8")
    instance.command("roster", "import", "demo", str(roster))
    assistant = instance.person("helper")
    page = assistant.get(PAGE)
    assert page.status_code == 200
    assert "Save the rules" not in page.text
    for path in ("rules", "extensions", "extensions/end"):
        answer = assistant.post(f"{PAGE}/{path}", "/courses/demo/", AS_BEFORE)
        assert answer.status_code == 403, path
    assert "Save the rules" in teacher.get(PAGE).text
