"""A release through the grader: what is rotten is refused with each reason and its cell, what is good is handed out."""

from __future__ import annotations

from tests.coursework import RIGHT, TESTS, notebook, source
from tests.http_loop import ask
from tests.instance import Instance, Person, text_of
from tests.releases import REASONS, nbgrader, rotten, write


def test_rotten_assignment_is_refused_on_the_page_with_each_reason_until_it_is_forced(
    instance: Instance, student: Person, teacher: Person
) -> None:
    write(instance, "rotten", rotten(), helper=TESTS)
    told = ask(teacher, "POST", "grade-demo", "formgrader/api/assignment/rotten/release").json()
    assert told["success"] is False
    assert not [reason for reason in (*REASONS, "--force") if reason not in told["log"]]
    assert "rotten" not in student.get("/courses/demo/").text
    done = nbgrader(instance, "release_assignment", "rotten", "--force")
    assert done.exit_code == 0, done.output.decode()
    assert not [reason for reason in REASONS if reason not in done.output.decode()]
    assert "rotten" in student.get("/courses/demo/").text


def test_good_assignment_is_released_from_the_page(instance: Instance, student: Person, teacher: Person) -> None:
    write(instance, "good", source())
    told = ask(teacher, "POST", "grade-demo", "formgrader/api/assignment/good/release").json()
    assert told["success"], told
    assert "good" in student.get("/courses/demo/").text


def test_kernel_is_compared_with_those_of_the_image(instance: Instance) -> None:
    document = source()
    document.metadata["kernelspec"]["name"] = "fortran"
    write(instance, "foreign", document)
    said = nbgrader(instance, "release_assignment", "foreign").output.decode()
    assert "foreign.ipynb: asks for the kernel 'fortran', which the image has not." in said
    assert "(there is: python3)" in said


def test_check_is_no_grading(instance: Instance, teacher: Person) -> None:
    write(instance, "looked-at", source())
    assert nbgrader(instance, "release_assignment", "looked-at").exit_code == 0
    page = text_of(teacher.get("/courses/demo/").text)
    assert "looked-at" in page
    assert "of looked-at Grading:" not in page


def test_solution_that_takes_too_long_is_said(instance: Instance) -> None:
    slow = f"### BEGIN SOLUTION\nimport time\ntime.sleep(600)\n{RIGHT}\n### END SOLUTION"
    write(instance, "slow", notebook(slow, tests=TESTS))
    said = nbgrader(instance, "release_assignment", "slow").output.decode()
    assert "cell 3 'tests': your own solution gets 0 of 5 points" in said
    assert "longer than this course allows" in said


def test_grader_that_is_stopped_is_said(instance: Instance, teacher: Person) -> None:
    write(instance, "waiting", source())
    instance.part("grader").stop(timeout=0)
    try:
        told = ask(teacher, "POST", "grade-demo", "formgrader/api/assignment/waiting/release").json()
    finally:
        instance.part("grader").start()
        instance.wait_until_well()
    assert told["success"] is False
    assert "The grader has not taken the check up" in told["log"]
