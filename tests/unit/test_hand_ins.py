"""Staff hand in for students, with a real store and real zips: each file counts for somebody or is told with the reason."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.adapters.blobs import Blobs
from hub.adapters.members import Members
from hub.adapters.store import Store
from hub.adapters.unpacked import Unpacked
from hub.adapters.work import Work
from hub.courses import Person
from hub.exchange import Refused
from hub.roster import parse
from hub.rules import Late, Rules
from hub.secrets import Secrets
from hub.services import hand_ins
from hub.services.state import State
from hub.services.waiting import Done, Looked, Waiting
from hub.settings import Settings
from tests.unit.test_arrivals import DONE, RELEASED, tar_of, text, zip_of

DUE = datetime(2026, 12, 1, 12, tzinfo=UTC)
ROSTER = "name,full_name,email,role\nasha,Asha Rao,asha@example.edu,student\nrk21,Ravi Kumar,ravi@example.edu,student\ntara,Tara Teacher,,instructor\n"
TARA = Person("tara", "Tara Teacher", "s0")
NAME = "first-steps"
LIMIT = 3 * 1024**2


class Clocked(State):
    """The service's state with a clock of the test's."""

    at: datetime = DUE - timedelta(hours=1)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Clocked]:
    store = Store.at(tmp_path)
    blobs = Blobs(tmp_path, 0)
    blobs.clean()
    work = Work(store, blobs, LIMIT)
    made = Clocked(tmp_path, Settings(name="t", data=tmp_path), store, work, Secrets(tmp_path), "")
    Members(store).bring_in("demo", parse(ROSTER)[0], keep=True)
    released = tar_of({f"{NAME}.ipynb": text(RELEASED), "data/points.csv": b"1,2\n"})
    work.release("demo", NAME, released, due=DUE, now=DUE - timedelta(days=1))
    yield made
    store.engine.dispose()


def look(state: State, **uploads: bytes) -> Looked:
    return hand_ins.look(state, TARA, "demo", NAME, [(name, io.BytesIO(content)) for name, content in uploads.items()])


def hand_in(state: State, looked: Looked, *, on_time: bool = False) -> list[Done]:
    names = [one.student.name for one in looked.found]
    return hand_ins.hand_in(state, TARA, looked, names, on_time=on_time)


def test_class_in_one_zip_gets_receipts_that_say_who_handed_in(state: Clocked) -> None:
    inner = zip_of({"x/first-steps-Copy1.ipynb": text(DONE), "x/data/points.csv": b"3,4\n"})
    looked = look(
        state, **{"class.zip": zip_of({"Asha Rao/work.ipynb": text(DONE), "rk21.zip": inner, "list.txt": b"?"})}
    )
    assert not state.work.receipts("demo"), "only looked at"
    assert [(one.student.name, set(one.kept)) for one in looked.found] == [
        ("asha", {f"{NAME}.ipynb"}),
        ("rk21", {f"{NAME}.ipynb", "data/points.csv"}),
    ]
    assert set(looked.left) == {"class.zip/list.txt"}
    done = hand_in(state, looked)
    assert [one.receipt and one.receipt.attempt for one in done] == [1, 1]
    receipt = state.work.receipts("demo", person="asha")[0]
    assert receipt.remarks[0].startswith("Handed in by Tara Teacher for Asha Rao on Tuesday 1 December 2026")
    assert "from 'class.zip'" in receipt.remarks[0]
    assert not receipt.late


def test_same_files_are_handed_in_once_whatever_they_are_packed_in(state: Clocked) -> None:
    looked = look(state, **{"asha.zip": zip_of({"first-steps.ipynb": text(DONE)})})
    hand_in(state, looked)
    assert all(one.again for one in hand_in(state, looked)), "a second click"
    again = hand_in(state, look(state, **{"first-steps asha.ipynb": text(DONE)}))
    assert [one.again for one in again] == [True]
    assert len(state.work.receipts("demo")) == 1


def test_bad_zip_loses_none_of_the_others(state: Clocked) -> None:
    whole = zip_of({"first-steps.ipynb": text(DONE)})
    link = zip_of({"first-steps.ipynb": text(DONE), "link": b"/etc/passwd"}, mode=stat.S_IFLNK)
    looked = look(
        state,
        **{
            "asha.zip": whole,
            "rk21.zip": whole[:-30],
            "bomb.zip": zip_of({"rk21/zeros.bin": bytes(2 * 1024**2)}),
            "climbs.zip": zip_of({"../rk21/first-steps.ipynb": text(DONE)}),
            "links.zip": link,
            "empty.zip": zip_of({}),
        },
    )
    assert [one.student.name for one in looked.found] == ["asha"]
    assert {path.partition("/")[0] for path in looked.left} == {
        "rk21.zip", "bomb.zip", "climbs.zip", "links.zip", "empty.zip",
    }  # fmt: skip
    assert all(looked.left.values())


def test_two_that_differ_are_not_chosen_between(state: Clocked) -> None:
    looked = look(state, **{"asha.zip": zip_of({"a.ipynb": text(DONE), "b.ipynb": text(RELEASED)})})
    assert "can each be" in looked.found[0].why_not
    assert hand_in(state, looked) == []


def test_late_is_late_unless_staff_say_on_time_which_the_student_sees_as_an_extension(state: Clocked) -> None:
    state.at = DUE + timedelta(hours=2)
    late = hand_in(state, look(state, **{"asha.ipynb": text(DONE)}))
    assert late[0].receipt
    assert late[0].receipt.late
    on_time = hand_in(state, look(state, **{"rk21.ipynb": text(DONE)}), on_time=True)
    assert on_time[0].receipt
    assert not on_time[0].receipt.late
    now = state.rulebook.standings("demo", state.work.receipts("demo"))
    assert {one.receipt.person: one.receipt.late for one in now} == {"asha": True, "rk21": False}
    extension = state.rulebook.of("demo", NAME).extensions[0]
    assert (extension.who, extension.due, extension.given_by) == ("rk21", state.at, "tara")


def test_closed_assignment_takes_it_only_on_time(state: Clocked) -> None:
    state.rulebook.keep("demo", NAME, Rules(due=DUE, late=Late.REFUSE))
    state.at = DUE + timedelta(hours=2)
    looked = look(state, **{"asha.ipynb": text(DONE)})
    assert "Closed" in hand_in(state, looked)[0].why_not
    assert hand_in(state, looked, on_time=True)[0].receipt


def test_what_waits_is_one_upload_a_person_and_of_nobody_else(state: Clocked) -> None:
    waiting = Waiting()
    first = look(state, **{"asha.ipynb": text(DONE)})
    number = waiting.keep(first)
    assert waiting.of(number, "tara", "demo", NAME) is first
    with pytest.raises(Refused, match="wait no longer"):
        waiting.of(number, "somebody", "demo", NAME)
    waiting.keep(look(state, **{"rk21.ipynb": text(DONE)}))
    with pytest.raises(Refused, match="wait no longer"):
        waiting.of(number, "tara", "demo", NAME)
    assert not first.unpacked.folder.exists()


PARTS = st.sampled_from(["asha", "rk21", "x", "..", "a\\b", "__MACOSX", "A", "a", "é", "nul\0"[:3], "asha rk21"])
NAMES = st.builds(
    lambda folders, name: "/".join([*folders, name]),
    st.lists(PARTS, max_size=3),
    st.sampled_from(["first-steps.ipynb", "t.txt", ".DS_Store"]),
)
ENTRIES = st.dictionaries(NAMES, st.sampled_from([b"", b"text", text(DONE)]), max_size=6)


@given(st.lists(ENTRIES, min_size=1, max_size=3), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_file_is_found_or_told_exactly_once(
    tmp_path: Path, entries: list[dict[str, bytes]], nested: bool
) -> None:
    zips = [(f"{number}.zip", zip_of(one)) for number, one in enumerate(entries)]
    if nested:
        zips = [("all.zip", zip_of(dict(zips)))]
    folder = tmp_path / f"u{len(list(tmp_path.iterdir()))}"
    found = Unpacked.of([(name, io.BytesIO(content)) for name, content in zips], folder, limit=LIMIT)
    assert not found.files.keys() & found.left.keys()
    count = sum(len(one) or 1 for one in entries)  # an empty zip is told itself
    if not nested:
        assert len(found.files) + len(found.left) == count
    assert all(found.left.values())
    assert all(spooled.place.parent == folder or not spooled.sha256 for spooled in found.files.values())
