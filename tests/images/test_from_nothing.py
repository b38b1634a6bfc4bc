"""Every image from an empty Docker with the network cut, out of the wheelhouse; a wheel that was altered; a disk that fills."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hub import images
from tests.images.second_docker import SecondDocker, second_docker, small_disk
from tests.images.test_trouble import altered
from tests.instance import ROOT

GIGABYTE = 1024**3


@dataclass(frozen=True)
class Kept:
    """A checkout whose images are none of this machine's, and a wheelhouse that was filled by building them once."""

    root: Path
    config: Path
    wheelhouse: Path

    def command(self, *words: str) -> list[str]:
        return [str(self.root / "campushub"), f"--config={self.config}", "images", *words]


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    with TemporaryDirectory(prefix="chtest-nothing-", dir="/var/lib") as scratch:
        top = Path(scratch)
        root, config, data = top / "checkout", top / "hub.yaml", top / "data"
        _copy_of_the_checkout(root)
        (root / "images" / "debian").mkdir()
        (root / "images" / "debian" / "apart.txt").write_text("so that every content id is another\n", encoding="ascii")
        config.write_text(f"name: chtest-nothing\ndata: {data}\n", encoding="utf-8")
        found = Kept(root, config, data / "wheelhouse")
        try:
            done = subprocess.run(found.command("build"), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        finally:
            ids = images.content_ids(root, images.read(root))
            for name in reversed(ids):
                subprocess.run(["docker", "rmi", images.tag(name, ids[name])], capture_output=True, check=False)
        yield found


def _copy_of_the_checkout(root: Path) -> None:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = ROOT / name, root / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    (root / ".venv").symlink_to(ROOT / ".venv")


@pytest.fixture
def second() -> Iterator[SecondDocker]:
    with (
        TemporaryDirectory(prefix="chtest-second-", dir="/var/lib") as scratch,
        second_docker(Path(scratch) / "docker", Path(scratch) / "data") as found,
    ):
        yield found


def test_everything_is_built_of_what_was_kept_and_an_altered_wheel_is_refused(
    kept: Kept, second: SecondDocker, record_property: Callable[[str, object], None]
) -> None:
    reached = second.run(["python3", "-c", "import socket; socket.create_connection(('1.1.1.1', 80), 3)"])
    assert "Network is unreachable" in reached.stderr
    began = time.monotonic()
    done = second.run(kept.command("build"))
    assert done.returncode == 0, done.stdout + done.stderr
    record_property("all_images_s", round(time.monotonic() - began))
    listed = {one["name"]: one for one in json.loads(second.run(kept.command("list", "--json")).stdout)}
    assert all(one["size"] for one in listed.values() if one["cuda"] is None)
    assert second.run(["docker", "rmi", listed["deep-learning"]["tag"]]).returncode == 0
    wheel = next((kept.wheelhouse / "deep-learning").glob("threadpoolctl-*.whl"))
    true = wheel.read_bytes()
    try:
        altered(wheel)
        done = second.run(kept.command("build", "deep-learning"))
    finally:
        wheel.write_bytes(true)
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert f"Remove {kept.wheelhouse / 'deep-learning'}" in done.stderr


@pytest.mark.parametrize(
    "size", [380 * 1024**2, 580 * 1024**2]
)  # full while packages are installed, and while they are kept
def test_disk_that_fills_is_said_and_what_is_there_stays(kept: Kept, size: int) -> None:
    with TemporaryDirectory(prefix="chtest-small-", dir="/var/lib") as scratch:
        folder = Path(scratch)
        with small_disk(folder / "disk", size) as disk, second_docker(folder / "docker", disk / "docker") as small:
            done = small.run(kept.command("build", "hub"))
            assert done.returncode == 1, done.stdout
            assert "The disk is full. Make room where" in done.stderr
            there = small.run(["docker", "images", "--all", "--format={{.Repository}}"]).stdout.split()
            assert there == ["campushub/debian"], "nothing else is left"
            assert not small.run(["docker", "ps", "--all", "--quiet"]).stdout
            assert small.run(kept.command("build", "debian")).returncode == 0, "and it is what it was"


def test_wheelhouse_on_a_full_disk_is_said(kept: Kept) -> None:
    with (
        TemporaryDirectory(prefix="chtest-small-", dir="/var/lib") as scratch,
        small_disk(Path(scratch) / "disk", 40 * 1024**2) as disk,
    ):
        config = kept.config.with_name("small.yaml")
        config.write_text(f"name: chtest-nothing\ndata: {disk}\n", encoding="utf-8")
        line = [str(kept.root / "campushub"), f"--config={config}", "images", "build", "debian"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "The disk is full. Make room where" in done.stderr
