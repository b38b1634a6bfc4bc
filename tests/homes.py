"""Homes that are full or broken, made on the machine as a student could have left them; and what works in a server there.

A full home is one on a small file system of its own, mounted where the home is before its server starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.instance import Instance, Person

STOCK = Path(__file__).with_name("stock_server.py")
PROBE = Path(__file__).with_name("probe_server.py")


def home_of(person: Person) -> Path:
    """A person's home on the machine, made if they have none yet."""
    home = person.instance.data / "homes" / person.name
    if not home.exists():
        home.mkdir(mode=0o700)
        os.chown(home, 1000, 1000)
    return home


def in_home(person: Person, command: str) -> None:
    """Run a shell's command in a home; what it makes belongs to the person."""
    home = home_of(person)
    subprocess.run(["bash", "-euc", command], cwd=home, check=True)
    subprocess.run(["chown", "-R", "--no-dereference", "1000:1000", str(home)], check=True)


def forget_lab(person: Person) -> None:
    """Remove what JupyterLab would open again in a closed server: untitled notebooks, and what stood in its tabs."""
    in_home(person, "rm -rf Untitled*.ipynb .jupyter/lab/workspaces")


@contextmanager
def home_on_its_own(person: Person, *, size: str, server: str = "second") -> Iterator[Path]:
    """The person's home on a file system of this size while the context lasts; the server must not run before."""
    home = home_of(person)
    options = f"size={size},uid=1000,gid=1000,mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(home)], check=True)
    try:
        yield home
        close(person, server)
    finally:
        subprocess.run(["umount", "--lazy", str(home)], check=True)


def fill(home: Path, name: str) -> None:
    """Write a file until nothing more goes in."""
    with (home / name).open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
    os.chown(home / name, 1000, 1000)


def close(person: Person, server: str = "second", *, seconds: float = 60) -> None:
    """Close a server by the button of its page."""
    page = f"/courses/{server.removeprefix('grade-')}/server?name={server}"
    if "Go on with them" in person.get(page).text:
        answer = person.post(page, page, {"name": server, "then": "close"})
        assert answer.ok, answer.text
    until = time.monotonic() + seconds
    while " closed</h1>" not in person.get(page).text:
        assert time.monotonic() < until, "the server is still there"
        time.sleep(0.5)


def what_works(person: Person, server: str = "second") -> dict[str, Any]:
    """What works in the person's running server: its pages, its settings, a notebook, saving."""
    told: dict[str, Any] = json.loads(person.inside(server, PROBE.read_text(encoding="utf-8"), seconds=120))
    return told


def what_works_in_stock(instance: Instance, home: Path) -> dict[str, Any]:
    """The same of JupyterHub's own server as it comes, in the same image with the same home."""
    image = json.loads((instance.data / "config" / "images.json").read_text(encoding="utf-8"))["base"]["tag"]
    command = ["docker", "run", "--rm", "--network=none", "--user=1000:1000", "--cap-drop=ALL", "--init"]
    command += ["--tmpfs=/tmp:size=256m,mode=1777", f"--volume={home}:/home/jovyan", "--env=HOME=/home/jovyan"]
    command += ["--env=JUPYTER_RUNTIME_DIR=/tmp/jupyter-runtime", "--workdir=/"]
    command += [
        f"--env=PROBE={PROBE.read_text(encoding='utf-8')}",
        image,
        "python",
        "-c",
        STOCK.read_text(encoding="utf-8"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def session(person: Person, server: str = "second") -> dict[str, Any]:
    """What the person's open pages are told."""
    answer = person.get(f"/user/{person.name}/{server}/campushub/session")
    assert answer.ok, answer.text
    told: dict[str, Any] = answer.json()
    return told
