"""Hidden tests stay hidden in feedback, and what a student wrote is shown so that it cannot act."""

import nbformat
import pytest
from campushub_client.feedback import FAILED, split, without
from campushub_client.harmless import Harmless, clean
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

SOURCE = "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(-3) == 9\n### END HIDDEN TESTS\nassert f(2) == 4"


def test_hidden_lines_are_taken_out() -> None:
    visible, hidden = split(SOURCE, "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
    assert visible == "assert f(1) == 1\nassert f(2) == 4"
    assert hidden == ["assert f(-3) == 9"]


def test_a_beginning_without_an_end_hides_the_rest() -> None:
    visible, hidden = split("a\n### BEGIN HIDDEN TESTS\nb\nc", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
    assert (visible, hidden) == ("a", ["b", "c"])


def error(*lines: str) -> nbformat.NotebookNode:
    return new_output("error", ename="AssertionError", evalue="f(-3) is wrong", traceback=list(lines))


def test_traceback_of_a_hidden_test_tells_nothing() -> None:
    told = without(error("AssertionError", "----> 3 assert f(-3) == 9"), ["assert f(-3) == 9"])
    assert told is not None
    assert "-3" not in str(told)
    assert told.evalue == FAILED


def test_traceback_of_a_visible_test_keeps_its_line_only() -> None:
    told = without(error("----> 1 \x1b[32massert f(1) == 1\x1b[0m", "      3 assert f(-3) == 9"), ["assert f(-3) == 9"])
    assert told is not None
    assert "assert f(1) == 1" in told.traceback[1]
    assert "9" not in "".join(told.traceback)


def test_what_a_hidden_test_printed_is_dropped() -> None:
    assert without(new_output("stream", text="called with -3"), ["assert f(-3) == 9"]) is None


@pytest.mark.parametrize(
    "markup",
    [
        "<script>act()</script>",
        "<SCRIPT SRC=//x></SCRIPT>",
        "<img src=x onerror=act()>",
        "<svg/onload=act()>",
        "<iframe srcdoc='<script>act()</script>'></iframe>",
        "<a href='javascript:act()'>x</a>",
        "<a href='jAvA\tscript:act()'>x</a>",
        "<form action=/hub/logout><button>act()</button></form>",
        "<style>@import url(//act())</style>",
        "<base href=//act()>",
        "<meta http-equiv=refresh content='0;url=//act()'>",
        "<img src='http://elsewhere/act()'>",
        "<script>act()",
        "$\\href{javascript:act()}{x}$",
    ],
)
def test_markup_that_could_act_is_taken_out(markup: str) -> None:
    kept = clean(markup).lower()
    for sign in (
        "<script",
        "onerror",
        "onload",
        "javascript:",
        "<iframe",
        "<form",
        "<style",
        "<base",
        "<meta",
        "elsewhere",
    ):
        assert sign not in kept, kept


def test_tables_and_pictures_of_plots_stay() -> None:
    table = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    assert clean(table) == table
    picture = '<img src="data:image/png;base64,iVBORw0KGgo=">'
    assert clean(picture) == picture


def test_notebook_keeps_only_what_is_known_to_be_harmless() -> None:
    script = new_output("display_data", data={"application/javascript": "act()", "text/plain": "plain"})
    svg = new_output("display_data", data={"image/svg+xml": "<svg onload=act()>"})
    cells = [
        new_code_cell("1", outputs=[script, svg]),
        new_markdown_cell("text", metadata={"nbgrader": {"grade_id": '"><b'}}),
    ]
    cells[1]["attachments"] = {"x.png": {"image/png": "iVBO", "text/html": "<script>"}}
    made = new_notebook(
        cells=cells,
        metadata={"title": "<script>", "widgets": {}, "language_info": {"name": "x", "pygments_lexer": "<x>"}},
    )
    kept, _ = Harmless().preprocess(made, {})
    assert [output["data"] for output in kept.cells[0].outputs] == [{"text/plain": "plain"}]
    assert kept.cells[1].attachments == {"x.png": {"image/png": "iVBO"}}
    assert "nbgrader" not in kept.cells[1].metadata
    assert "<" not in str(kept.metadata)
