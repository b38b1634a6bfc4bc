"""The command's words: which there are, what they take, and how an error reaches the reader.

Each word is one function elsewhere; this file only parses, calls and turns errors into one line and an exit code.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.settings_file import SettingsInvalid, load
from hub.trouble import Trouble

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did its work, 1 when it says why not, 2 for words it does not know."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except (SettingsInvalid, Trouble) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="campushub", description="A JupyterHub for a department's courses.")
    top.add_argument("--config", type=Path, default=_default_config(), help="settings file (config/hub.yaml)")
    words = top.add_subparsers(required=True, metavar="COMMAND")

    check = words.add_parser("check", help="read the settings and report every mistake")
    check.add_argument("file", nargs="?", type=Path, help="another settings file")
    check.set_defaults(run=run_check)

    test = words.add_parser("test", help="run the tests (all that need no special machine)")
    test.add_argument("part", nargs="?", choices=TEST_PARTS, help="only one part")
    test.set_defaults(run=run_test)
    return top


TEST_PARTS = ("quick", "integration", "browser", "attacks", "images", "vm", "gpu")


def _default_config() -> Path:
    return Path(os.environ.get("CAMPUSHUB_CONFIG", ROOT / "config" / "hub.yaml"))


def run_check(options: argparse.Namespace) -> int:
    path = options.file or options.config
    settings = load(path)
    count = len(settings.courses)
    print(f"{path.name}: no mistakes; {count} {'course' if count == 1 else 'courses'}")
    return 0


def run_test(options: argparse.Namespace) -> int:
    from hub.testing import run  # the test tools are looked for only when tests are asked for

    return run(ROOT, options.part)
