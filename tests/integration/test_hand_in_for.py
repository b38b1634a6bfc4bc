"""Staff hand in for students through the page, and take marks and feedback out: with a real hub, front and grader."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import PurePosixPath

import nbformat
import pytest
import requests

from tests.coursework import RIGHT, WRONG, grade, hand_out, notebook
from tests.instance import Instance, Person, text_of

NAME = "power-cut"
PAGE = f"/courses/demo/assignments/{NAME}/hand-in"
RELEASE_FEEDBACK = f"""
    import subprocess
    for word in ("generate_feedback", "release_feedback"):
        subprocess.run(["nbgrader", word, "{NAME}"], check=True)
"""


@pytest.fixture(scope="module", autouse=True)
def _handed_out(instance: Instance) -> None:
    hand_out(instance, NAME)


def solved(solution: str) -> bytes:
    return str(nbformat.writes(notebook(solution, tests="assert answer() == 42"))).encode()


def zip_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def look(person: Person, uploads: dict[str, bytes]) -> requests.Response:
    """Send files as a browser's form does."""
    token = re.search(r'name="_xsrf" value="([^"]+)"', person.get(PAGE).text)
    assert token, person.get(PAGE).text
    files = [("files", (name, content, "application/zip")) for name, content in uploads.items()]
    answer = person.http.post(
        f"{person.instance.url}{PAGE}/look",
        params={"_xsrf": token[1]},
        files=files,
        data={"_xsrf": token[1]},
        timeout=60,
    )
    answer.encoding = "utf-8"
    return answer


def hand_in(person: Person, looked: requests.Response) -> str:
    """Press Hand in for everybody who is chosen; what the page says."""
    token, number = (re.search(rf'name="{word}" value="([^"]+)"', looked.text) for word in ("_xsrf", "number"))
    assert token
    assert number
    data = {
        "_xsrf": token[1],
        "number": number[1],
        "student": re.findall(r'name="student" value="([^"]+)" checked', looked.text),
    }
    answer = person.http.post(person.instance.url + PAGE, data=data, timeout=60)
    return text_of(answer.text)


def receipts(instance: Instance, person: str) -> list[str]:
    """The receipts of a person's attempts of this assignment, oldest first, as they find them on their page."""
    page = instance.person(person).get("/courses/demo/").text
    found = dict.fromkeys(re.findall(r'receipts/([0-9a-f]+)">', page))
    told = [text_of(instance.person(person).get(f"/courses/receipts/{number}").text) for number in found]
    return [one for one in told if f"Assignment {NAME}" in one]


def mixed_upload_is_looked_at_then_counts_for_each_student(instance: Instance) -> None:
    teacher = instance.person("teacher")
    inner = zip_of({"deep/er/first.ipynb": solved(WRONG)})
    uploads = {
        "class.zip": zip_of(
            {
                f"student/{NAME}-Copy1.ipynb": solved(RIGHT),
                "student2.zip": inner,
                "__MACOSX/student/._x": b"junk",
                "nobody-known/x.ipynb": solved(RIGHT),
            }
        ),
        "torn.zip": zip_of({"asha/x.ipynb": solved(RIGHT)})[:-20],
    }
    looked = look(teacher, uploads)
    said = text_of(looked.text)
    assert looked.status_code == 200, said
    assert "Nothing is handed in yet" in said
    assert "Neither its name nor its folders name a student" in said
    assert "torn.zip It cannot be read as a zip" in said
    assert not receipts(instance, "student")
    assert "2 handed in" in hand_in(teacher, looked)
    for name in ("student", "student2"):
        told = receipts(instance, name)
        assert len(told) == 1
        assert "Handed in by Tara Teacher" in told[0]
        assert "from 'class.zip'" in told[0]
    again = look(teacher, uploads)
    assert "The same files were handed in on" in text_of(again.text)
    assert len(receipts(instance, "student")) == 1


def test_only_instructors_hand_in_and_only_what_they_looked_at(instance: Instance) -> None:
    student, teacher = instance.person("student"), instance.person("teacher")
    assert student.get(PAGE).status_code == 403
    answer = student.http.post(f"{instance.url}{PAGE}/look", files={"files": ("a.zip", b"x")}, timeout=60)
    assert answer.status_code == 403
    looked = look(teacher, {"asha.ipynb": solved(RIGHT)})
    number = re.search(r'name="number" value="([^"]+)"', looked.text)
    assert number
    stolen = student.post(PAGE, "/courses/password", {"number": number[1], "student": "student"})
    assert stolen.status_code == 403
    without = teacher.http.post(f"{instance.url}{PAGE}/look", files={"files": ("asha.ipynb", b"x")}, timeout=60)
    assert without.status_code == 403, "a form of another site has no token"
    nothing = look(teacher, {"notes.txt": b"no"})
    assert "Nothing of this can be handed in" in text_of(nothing.text)


def marks_and_feedback_come_out_as_files(instance: Instance, teacher: Person) -> None:
    assert grade(teacher, NAME).startswith("done")
    answer = teacher.get("/courses/demo/marks.csv")
    assert answer.status_code == 200, text_of(answer.text)
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    assert rows["student"][f"{NAME} (max 5)"] == "5"
    assert rows["student2"][f"{NAME} (max 5)"] == "0"
    assert rows["asha"][f"{NAME} (max 5)"] == ""
    printed = instance.command("marks", "export", "demo").stdout
    assert next(csv.reader(io.StringIO(printed.removeprefix("\ufeff"))))[:4] == [
        "name",
        "full_name",
        "email",
        "section",
    ]
    assert instance.person("student").get("/courses/demo/marks.csv").status_code == 403
    teacher.inside("grade-demo", RELEASE_FEEDBACK, seconds=120)
    everything = teacher.get("/courses/demo/feedback.zip")
    with zipfile.ZipFile(io.BytesIO(everything.content)) as archive:
        names = [PurePosixPath(name) for name in archive.namelist()]
    mine = {name.parts[1] for name in names if name.parts[2] == NAME}
    assert mine == {"student", "student2"}
    one = teacher.get("/courses/demo/feedback.zip?person=student")
    with zipfile.ZipFile(io.BytesIO(one.content)) as archive:
        assert {PurePosixPath(name).parts[1] for name in archive.namelist()} == {"student"}
    assert instance.person("student").get("/courses/demo/feedback.zip").status_code == 403
    assert teacher.get("/courses/demo/feedback.zip?person=nobody").status_code == 409


def marks_are_in_no_log_and_in_no_job(instance: Instance, teacher: Person) -> None:
    teacher.get("/courses/demo/marks.csv")
    told = instance.part("grader").logs().decode()
    assert '"highest"' not in told
    jobs = instance.python_in(
        f"{instance.name}-service",
        f"""
        import json, sqlite3
        store = sqlite3.connect("file:{instance.data}/service/store.sqlite?mode=ro", uri=True)
        print(json.dumps(store.execute("select message from jobs where verb = 'export'").fetchall()))
        """,
    )
    assert json.loads(jobs)
    assert all(message == ["The marks were given out."] for message in json.loads(jobs))


def test_what_staff_hand_in_counts_and_comes_out_as_marks_and_feedback(instance: Instance, teacher: Person) -> None:
    """One story in its order: what is handed in first is what is marked and given back."""
    mixed_upload_is_looked_at_then_counts_for_each_student(instance)
    marks_and_feedback_come_out_as_files(instance, teacher)
    marks_are_in_no_log_and_in_no_job(instance, teacher)
