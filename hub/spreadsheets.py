"""Tables for spreadsheets: CSV in which no cell is run when somebody opens it.

Spreadsheets take a cell that begins with one of a few signs for a formula (OWASP, "CSV Injection"); names, ids and comments are
other people's texts. Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

STARTS_A_FORMULA = (*"=+-@", *"＝＋－＠", "\t", "\r", "\n")
BEGINS_AFRESH = "\ufeff"  # by which a spreadsheet knows that the text is UTF-8


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> str:
    """Rows below a first line of column names; numbers stay numbers, texts are quoted where they could be formulas."""
    text = io.StringIO()
    text.write(BEGINS_AFRESH)
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow([cell(name) for name in columns])
    table.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: str | float | None) -> str:
    """One cell as it stands in the file; an apostrophe in front makes a spreadsheet show a text as it is."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(STARTS_A_FORMULA) else value
    return f"{value:.12g}"
