"""Which notebook each file that was handed in is, what is left out, and what is said about it."""

from __future__ import annotations

import hashlib
import random
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings, strategies

from hub.exchange import Refused
from hub.handed_in import Arrived, HandedOut, Notebook, Verdict, judge
from hub.likeness import likeness
from hub.notebook_cells import Cell, cells_of
from hub.released_cells import is_solution

PS1, PS2 = "ps1.ipynb", "ps2.ipynb"


def answer(name: str, source: str = "") -> Cell:
    return Cell(name, "code", source, fixed=False)


def checked(name: str, source: str = "assert True") -> Cell:
    return Cell(name, "code", source, fixed=True)


ONE = (answer("mean"), checked("mean-tests"), answer("step"), checked("step-tests"))
TWO = (answer("net"), checked("net-tests"))
BOTH = HandedOut((Notebook(PS1, ONE), Notebook(PS2, TWO)), frozenset({"data.csv"}))
ONLY = HandedOut((Notebook(PS1, ONE),))
TWINS = HandedOut((Notebook("part1/ps.ipynb", ONE), Notebook("part2/ps.ipynb", ONE)))


def nb(path: str, cells: tuple[Cell, ...] = ONE, content: str = "", archive: str = "") -> Arrived:
    sha256 = hashlib.sha256((content or path).encode()).hexdigest()
    return Arrived(path, 10, sha256, cells, archive=archive)


def file(path: str, archive: str = "") -> Arrived:
    return Arrived(path, 10, archive=archive)


@pytest.mark.parametrize(
    "path",
    ["first (1).ipynb", "ps1-Copy1.ipynb", "ps1/ps1.ipynb", "ps1.zip/ps1.ipynb", "21BCE001.ipynb", "PS1.IPYNB"],
)
def test_renamed_copied_deeper_and_zipped_are_known_by_their_cells(path: str) -> None:
    verdict = judge(BOTH, [nb(path), nb(PS2, TWO)])
    assert verdict.kept == {path: PS1, PS2: PS2}
    assert not verdict.doubts
    assert verdict.remarks == (f"'{path}' was taken as 'ps1.ipynb', whose cells it has.",)


def test_swapped_names_are_seen_by_their_cells() -> None:
    assert judge(BOTH, [nb(PS1, TWO), nb(PS2, ONE)]).kept == {PS1: PS2, PS2: PS1}


def test_the_exact_name_wins_and_the_copy_is_named() -> None:
    verdict = judge(ONLY, [nb(PS1), nb("ps1-Copy1.ipynb")])
    assert verdict.kept == {PS1: PS1}
    assert verdict.remarks == ("'ps1-Copy1.ipynb' is left out: 'ps1.ipynb' counts.",)


def test_a_copy_with_the_cells_wins_over_the_name_without_them() -> None:
    verdict = judge(ONLY, [nb(PS1, ()), nb("ps1-Copy1.ipynb")])
    assert verdict.kept == {"ps1-Copy1.ipynb": PS1}
    assert "'ps1.ipynb' is left out: 'ps1-Copy1.ipynb' counts." in verdict.remarks


def test_a_copy_wins_over_a_file_with_the_name_that_cannot_be_read() -> None:
    broken = Arrived(PS1, 0, trouble="'ps1.ipynb' is not a notebook any more")
    assert judge(ONLY, [broken, nb("ps1-Copy1.ipynb")]).kept == {"ps1-Copy1.ipynb": PS1}
    with pytest.raises(Refused, match="not a notebook any more"):
        judge(ONLY, [broken])


def test_two_that_differ_without_the_name_are_refused_by_their_names() -> None:
    with pytest.raises(Refused, match=r"'a\.ipynb' and 'b\.ipynb' can each be 'ps1\.ipynb'"):
        judge(ONLY, [nb("a.ipynb"), nb("b.ipynb")])
    with pytest.raises(Refused, match="move the other away"):
        judge(ONLY, [nb("a/ps1.ipynb"), nb("b/ps1.ipynb")])


def test_two_that_do_not_differ_are_one() -> None:
    assert judge(ONLY, [nb("old/b.ipynb", content="same"), nb("a.ipynb", content="same")]).kept == {"a.ipynb": PS1}


def test_the_same_ids_in_two_notebooks_are_told_apart_by_name() -> None:
    verdict = judge(TWINS, [nb("my/part1/ps-Copy1.ipynb"), nb("part2/ps (2).ipynb")])
    assert verdict.kept == {"my/part1/ps-Copy1.ipynb": "part1/ps.ipynb", "part2/ps (2).ipynb": "part2/ps.ipynb"}


def test_what_cannot_be_told_apart_is_left_out_and_said() -> None:
    verdict = judge(TWINS, [nb("part1/ps.ipynb"), nb("mine.ipynb")])
    assert verdict.missing == ("part2/ps.ipynb",)
    assert "'mine.ipynb' is left out: it can be 'part1/ps.ipynb' or 'part2/ps.ipynb'." in verdict.remarks[0]


def test_fewer_than_half_of_the_cells_is_another_notebook() -> None:
    with pytest.raises(Refused, match=r"No notebook of this assignment is in it; 'ps1\.ipynb' is missing"):
        judge(ONLY, [nb("x.ipynb", ONE[:1])])


def test_no_notebook_at_all_is_refused() -> None:
    with pytest.raises(Refused, match="No notebook of this assignment"):
        judge(BOTH, [file("data.csv")])


def test_missing_changed_and_lost_cells_are_said_before_it_counts() -> None:
    verdict = judge(BOTH, [nb(PS1, (answer("mean"), checked("mean-tests", "pass")))])
    assert verdict.missing == (PS2,)
    assert verdict.changed == {PS1: ("mean-tests", "step-tests")}
    assert verdict.lost == {PS1: ("step",)}
    assert verdict.doubts == (
        "'ps2.ipynb' is missing.",
        "In 'ps1.ipynb' 2 test or locked cells were changed or are missing; they count as they were handed out: "
        "mean-tests and step-tests.",
        "In 'ps1.ipynb' 1 cell for answers is missing: step.",
    )


def test_notebook_of_the_name_without_its_cells_counts_when_there_is_no_other() -> None:
    verdict = judge(ONLY, [nb(PS1, ())])
    assert verdict.kept == {PS1: PS1}
    assert verdict.changed == {PS1: ("mean-tests", "step-tests")}
    assert verdict.remarks == ("'ps1.ipynb' has few or none of the cells that were handed out.",)


def test_extras_are_left_out_and_named_but_data_is_kept() -> None:
    arrived = [nb(PS1), nb("scratch.ipynb", ()), file(".env"), file("plots/a.png"), file("__pycache__/x.pyc")]
    verdict = judge(ONLY, [*arrived, nb(".ipynb_checkpoints/ps1-checkpoint.ipynb")])
    assert verdict.kept == {PS1: PS1, "plots/a.png": "plots/a.png"}
    assert verdict.remarks == (
        "'scratch.ipynb' is left out: no notebook of this assignment.",
        "1 hidden file is left out: '.env'.",
    )


def test_a_hidden_file_that_was_handed_out_is_kept() -> None:
    asked = HandedOut(ONLY.notebooks, frozenset({".config"}))
    assert ".config" in judge(asked, [nb(PS1), file(".config")]).kept


def test_what_lay_beside_a_notebook_still_does() -> None:
    zipped: dict[str, str] = {"archive": "ps1.zip"}
    arrived = [nb("ps1.zip/ps1/ps1.ipynb", archive="ps1.zip"), file("ps1.zip/ps1/data/a.csv", **zipped), file("b.csv")]
    kept = judge(ONLY, [*arrived, file("ps1.zip/ps1/b.csv", **zipped)]).kept
    assert kept["ps1.zip/ps1/data/a.csv"] == "data/a.csv"
    assert kept["ps1.zip/ps1/b.csv"] == "ps1.zip/ps1/b.csv", "b.csv is there already"


def test_a_zip_of_which_nothing_counts_is_left_out() -> None:
    verdict = judge(
        ONLY, [nb(PS1), nb("old.zip/ps1.ipynb", archive="old.zip"), file("old.zip/a.csv", archive="old.zip")]
    )
    assert verdict.kept == {PS1: PS1}
    assert verdict.remarks == (
        "'old.zip/ps1.ipynb' is left out: 'ps1.ipynb' counts.",
        "Nothing was taken from 'old.zip'.",
    )


def test_a_notebook_without_ids_is_known_by_its_name_alone() -> None:
    plain = HandedOut((Notebook(PS1, ONE), Notebook("read.ipynb")))
    assert judge(plain, [nb(PS1), nb("x/read.ipynb", ())]).kept["x/read.ipynb"] == "read.ipynb"
    assert judge(plain, [nb(PS1), nb("reading.ipynb", ())]).missing == ("read.ipynb",)


@pytest.mark.parametrize(
    ("found", "wanted", "closeness"),
    [
        ("a/ps1.ipynb", PS1, 3),
        ("ps1-Copy1.ipynb", PS1, 2),
        ("Copy of ps1.ipynb", PS1, 2),
        ("ps1 - Copy (2).ipynb", PS1, 2),
        ("ps1 copy 3.ipynb", PS1, 2),
        ("Asha ps1 final.ipynb", PS1, 1),
        ("ps10.ipynb", PS1, 0),
        ("copy.ipynb", PS1, 0),
    ],
)
def test_how_close_a_name_is(found: str, wanted: str, closeness: int) -> None:
    assert likeness(found, wanted) == closeness


@pytest.mark.parametrize(
    "cells",
    [
        None,
        "x",
        [1, None, [], {}],
        [{"metadata": 1}],
        [{"metadata": {"nbgrader": []}}],
        [{"metadata": {"nbgrader": {"grade_id": ["x"], "grade": True}}}],
        [{"metadata": {"nbgrader": {"grade_id": "x" * 501, "grade": True}}}],
        [{"metadata": {"nbgrader": {"grade_id": ""}}}],
    ],
)
def test_odd_notebooks_have_no_cells(cells: object) -> None:
    assert cells_of({"cells": cells}) == ()


def test_of_cells_with_one_id_the_first_counts_as_in_grading() -> None:
    about = {"nbgrader": {"grade_id": "t", "grade": True, "locked": True}}
    made = [{"cell_type": "code", "source": source, "metadata": about} for source in (["a\r\n", "b"], "c")]
    assert cells_of({"cells": made}) == (Cell("t", "code", "a\nb", fixed=True),)


@pytest.mark.parametrize(
    "marks",
    [
        {"grade": True, "solution": False, "locked": True},
        {"grade": True, "solution": False},
        {"locked": True},
        {"solution": True, "locked": True},
        {"grade": True, "solution": True},
        {"solution": True},
        {"task": True, "locked": True},
        {"task": True},
        {},
    ],
)
def test_the_same_cells_are_fixed_here_and_where_they_are_put_back(marks: dict[str, bool]) -> None:
    made = {"cell_type": "code", "source": "", "metadata": {"nbgrader": {"grade_id": "x", **marks}}}
    assert cells_of({"cells": [made]})[0].fixed != is_solution(made)


def anything(pick: random.Random) -> tuple[HandedOut, list[Arrived]]:
    """An assignment and what may have arrived for it, out of few names and cells so that they meet often."""
    names = ["ps", "ps1", "ps2", "ps1-Copy1", "ps (1)", "x"]
    folders = ["", "", "part1/", "part2/", "a.zip/", "a.zip/part1/"]
    ids = ["a", "b", "c", "d"]

    def path(suffix: str) -> str:
        return pick.choice(folders) + pick.choice(names) + suffix

    def cells() -> tuple[Cell, ...]:
        chosen = pick.sample(ids, pick.randint(0, 4))
        return tuple(Cell(name, "code", pick.choice(["1", "2"]), fixed=name < "c") for name in chosen)

    asked = {path(".ipynb"): cells() for _ in range(pick.randint(1, 3))}
    beside = {path(".csv") for _ in range(pick.randint(0, 2))}
    arrived: dict[str, Arrived] = {}
    for _ in range(pick.randint(1, 8)):
        where = path(pick.choice([".ipynb", ".ipynb", ".csv"]))
        archive = "a.zip" if where.startswith("a.zip/") else ""
        trouble = "broken" if where.endswith(".ipynb") and pick.random() < 0.1 else ""
        sha256 = str(pick.randint(0, 3))
        arrived[where] = Arrived(where, 1, sha256, () if trouble else cells(), trouble, archive)
    return HandedOut(tuple(Notebook(*one) for one in sorted(asked.items())), frozenset(beside)), list(arrived.values())


def outcome(asked: HandedOut, arrived: list[Arrived]) -> Verdict | str:
    try:
        return judge(asked, arrived)
    except Refused as refused:
        return str(refused)


@settings(max_examples=300, deadline=None)
@given(strategies.randoms())
def test_every_verdict_is_whole_and_depends_on_content_not_on_order(pick: random.Random) -> None:
    asked, arrived = anything(pick)
    shuffled = arrived.copy()
    pick.shuffle(shuffled)
    verdict = outcome(asked, arrived)
    assert outcome(asked, shuffled) == verdict
    if isinstance(verdict, str):
        return
    stored = list(verdict.kept.values())
    assert len(set(stored)) == len(stored), "no path twice"
    assert set(verdict.kept) <= {one.path for one in arrived}
    assert all(".." not in PurePosixPath(path).parts and not path.startswith("/") for path in stored)
    wanted = {one.path for one in asked.notebooks}
    assert {path for path in stored if path.endswith(".ipynb")} == wanted - set(verdict.missing)
    said = " ".join(verdict.remarks)
    for one in arrived:
        kept = verdict.kept.get(one.path)
        assert kept == one.path or one.path in said or one.archive in said or not one.path.endswith(".ipynb")
    for found, path in verdict.kept.items():
        if path.endswith(".csv"):
            assert found.endswith(path.rpartition("/")[2]), "a file keeps its name"
