"""Pictures of a notebook's texts: there, spelt as the file is, in the assignment itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.downloads.texts import pictures
from tests.assignments import assignment, handed_out, told
from tests.coursework import source

FILES = {"figures/Net work.png": b"x", "plan.png": b"x", "set(1).png": b"x"}


def said(markdown: str, attachments: dict[str, dict[str, str]] | None = None) -> list[str]:
    made = handed_out(source())
    made.cells[0].source = markdown
    if attachments:
        made.cells[0]["attachments"] = attachments
    return [line.removeprefix("ps1.ipynb, cell 1: ") for line in told(assignment(source(), made, beside=FILES))]


@pytest.mark.parametrize(
    "markdown",
    [
        "![plan](plan.png)",
        '![plan](./plan.png "The plan")',
        "![net](figures/Net%20work.png)",
        "![net](<figures/Net work.png>)",
        "![set](set(1).png)",
        "![plan][p]\n\n[p]: plan.png",
        "![plan]\n\n[plan]: plan.png",
        '<img width=300 src="plan.png">',
        "<img src='figures/../plan.png'/>",
        "![dot](data:image/png;base64,iVBORw0KGgo=)",
        "`![no](nowhere.png)`",
        "```\n![no](https://host.example/a.png)\n```",
        "<!-- ![no](nowhere.png) -->",
        "[a link](https://host.example/a.png)",
    ],
)
def test_pictures_that_are_there(markdown: str) -> None:
    assert said(markdown) == []


@pytest.mark.parametrize(
    ("markdown", "reason"),
    [
        ("![a](nowhere.png)", "shows 'nowhere.png', which is not there."),
        ("![a](Plan.PNG)", "shows 'Plan.PNG', and the file is called 'plan.png'."),
        ('<IMG alt="x" SRC="figures/net work.png">', "and the file is called 'figures/Net work.png'."),
        ("![a](https://host.example/a.png)", "shows a picture from another host (https://host.example/a.png)."),
        ("![a](//host.example/a.png)", "shows a picture from another host (//host.example/a.png)."),
        ("<img src=http://host.example/a.png>", "shows a picture from another host (http://host.example/a.png)."),
        ("![a][p]\n\n[p]: https://host.example/a.png", "shows a picture from another host"),
        ("![a](../other/a.png)", "shows a picture from outside the assignment"),
        ("![a](/home/me/a.png)", "shows a picture from outside the assignment"),
        ("![a](file:///home/me/a.png)", "shows a picture from outside the assignment"),
        ("![a](attachment:gone.png)", "shows the attachment 'gone.png', which the cell has not."),
    ],
)
def test_pictures_that_do_not_come(markdown: str, reason: str) -> None:
    found = said(markdown)
    assert len(found) == 1
    assert reason in found[0]


def test_attachment_that_the_cell_has() -> None:
    assert said("![a](attachment:a%20b.png)", {"a b.png": {"image/png": "iVBORw0KGgo="}}) == []


@given(st.text(alphabet="![]()<>img src=\"'`~:a\n/."))
def test_any_text_is_read(markdown: str) -> None:
    assert all(isinstance(target, str) for target in pictures(markdown))
