"""An assignment's rules from the instructor's page to the receipt, the score and the gradebook, through the real service."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from tests.coursework import MARKER, RIGHT, WRONG, grade, graded, hand_out, printed, score, submit
from tests.http_loop import ask
from tests.instance import Instance, Person, text_of
from tests.ruled import AS_BEFORE, Ruled

SHARED = "first-steps"  # for what changes nothing
NUMBERS = count(1)


@pytest.fixture
def ruled(instance: Instance, teacher: Person) -> Ruled:
    """An assignment of this test alone."""
    name = f"ruled-{next(NUMBERS)}"
    hand_out(instance, name)
    return Ruled(instance, teacher, name)


def days(number: float) -> str:
    """A date as the form sends it, so many days from now."""
    return (datetime.now(UTC) + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M")


def test_late_work_is_refused_but_for_whom_the_date_was_extended(
    ruled: Ruled, student: Person, student2: Person
) -> None:
    ruled.rule(due=days(-2), late="refuse")
    ruled.extend("person:student", days(3))
    assert submit(student, ruled.name, RIGHT)["late"] is False
    assert "until" in ruled.refused(student2)
    assert "Extended for you" in text_of(student.get("/courses/demo/").text)
    assert "Closed: this could be handed in until" in text_of(student2.get("/courses/demo/").text)
    assert ruled.told(student2)["why_not"].startswith("Closed")
    assert ruled.told(student)["extended"] is not None


def test_before_it_opens_nobody_can_fetch_it(ruled: Ruled, student: Person) -> None:
    ruled.rule(opens_at=days(3), due=days(9))
    with pytest.raises(AssertionError, match="Not open yet"):
        ask(student, "POST", "demo", "campushub/fetch", {"name": ruled.name})
    assert "Not open yet" in ruled.refused(student)
    assert ruled.told(student)["files"] == []


def test_one_attempt_handed_in_twice_at_once_is_one_receipt_and_one_refusal(ruled: Ruled, student2: Person) -> None:
    ruled.rule(due=days(9), attempts="1")
    told: list[str] = []

    def hand_in() -> None:
        try:
            told.append(str(submit(student2, ruled.name, WRONG)["attempt"]))
        except AssertionError as error:
            told.append(str(error))

    threads = [threading.Thread(target=hand_in) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("attempt is used" in one for one in told) == [False, True, True]
    assert "1" in told


def test_moved_date_moves_penalty_and_score_and_nothing_is_run_again(ruled: Ruled, student: Person) -> None:
    ruled.rule(due=days(9), late="percent", percent_a_day="10")
    receipt = submit(student, ruled.name, RIGHT)
    assert grade(ruled.teacher, ruled.name).startswith("done")
    assert (score(ruled.instance, "student", ruled.name), ruled.penalty("student")) == (5, 0)
    notebook = ruled.folder("autograded", "student") / f"{ruled.name}.ipynb"
    before = notebook.stat().st_mtime_ns
    ruled.rule(due=days(-2.5), late="percent", percent_a_day="10")
    assert ruled.penalty("student") == 1.5
    page = text_of(student.get(f"/courses/receipts/{receipt['submission']}").text)
    assert "The date has moved" in page
    assert "now late" in page
    assert "30 % of the assignment's points" in page
    ruled.extend("", days(9), others="student student2")
    assert ruled.penalty("student") == 0
    assert notebook.stat().st_mtime_ns == before


def test_score_that_students_see_follows_the_date(ruled: Ruled, student: Person) -> None:
    ruled.rule(due=days(-2.5), late="percent", percent_a_day="10")
    submit(student, ruled.name, RIGHT)
    assert grade(ruled.teacher, ruled.name).startswith("done")
    for step in ("generate_feedback", "release_feedback"):
        told = ask(ruled.teacher, "POST", "grade-demo", f"formgrader/api/assignment/{ruled.name}/{step}").json()
        assert told["success"], told
    told = ruled.told(student)["feedback"][0]
    assert (told["score"], told["max_score"], told["lost"]) == (3.5, 5, 1.5)
    assert "Score 3.5 of 5 (1.5 lost by being late)" in text_of(student.get("/courses/demo/").text)
    feedback = student.get(f"/courses/feedback/{told['submission']}/{ruled.name}.html")
    assert "Late submission penalty (Score: -1.5)" in feedback.text
    ruled.extend("person:student", days(9))
    assert "Score 5 of 5" in text_of(student.get("/courses/demo/").text)


def test_the_first_attempt_counts_where_the_rules_say_so(ruled: Ruled, student: Person) -> None:
    first, second = submit(student, ruled.name, RIGHT), submit(student, ruled.name, WRONG)
    note = ruled.folder("submitted", "student") / "submission_id.txt"
    for counts, receipt, points in (("last", second, 0), ("first", first, 5)):
        ruled.rule(due=days(9), counts=counts)
        assert grade(ruled.teacher, ruled.name).startswith("done")
        assert note.read_text(encoding="utf-8") == receipt["submission"]
        assert score(ruled.instance, "student", ruled.name) == points


def test_due_date_of_the_page_is_the_formgraders(ruled: Ruled) -> None:
    ruled.rule(due=days(40))
    ruled.wait_for_the_grader()
    listed = ask(ruled.teacher, "GET", "grade-demo", "formgrader/api/assignments").json()
    due = datetime.fromisoformat(next(one for one in listed if one["name"] == ruled.name)["duedate"])
    assert abs(due.replace(tzinfo=UTC) - datetime.now(UTC) - timedelta(days=40)) < timedelta(days=1)


def test_seconds_of_the_rules_end_a_submission(ruled: Ruled, student2: Person) -> None:
    ruled.rule(due=days(9), seconds="10")
    submit(student2, ruled.name, f"{RIGHT}\nimport time; time.sleep(25)")
    assert grade(ruled.teacher, ruled.name).startswith("done")
    assert score(ruled.instance, "student2", ruled.name) == 0
    assert "longer than" in printed(graded(ruled.instance, "student2", ruled.name))


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
def test_rules_that_cannot_be_are_refused_in_words(
    instance: Instance, teacher: Person, fields: dict[str, str], said: str
) -> None:
    answer = Ruled(instance, teacher, SHARED).send("rules", {**AS_BEFORE, **fields})
    assert answer.status_code == 409
    assert said in text_of(answer.text)


def test_extension_for_somebody_who_is_not_there_is_refused(instance: Instance, teacher: Person) -> None:
    answer = Ruled(instance, teacher, SHARED).send("extensions", {"who": "person:nobody", "due": days(900)})
    assert "Not on the roster of this course: nobody" in text_of(answer.text)


def test_only_who_leads_the_course_sets_rules(instance: Instance, student: Person, teacher: Person) -> None:
    page = Ruled(instance, teacher, SHARED).page
    assert student.get(page).status_code == 403
    roster = instance.data / "assistant.csv"
    roster.write_text("name,full_name,role\nhelper,Hari Helper,ta\n", encoding="utf-8")
    instance.command("roster", "import", "demo", str(roster))
    assistant = instance.person("helper")
    assert assistant.get(page).status_code == 200
    assert "Save the rules" not in assistant.get(page).text
    for path in ("rules", "extensions", "extensions/end"):
        answer = assistant.post(f"{page}/{path}", "/courses/demo/", AS_BEFORE)
        assert answer.status_code == 403, path
    assert "Save the rules" in teacher.get(page).text


def test_hidden_tests_are_in_feedback_once_they_are_revealed(ruled: Ruled, student: Person) -> None:
    receipt = submit(student, ruled.name, WRONG)
    assert grade(ruled.teacher, ruled.name).startswith("done")
    found = {}
    for word in ("", "yes"):
        ruled.rule(**({"reveals": word} if word else {}))
        for step in ("generate_feedback", "release_feedback"):
            told = ask(ruled.teacher, "POST", "grade-demo", f"formgrader/api/assignment/{ruled.name}/{step}").json()
            assert told["success"], told
        found[word] = MARKER in student.get(f"/courses/feedback/{receipt['submission']}/{ruled.name}.html").text
    assert found == {"": False, "yes": True}
