"""The person's GPU in JupyterLab, in real Chromium and a real server of a course; what the service would say is said here.

The server `demo` stands for one with a GPU or beside one: what it is only shows in the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SERIOUS, Visit
from tests.browser.test_student import LONG, open_lab
from tests.instance import Instance

Open = Callable[[str], Visit]
GB = 1024**3
LOOK = re.compile(r"/campushub/gpu(\?|$)")  # JupyterLab adds a number to what it asks
HIDDEN = """
Object.defineProperty(document, 'hidden', { get: () => window.isHidden === true });
window.noticed = [];
window.Notification = class { constructor(title, { body }) { window.noticed.push(`${title}: ${body}`); } };
window.Notification.permission = 'granted';
"""


def at(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def clock(page: Page, moment: str) -> str:
    """A moment as this browser tells it."""
    form = "{ hour: '2-digit', minute: '2-digit' }"
    return str(page.evaluate(f"text => new Date(text).toLocaleTimeString(undefined, {form})", moment))


NONE: dict[str, Any] = {
    **dict.fromkeys(["slot", "memory", "used", "until", "warned", "place", "least_minutes", "most_minutes", "ended"]),
    "state": "none",
    "course": "demo",
    "page": "/courses/demo/gpu",
    "server": "gpu-demo",
    "name": "",
    "renewable": False,
    "hours": {"used": 4.2, "of": 6.0},
}
LEASE = {**NONE, "state": "active", "slot": "a", "name": "NVIDIA RTX 4090", "memory": 24 * GB, "used": int(3.1 * GB)}
IDLE = {
    "reason": "idle",
    "sentence": "Nothing has computed on it for 15 minutes.",
    "advice": "Run a cell that uses it, or hand it back for those who wait.",
}


@dataclass
class Service:
    """What the service would say of a person's GPU, and what it was asked to do."""

    told: dict[str, Any]
    posted: list[str] = field(default_factory=list)
    refusal: str = ""
    renewed_until: str = field(default_factory=lambda: at(180))

    def answer(self, route: Route) -> None:
        verb = route.request.url.partition("/campushub/")[2].partition("?")[0]
        if route.request.method == "POST":
            self.posted.append(verb)
            if self.refusal:
                route.fulfill(status=409, json={"message": self.refusal})
                return
            if verb == "gpu/renew":
                self.told = {**self.told, "until": self.renewed_until}
        route.fulfill(json={} if verb == "gpu/return" else {**self.told, "now": at(0)})


@dataclass
class Lab:
    """JupyterLab of a student, whose questions about the GPU are answered here."""

    visit: Visit
    service: Service

    @property
    def page(self) -> Page:
        return self.visit.page

    @property
    def item(self) -> Any:
        """The button in the status bar."""
        return self.page.locator("#campushub-gpu button")

    @property
    def dialog(self) -> Any:
        return self.page.get_by_role("dialog").and_(self.page.locator(".campushub-dialog"))

    @property
    def notices(self) -> Any:
        """What JupyterLab tells of the GPU; it may offer the tour beside it."""
        return self.page.locator(".Toastify__toast").filter(has_text="GPU")

    def becomes(self, **changed: Any) -> None:
        """The service says something else, and the page asks, as it does when somebody comes back to it."""
        self.service.told.update(changed)
        with self.page.expect_response(LOOK):
            self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def opens(self) -> Any:
        self.item.click()
        expect(self.dialog).to_be_visible()
        return self.dialog

    def shot(self, step: str) -> None:
        """A picture; nothing serious about ours. JupyterLab around it is not ours to judge."""
        self.visit.shot(f"gpu-{step}")
        ours = {"include": [["#campushub-gpu"], *([[".campushub-dialog[open]"]] if self.dialog.count() else [])]}
        found = Axe().run(self.page, context=ours).response["violations"]
        assert not [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]


@pytest.fixture
def lab(visit: Open, instance: Instance) -> Callable[..., Lab]:
    """Opens JupyterLab where the service says so much."""

    def opened(told: dict[str, Any]) -> Lab:
        student = visit("student")
        found = Lab(student, Service(dict(told)))
        student.context.add_init_script(HIDDEN)
        student.page.route(re.compile("/campushub/gpu"), found.service.answer)
        open_lab(student, "A first course")
        expect(student.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=LONG)
        return found

    return opened


def here(**more: Any) -> dict[str, Any]:
    """A lease of this very server."""
    return {**LEASE, "server": "demo", "until": at(95), **more}


def test_gpu_server_shows_which_how_much_until_when_and_renews(lab: Callable[..., Lab]) -> None:
    student = lab(here(renewable=True))
    until = clock(student.page, student.service.told["until"])
    expect(student.item).to_have_text(f"GPU a · 3.1 of 24 GB · until {until}", timeout=LONG)
    expect(student.page.get_by_role("status").filter(has_text="GPU a until")).to_have_count(1)
    dialog = student.opens()
    for words in ("a (NVIDIA RTX 4090)", "3.1 of 24 GB used", "4.2 of 6"):
        expect(dialog).to_contain_text(words)
    left = r"1 hour 3[0-4] minutes left"  # of 95 minutes, some of which JupyterLab took to open
    expect(dialog).to_contain_text(re.compile(rf"{re.escape(until)} \({left}\)"))
    student.shot("active")
    dialog.get_by_role("button", name="Renew").click()
    expect(dialog).to_contain_text(f"Renewed: it is yours until {clock(student.page, student.service.renewed_until)}")
    student.shot("renewed")
    dialog.get_by_role("button", name="Close").click()
    expect(student.dialog).to_have_count(0)
    assert student.service.posted == ["gpu/renew"]


def test_status_is_used_by_keyboard_alone(lab: Callable[..., Lab]) -> None:
    student = lab(here(renewable=True))
    student.item.focus()
    student.page.keyboard.press("Enter")
    expect(student.dialog.get_by_role("button", name="Renew")).to_be_focused()
    student.page.keyboard.press("Escape")
    expect(student.dialog).to_have_count(0)
    expect(student.item).to_be_focused()


def test_who_cannot_renew_reads_why(lab: Callable[..., Lab]) -> None:
    student = lab(here(renewable=False))
    expect(student.opens()).to_contain_text("It cannot be renewed now: others wait for a GPU")
    expect(student.dialog.get_by_role("button", name="Renew")).to_have_count(0)
    student.shot("not-renewable")


def test_refused_renewal_is_in_the_services_words(lab: Callable[..., Lab]) -> None:
    student = lab(here(renewable=True))
    student.service.refusal = "Somebody has begun to wait: <b>2</b> people."
    student.opens().get_by_role("button", name="Renew").click()
    expect(student.dialog.get_by_role("alert")).to_have_text("Somebody has begun to wait: <b>2</b> people.")


def test_warning_is_told_once_and_taken_away_when_it_holds_no_more(lab: Callable[..., Lab]) -> None:
    student = lab(here())
    expect(student.item).to_contain_text("GPU a ·", timeout=LONG)
    student.becomes(warned={**IDLE, "at": (soon := at(4.9))})
    expect(student.notices).to_contain_text(
        f"GPU a ends at {clock(student.page, soon)}. {IDLE['sentence']} {IDLE['advice']}"
    )
    expect(student.item).to_have_text(f"GPU a ends at {clock(student.page, soon)}: 4 minutes left")
    student.becomes()
    expect(student.notices).to_have_count(1)
    student.shot("warned")
    student.notices.get_by_role("button", name="Show").click()
    expect(student.dialog).to_contain_text(IDLE["advice"])
    student.shot("warned-dialog")
    student.page.keyboard.press("Escape")
    student.becomes(warned={**IDLE, "at": (sooner := at(2)), "reason": "reserved"})
    expect(student.notices.filter(has_text=clock(student.page, sooner))).to_have_count(1)
    student.becomes(warned=None)
    expect(student.notices).to_have_count(0)
    expect(student.item).to_contain_text("GPU a · 3.1 of 24 GB")


def test_who_looks_elsewhere_has_the_warning_from_the_browser(lab: Callable[..., Lab]) -> None:
    student = lab(here())
    expect(student.item).to_contain_text("GPU a ·", timeout=LONG)
    student.page.evaluate("window.isHidden = true")
    student.service.told["warned"] = {**IDLE, "at": at(5)}
    student.page.wait_for_function("window.noticed.length > 0", timeout=LONG)
    assert IDLE["advice"] in student.page.evaluate("window.noticed[0]")


def test_hand_back_asks_once_saves_and_leads_to_the_gpu_page(lab: Callable[..., Lab], instance: Instance) -> None:
    student = lab(here())
    page = student.page
    student.visit.choose("File", re.compile("^New Launcher"))  # whatever stood open when they were here last
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    cell.click()
    page.keyboard.insert_text("kept = 'by handing back'")
    student.opens().get_by_role("button", name="Hand back now").click()
    expect(student.dialog).to_contain_text("your files stay")
    student.shot("hand-back")
    student.dialog.get_by_role("button", name="Keep it").click()
    expect(student.dialog).to_have_count(0)
    assert student.service.posted == []
    student.opens().get_by_role("button", name="Hand back now").click()
    student.dialog.get_by_role("button", name="Save and hand back").click()
    page.wait_for_url("**/courses/demo/gpu")
    assert student.service.posted == ["gpu/return"]
    names = instance.person("student").inside(
        "demo", "print(*__import__('glob').glob('**/Untitled*.ipynb', recursive=True))"
    )
    assert names, "the new notebook is there"
    read = f"print([open(name).read() for name in {names.split()!r}])"
    assert "by handing back" in instance.person("student").inside("demo", read)


def test_who_waits_sees_the_place_and_is_told_of_the_offer(lab: Callable[..., Lab]) -> None:
    student = lab({**NONE, "state": "waiting", "place": 3, "least_minutes": 20, "most_minutes": 60})
    expect(student.item).to_have_text("In the queue for a GPU: place 3, 20–60 min", timeout=LONG)
    student.opens()
    student.shot("waiting")
    student.page.keyboard.press("Escape")
    student.becomes(state="offered", until=(until := at(10)), place=None)
    expect(student.item).to_have_text(f"GPU ready: open it until {clock(student.page, until)}")
    expect(student.notices).to_contain_text(f"A GPU is yours until {clock(student.page, until)}: open it.")
    student.shot("offered")
    link = student.opens().get_by_role("link", name="Open it")
    assert (link.get_attribute("target"), link.get_attribute("href")) == (
        "_blank",
        f"{student.visit.instance.url}/courses/demo/gpu",
    )
    student.shot("offered-dialog")
    student.page.keyboard.press("Escape")
    with student.visit.context.expect_page() as opened:
        student.notices.get_by_role("button", name="Open it").click()
    assert opened.value.url.endswith("/courses/demo/gpu")


def test_server_beside_the_one_with_the_gpu_says_that_it_has_none(lab: Callable[..., Lab]) -> None:
    student = lab({**LEASE, "until": at(95)})
    expect(student.item).to_contain_text("GPU in your other server · until", timeout=LONG)
    expect(student.opens()).to_contain_text("The notebooks on this page do not use it")
    expect(student.dialog.get_by_role("button", name="Hand back")).to_have_count(0)
    student.shot("elsewhere")


def test_end_of_a_lease_is_told_once_whichever_page_is_open(lab: Callable[..., Lab]) -> None:
    ended = {"sentence": "Your GPU went back: it was not used.", "advice": "Your files are there.", "at": at(-3)}
    student = lab({**NONE, "ended": ended})
    expect(student.notices).to_contain_text("Your GPU went back: it was not used. Your files are there.", timeout=LONG)
    expect(student.item).to_be_hidden()
    student.shot("ended")
    with student.page.expect_response(LOOK, timeout=LONG):
        student.page.reload()
    expect(student.page.locator(".campushub-panel")).to_be_visible(timeout=LONG)
    expect(student.notices).to_have_count(0)


def test_hub_without_gpus_shows_nothing_and_is_asked_once(visit: Open) -> None:
    student = visit("student")
    asked: list[str] = []
    student.page.on("request", lambda one: asked.append(one.url) if "/campushub/gpu" in one.url else None)
    with student.page.expect_response(LOOK, timeout=2 * LONG) as answer:
        open_lab(student, "A first course")
    assert answer.value.status == 404
    student.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(student.page.locator("#campushub-gpu")).to_be_hidden()
    assert len(asked) == 1
