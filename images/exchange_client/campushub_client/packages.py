"""A person's own Python packages: an environment in the home, one for each image, upon the image's own.

Notebooks and terminals use it, so that `pip install` goes there and wins over the image's version; the image's packages stay
as they are and are seen behind it. The server itself never looks there, so that nothing in it can keep a server from starting.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

PLACE = ".environments"
WORD = "CAMPUSHUB_ENVIRONMENT"  # the environment that notebooks use; empty for the image's own
LINK = "_image.pth"  # leads to the image's packages
OUR_FILES = {LINK, "__pycache__"}
PIP = """\
#!{python}
import sys

from pip._internal.cli.main import main

sys.exit(main())
"""


def place(home: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the packages for this server's image are."""
    return home / PLACE / environment.get("CAMPUSHUB_IMAGE", "image")


def variables(folder: Path) -> dict[str, str]:
    """What notebooks and terminals are started with, so that they use an environment."""
    return {
        WORD: str(folder),
        "VIRTUAL_ENV": str(folder),
        "PYTHONUSERBASE": str(folder),  # what `pip install --user` means: the same place
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def site(folder: Path) -> Path:
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def make(folder: Path) -> None:
    """Make an environment, or make its own files anew; raises OSError where the home does not take them.

    As `python -m venv` does, in a millisecond instead of seconds: `include-system-site-packages` lets pip take `--user`.
    """
    base, image = Path(sys.executable).resolve(), sysconfig.get_path("purelib")
    python = folder / "bin" / "python"
    wanted = {
        folder / "pyvenv.cfg": f"home = {base.parent}\ninclude-system-site-packages = true\n",
        site(folder) / LINK: f"import site; site.addsitedir({image!r})\n",
        **{folder / "bin" / name: PIP.format(python=python) for name in ("pip", "pip3")},
    }
    for path, text in wanted.items():
        if _read(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755 if path.parent.name == "bin" else 0o644)
    for name in ("python", "python3"):
        link = folder / "bin" / name
        if not (link.is_symlink() and link.readlink() == base):
            link.unlink(missing_ok=True)
            link.symlink_to(base)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def own(folder: Path) -> list[dict[str, Any]]:
    """Name and version of every package of an environment's own, by name; what pip has left half made has neither."""
    whole = dict(filter(None, map(_name_and_version, distributions(path=[str(site(folder))]))))
    return [{"name": name, "version": whole[name]} for name in sorted(whole, key=str.lower)]


def _name_and_version(one: Distribution) -> tuple[str, str] | None:
    try:
        name, version = one.metadata["Name"], one.metadata["Version"]
    except (OSError, ValueError):
        return None
    return (name, version) if name and version else None


def is_used(folder: Path) -> bool:
    """Whether Python finds anything in an environment that the image does not have, whoever put it there."""
    return site(folder).is_dir() and any(one.name not in OUR_FILES for one in site(folder).iterdir())


def remove(folder: Path) -> None:
    """Put an environment back to the image's: every package of its own goes. Raises OSError when something stays."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        old = folder.with_name(f".{folder.name}.removed")
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)  # at once, whatever is still written into it
        shutil.rmtree(old)
    with suppress(OSError):
        make(folder)
