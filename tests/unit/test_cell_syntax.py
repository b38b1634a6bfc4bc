"""Cells with magics become the Python that IPython itself makes of them, line by line."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from hub import cell_code
from hub.cell_syntax import translated


def same(text: str) -> str:
    """A cell's Python without places; the texts of cell magics without the newline at their end."""
    return ast.dump(ast.parse(text)).replace("\\n')", "')")


@pytest.mark.parametrize(
    "cell",
    [
        "%time f(x)",
        "!ls -l $x {y}",
        "x = !ls",
        "x, y = %magic a b",
        "x['a'] = !ls",
        "%%bash -x\ncd /\nls\n",
        "\n\n%%time\nx",
        "?x",
        "x?",
        "x.y??",
        "%time?",
        "if 1:\n    !ls\n    y = 3",
        "!!ls",
        "%pip install a \\\n   b",
        "!ls\\\nb\nc = 1",
        "  x = 1\n  y = 2",
        "a = (1\n %b)",
        "'''\n!x\n'''",
        'a = """\n%matplotlib inline\n"""\n!ls',
        "!ls 'a\\'b'",
        "await x",
        "%cd /tmp\n!ls",
        "#%%\n!ls",
        "s = 'a\\\n!b'",
        "print('%s'\n % 5)",
        "f'{x!r}'\n%matplotlib inline",
        "a = 'it''s' # don't\n!ls",
        "%%writefile a.py\nimport x",
    ],
)
def test_cell_reads_as_ipython_reads_it(cell: str) -> None:
    assert same(translated(cell)) == same(TransformerManager().transform_cell(cell))


LINES = [
    "!ls a",
    "%pip install b",
    "x = !ls",
    "x = 1",
    "y = (1,",
    "2)",
    "'''",
    "# '",
    "if x:\n    !ls",
    's = "\'"',
    "z \\",
    "",
]


@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_any_order_of_lines_reads_as_ipython_reads_it(lines: list[str]) -> None:
    cell = "\n".join(["pass", *lines])
    try:
        expected = ast.parse(TransformerManager().transform_cell(cell))
    except SyntaxError:
        return
    assert ast.dump(ast.parse(translated(cell))) == ast.dump(expected)


@given(st.text(alphabet="!%?\n\t '\"()[]=abc\\{}$#."))
def test_no_line_moves(text: str) -> None:
    assert translated(text).count("\n") >= text.count("\n") or text.lstrip("\n").lstrip().startswith("%%")


def test_lines_of_what_magics_hold_are_the_cells() -> None:
    code = cell_code.read("%%time\nx = 1\n!pip install a \\\n  b\nload('c')")
    assert [(one.text, one.line) for one in code.shell] == [("pip install a    b", 3)]
    assert code.tree is not None
    assert [node.lineno for node in ast.walk(code.tree) if isinstance(node, ast.Name) and node.id == "load"] == [5]


def test_magics_within_magics_end() -> None:
    assert cell_code.read("%time " * 200 + "!ls").commands == ()
