"""An instructor after a power cut: hands in for the class out of one zip; a student finds the receipt on their page."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.coursework import RIGHT, WRONG, grade, hand_out
from tests.integration.test_hand_in_for import solved, zip_of

NAME = "lab-without-light"
LATE = "2026-01-10T10:00"


def choose(page: Page, files: dict[str, bytes]) -> None:
    given = [{"name": name, "mimeType": "application/zip", "buffer": content} for name, content in files.items()]
    page.get_by_label("Zips and notebooks").set_input_files(given)  # type: ignore[arg-type]
    page.get_by_role("button", name="Look at it first").click()


def set_due(teacher: Visit) -> None:
    page = teacher.page
    page.get_by_role("link", name=f"Rules and extensions of {NAME}").click()
    page.get_by_label("Due", exact=True).fill(LATE)
    page.get_by_role("button", name="Save the rules").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")


def test_class_is_handed_in_for_and_the_student_has_the_receipt(visit: Callable[[str], Visit], tmp_path: Path) -> None:
    teacher = visit("teacher")
    page = teacher.page
    hand_out(teacher.instance, NAME)
    teacher.open("/courses/demo/")
    set_due(teacher)
    teacher.open("/courses/demo/")
    page.get_by_role("link", name=f"Hand in {NAME} for students").click()
    expect(page.get_by_role("heading", name=f"Hand in {NAME} for students")).to_be_visible()
    teacher.shot("hand-in-choose", ours=True)
    choose(
        page,
        {
            "Monday lab.zip": zip_of(
                {
                    f"Sam Student_4711_assignsubmission_file_/{NAME}-Copy1.ipynb": solved(RIGHT),
                    f"student2/week1/{NAME}.ipynb": solved(WRONG),
                    "asha/first.ipynb": solved(RIGHT),
                    "asha/second.ipynb": solved(WRONG),
                    "Somebody Else/x.ipynb": solved(RIGHT),
                    "__MACOSX/asha/._first.ipynb": b"junk",
                }
            ),
            "torn.zip": b"PK\x03\x04 not whole",
        },
    )
    table = page.locator("table", has=page.get_by_text("Students whose files were found"))
    expect(table.locator("tr", has_text="Sam Student")).to_contain_text(f"was taken as '{NAME}.ipynb'")
    expect(table.locator("tr", has_text="Asha Atabrowser")).to_contain_text("Not handed in.")
    left = page.locator("table", has=page.get_by_text("Files that are left out"))
    expect(left.locator("tr", has_text="Somebody Else")).to_contain_text("name a student of the course")
    expect(left.locator("tr", has_text="torn.zip")).to_contain_text("cannot be read as a zip")
    teacher.shot("hand-in-look", ours=True)
    page.screenshot(path="test-results/teacher-hand-in-look-whole.png", full_page=True)
    page.get_by_label("Handed in on time").check()
    page.get_by_role("button", name="Hand in", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("2 handed in.")
    expect(page.locator("main")).not_to_contain_text("late")
    teacher.shot("handed-in", ours=True)
    page.set_viewport_size({"width": 375, "height": 800})
    teacher.shot("handed-in-narrow", ours=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.set_viewport_size({"width": 1280, "height": 800})
    student_sees(visit("student"))
    take_marks(teacher, tmp_path)


def student_sees(student: Visit) -> None:
    student.open("/courses/demo/")
    row = student.page.locator("tr", has_text=NAME)
    expect(row).to_contain_text("Extended for you")
    student.shot("handed-in-for", ours=True)
    row.get_by_role("link", name="Receipt of attempt 1").click()
    expect(student.page.locator("main")).to_contain_text("Handed in by Tara Teacher for Sam Student")
    expect(student.page.locator("main")).to_contain_text("on time")
    student.shot("receipt-handed-in-for", ours=True)


def take_marks(teacher: Visit, folder: Path) -> None:
    """Grade, then take the marks from the course's page."""
    assert grade(teacher.instance.person("teacher"), NAME).startswith("done")
    teacher.open("/courses/demo/")
    with teacher.page.expect_download() as download:
        teacher.page.get_by_role("link", name="Marks of A first course as CSV").click()
    download.value.save_as(folder / "marks.csv")
    with (folder / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert (rows["student"][f"{NAME} (max 5)"], rows["student2"][f"{NAME} (max 5)"]) == ("5", "0")
    teacher.page.screenshot(path="test-results/teacher-course-with-exports.png", full_page=True)
