"""The main job by HTTP alone, as a browser's requests: fetch, answer, submit, grade, give back, read.

Needs nothing of the machine that the hub runs on but its address, so that it walks a machine far away as well.
"""

from __future__ import annotations

from typing import Any

import requests

from tests.coursework import grade
from tests.instance import Person, text_of

ANSWERS = {
    2: "def mean(values):\n    if not values:\n        raise ValueError('none')\n    return sum(values) / len(values)",
    6: "def step(w, slope, rate):\n    return w - rate * slope",
    9: "The step jumps over the lowest point.",
}
NOTEBOOK = "assignments/demo/first-steps/first-steps.ipynb"


def ask(person: Person, method: str, server: str, path: str, data: Any = None) -> requests.Response:
    """A request to one of the person's own servers, with its own token against forged requests."""
    base = f"/user/{person.name}/{server}/"
    person.get(f"{base}api/status")
    person.get(f"{base}tree" if server.startswith("grade-") else f"{base}lab")
    token = person.http.cookies.get("_xsrf", path=base) or ""
    url = f"{person.instance.url}{base}{path}"
    answer = person.http.request(method, url, json=data, headers={"X-XSRFToken": token}, timeout=600)
    assert answer.ok, f"{method} {path}: {answer.status_code} {text_of(answer.text)[:500]}"
    return answer


def hand_in(student: Person) -> dict[str, Any]:
    """Fetch, answer every question rightly and submit; the receipt."""
    ask(student, "POST", "demo", "campushub/fetch", {"name": "first-steps"})
    content = ask(student, "GET", "demo", f"api/contents/{NOTEBOOK}?content=1").json()["content"]
    for number, text in ANSWERS.items():
        content["cells"][number]["source"] = text
    ask(student, "PUT", "demo", f"api/contents/{NOTEBOOK}", {"type": "notebook", "format": "json", "content": content})
    receipt: dict[str, Any] = ask(student, "POST", "demo", "campushub/submit", {"name": "first-steps"}).json()
    assert receipt["files"], receipt
    assert receipt["late"] is False, receipt
    return receipt


def give_back(teacher: Person) -> None:
    """Generate and release the feedback of everybody."""
    for verb in ("generate_feedback", "release_feedback"):
        told = ask(teacher, "POST", "grade-demo", f"formgrader/api/assignment/first-steps/{verb}").json()
        assert told["success"], told


def walk(student: Person, teacher: Person) -> dict[str, Any]:
    """The whole loop; the receipt. Both have to have their servers."""
    receipt = hand_in(student)
    assert grade(teacher, "first-steps", seconds=900).startswith("done")
    give_back(teacher)
    assert "Score 8 of 10" in text_of(student.get("/courses/").text)
    feedback = student.get(f"/courses/feedback/{receipt['submission']}/first-steps.html")
    assert feedback.ok
    assert "step(-3.0" not in feedback.text, "a hidden test stands in the feedback"
    return receipt
