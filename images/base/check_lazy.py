"""Fails the build of the image when the lazy rfc3987_syntax no longer fits: it is late, and it judges as its user wants."""

import sys

import jupyter_events  # noqa: F401  # the reason why every server imports the package
from jsonschema import Draft202012Validator, FormatChecker

if "rfc3987_syntax" not in sys.modules:
    sys.exit("jupyter_events no longer imports rfc3987_syntax: images/base/lazy_rfc3987.py is not needed any more")
if "rfc3987_syntax.syntax_helpers" in sys.modules:
    sys.exit("rfc3987_syntax builds its grammar at import again: images/base/lazy_rfc3987.py has no effect")
judge = Draft202012Validator({"format": "iri"}, format_checker=FormatChecker(["iri"]))
if not judge.is_valid("https://example.edu/ü") or judge.is_valid("no address at all"):
    sys.exit("rfc3987_syntax does not judge addresses: images/base/lazy_rfc3987.py does not fit it")
