"""Makes the documentation of what is installed in an image: one HTML page for each public class, function and module.

Runs inside the image, with pdoc and Pagefind beside its packages: pdoc reads docstrings and signatures, this decides what is
public and how pages are cut, Pagefind makes the index that a browser searches without a server.
Knows nothing of CampusHub; what goes in and comes out are folders.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
import tomllib
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import library
import pages
import python_pages

HERE = Path(__file__).parent


def main(image: str, names: Path, python: Path, out: Path) -> None:
    """Write the documentation of an image's libraries to a folder."""
    known = tomllib.loads((HERE / "libraries.toml").read_text(encoding="utf-8"))
    wanted = [line for line in names.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")]
    for shared in ("docs.css", "search.js"):
        (out / shared).write_bytes((HERE / shared).read_bytes())
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        started = [pool.submit(_one, name, known.get(name), python, out) for name in wanted]
        made = [one.result() for one in started]
    (out / "index.html").write_text(pages.landing(image, made), encoding="utf-8")
    (out / "docs.json").write_text(json.dumps({"image": image, "libraries": made}, indent=2) + "\n", encoding="utf-8")
    command = ["pagefind_bin", "--site", str(out), "--force-language", "en", "--quiet"]
    subprocess.run([sys.executable, "-m", *command], check=True)


def _one(name: str, about: library.About | None, python: Path, out: Path) -> dict[str, object]:
    began = time.monotonic()
    try:
        made = _written(name, about, python, out)
    except Exception:  # not every library's own errors can be told to another process
        raise pages.NotDocumented(f"{name}: {traceback.format_exc()}") from None
    print(f"{name} {made['version']}: {made['pages']} pages, {time.monotonic() - began:.0f} s", flush=True)
    return {"name": name, **made}


def _written(name: str, about: library.About | None, python: Path, out: Path) -> dict[str, object]:
    if name == "python":
        return python_pages.write(python, out / name)
    if about is None:
        raise pages.NotDocumented(f"{name} is not in libraries.toml")
    return library.write(name, about, out / name)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
