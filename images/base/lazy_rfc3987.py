"""Imports the grammar of this package only when it is used.

The package builds its parser at import, 0.8 s of every server's start (measured), for a format that Jupyter's
events hardly ever check.
"""


def is_valid_syntax(term, value):
    from .syntax_helpers import is_valid_syntax as check

    return check(term, value)


def __getattr__(name):
    from . import syntax_helpers

    return getattr(syntax_helpers, name)
