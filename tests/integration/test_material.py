"""Where a click on a course leads: JupyterLab with the course's material in the home, or the page that says what is wrong."""

from __future__ import annotations

from tests.instance import Person


def test_click_leads_to_jupyterlab_with_the_material(student: Person) -> None:
    assert student.get("/user/student/demo/").url.endswith("/user/student/demo/lab/tree/demo")
    there = student.inside("demo", "import os; print(sorted(os.listdir('/home/jovyan/demo')))")
    assert "01-how-a-model-learns.ipynb" in there


def test_material_that_cannot_be_brought_leads_to_the_page_that_says_why(student: Person) -> None:
    student.inside("demo", "import os; os.rename('demo', 'kept'); open('demo', 'w').close()")
    try:
        page = student.get("/user/student/demo/")
        assert "/user/student/demo/git-pull?" in page.url
        query = page.url.partition("?")[2]
        assert '"phase": "error"' in student.get(f"/user/student/demo/git-pull/api?{query}").text
    finally:
        student.inside("demo", "import os; os.remove('demo'); os.rename('kept', 'demo')")
    assert student.get("/user/student/demo/").url.endswith("/lab/tree/demo")


def test_somebody_else_cannot_open_it(student: Person, student2: Person) -> None:
    assert student2.get("/user/student/demo/campushub/open").status_code in (403, 404)
