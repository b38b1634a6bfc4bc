"""Formulas of docstrings, as MathML: browsers show it by themselves, without scripts and fonts.

Markdown would take their underscores and backslashes for its own, so that they are taken out before and put back after.
"""

from __future__ import annotations

import re
import textwrap
from html import escape

from latex2mathml.converter import convert

BLOCK = r"^( *)\.\. math::(.*)\n((?:\n|\1 +.*(?:\n|\Z))*)"
INLINE = r":math:`([^`]+)`"


def taken_out(text: str) -> tuple[str, list[str]]:
    """A docstring with a mark in the place of each formula, and the formulas as HTML."""
    found: list[str] = []

    def block(seen: re.Match[str]) -> str:
        lines = [line for line in textwrap.dedent(seen[3]).split("\n") if not line.startswith(":")]
        parts = re.split(r"\n\s*\n", f"{seen[2]}\n" + "\n".join(lines))
        found.append("".join(_made(" ".join(part.split()), "block") for part in parts if part.strip()))
        return f"\n{seen[1]}{_mark(len(found) - 1)}\n\n"

    def inline(seen: re.Match[str]) -> str:
        found.append(_made(" ".join(seen[1].split()), "inline"))
        return _mark(len(found) - 1)

    text = re.sub(BLOCK, block, text, flags=re.MULTILINE)
    return re.sub(INLINE, inline, text), found


def put_back(html: str, formulas: list[str]) -> str:
    return re.sub(r"FORMULA(\d+)X", lambda seen: formulas[int(seen[1])], html)


def _mark(number: int) -> str:
    return f"FORMULA{number}X"


def _made(text: str, display: str) -> str:
    text = re.sub(
        r"\\(begin|end)\{(?:aligned|align\*?|split|eqnarray\*?|gathered|equation\*?)\}", r"\\\1{matrix}", text
    )
    try:
        return convert(text, display=display)
    except Exception:  # TeX that is no TeX; its reader is told what stands there
        return f"<code>{escape(text)}</code>"
