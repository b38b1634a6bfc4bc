"""What goes wrong while images are built, and what an administrator reads: nothing half made is taken."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hub import debian, image_build, image_files, images, locks, wheelhouse
from hub.adapters.engine import Engine
from hub.folders import Folders
from hub.trouble import Trouble
from tests.instance import ROOT

FREE = "spark"  # no hub on this machine runs it, so that it can be taken away
MADE = "campushub/chtest-packages:one"
SMALL = "threadpoolctl"  # a package of one small wheel
PARENTS = (ROOT / "images" / "base" / "requirements.txt",)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return tmp_path / "house"


def add(engine: Engine, tags: dict[str, str], house: Path, lock: str) -> str:
    """Add a lock's packages to the image base; the tag of what came of it."""
    image_build.add_packages(ROOT, engine, tags["base"], MADE, [SMALL], lock, house, print)
    return MADE


@contextmanager
def removed_afterwards(engine: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.remove_tag(MADE)


def altered(wheel: Path) -> None:
    """The same wheel with one line more in a module: valid, and not what the lock says."""
    new = wheel.with_suffix(".new")
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(new, "w") as changed:
        for name in old.namelist():
            content = old.read(name)
            changed.writestr(name, content + b"\nSTOLEN = True\n" if name == f"{SMALL}.py" else content)
    new.rename(wheel)


def test_altered_wheel_is_taken_by_plain_pip_and_refused_by_the_build(
    engine: Engine, tags: dict[str, str], house: Path, tmp_path: Path
) -> None:
    lock = locks.resolve(f"{SMALL}\n", PARENTS)
    with removed_afterwards(engine):
        add(engine, tags, house, lock)
    altered(next(house.glob("*.whl")))
    target = tmp_path / "plain"
    wheelhouse.pip("install", "-q", "--no-index", f"--find-links={house}", f"--target={target}", SMALL)
    assert "STOLEN" in (target / f"{SMALL}.py").read_text(encoding="utf-8")
    with pytest.raises(Trouble, match="DO NOT MATCH THE HASHES"):
        add(engine, tags, house, lock)
    assert engine.image(MADE) is None


def test_filled_wheelhouse_is_enough_without_a_network(
    engine: Engine, tags: dict[str, str], house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = locks.resolve(f"{SMALL}\n", PARENTS)
    with removed_afterwards(engine):
        add(engine, tags, house, lock)

    def no_network(*words: str) -> None:
        raise AssertionError(f"pip was asked: {words}")

    monkeypatch.setattr(wheelhouse, "pip", no_network)
    with removed_afterwards(engine):
        assert engine.image(add(engine, tags, house, lock)) is not None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("no-such-package-at-all", "not found in the package registry"),
        ("threadpoolctl==0.0.1", "no version of threadpoolctl==0.0.1"),
        ("numpy<2\nmatplotlib", "numpy"),
        ("pyspark", r"no\s+usable\s+wheels"),
    ],
)
def test_packages_that_do_not_resolve_are_said(asked: str, said: str) -> None:
    parents = (*PARENTS, ROOT / "images" / "frameworks" / "requirements.txt")
    with pytest.raises(Trouble, match=said):
        locks.resolve(f"{asked}\n", parents)


class Stopping(BaseHTTPRequestHandler):
    """Passes on what another server has, and closes in the middle of every file whose name ends so."""

    upstream: str
    ending: str

    def do_GET(self) -> None:
        try:
            with urllib.request.urlopen(self.upstream + self.path, timeout=60) as found:
                content = found.read()
        except urllib.error.HTTPError as error:
            self.send_error(error.code)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.path.endswith(self.ending) else content)
        self.close_connection = True

    def log_message(self, *words: object) -> None:
        """Nobody reads it."""


class Index(SimpleHTTPRequestHandler):
    """A package index, or a mirror, in a folder."""

    def log_message(self, *words: object) -> None:
        """Nobody reads it."""


@contextmanager
def served(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address at which a handler answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def stopping(upstream: str, ending: str) -> type[Stopping]:
    return type("Stops", (Stopping,), {"upstream": upstream, "ending": ending})


@pytest.fixture
def only_index(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have pip ask one index, whatever this machine's settings say."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    return lambda address: monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")


def test_index_that_stops_in_the_middle_leaves_nothing_half_made_and_is_gone_on_from(
    house: Path, tmp_path: Path, only_index: Callable[[str], None]
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(locks.resolve(f"{SMALL}\n", PARENTS), encoding="utf-8")
    folder = tmp_path / "index" / "simple" / SMALL
    wheelhouse.pip("download", "-q", "--no-deps", "--require-hashes", f"--requirement={lock}", f"--dest={folder}")
    with served(partial(Index, directory=str(tmp_path / "index"))) as whole:
        with served(stopping(whole, ".whl")) as broken:
            only_index(broken)
            with pytest.raises(Trouble, match="Python packages could not be fetched"):
                wheelhouse.fill(lock, house)
        assert not list(house.glob("*.whl"))
        only_index(whole)
        wheelhouse.fill(lock, house)
    assert len(list(house.glob("*.whl"))) == 1


def test_mirror_of_debian_that_stops_in_the_middle_is_said_and_what_was_kept_is_taken(
    engine: Engine, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream, security = debian.mirrors(debian.apt_sources())
    told: list[str] = []
    with served(stopping(upstream, ".deb")) as address:
        monkeypatch.setattr(debian, "mirrors", lambda _: (address, security))
        with pytest.raises(Trouble, match=f"could not be fetched from {address}"):
            debian.bootstrap(engine, MADE, house, report=told.append)
        assert not list(house.iterdir())
        with tarfile.open(house / "root-one.tar", "w") as kept:
            kept.add(__file__, arcname="kept")
        with removed_afterwards(engine):
            debian.bootstrap(engine, MADE, house, report=told.append)
            assert engine.image(MADE) is not None
    assert "is taken" in told[0]


def test_torch_without_a_build_for_processors_at_hand_is_said(
    house: Path, tmp_path: Path, only_index: Callable[[str], None]
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"torch==2.13.0+cpu --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    (tmp_path / "index" / "simple" / "torch").mkdir(parents=True)
    with served(partial(Index, directory=str(tmp_path / "index"))) as address:
        only_index(address)
        with pytest.raises(Trouble, match=r"fetch the wheel\s+elsewhere .*put it\s+into"):
            wheelhouse.fill(lock, house, index="http://127.0.0.1:9/whl/cpu")


def test_full_disk_is_said_and_nothing_is_left(engine: Engine, tags: dict[str, str], house: Path) -> None:
    before = len(engine.containers_named(""))
    with pytest.raises(Trouble, match="No space left on device"):
        engine.run_as_student(
            tags["base"],
            ["python", "-c", "open('/tmp/x', 'wb').write(bytes(2 * 1024**3))"],
            {},
            memory=4 * 1024**3,
            seconds=60,
        )
    assert len(engine.containers_named("")) == before


def test_images_are_saved_loaded_and_an_altered_file_is_refused(
    engine: Engine, tags: dict[str, str], folders: Folders, tmp_path: Path
) -> None:
    image_files.save(ROOT, tmp_path, [FREE], report=print)
    found = engine.image(tags[FREE])
    assert found is not None
    engine.remove_tag(tags[FREE])
    image_files.load(ROOT, tmp_path, [], report=print)
    again = engine.image(tags[FREE])
    assert again is not None
    assert again.id == found.id
    engine.remove_tag(tags[FREE])
    file = next(tmp_path.glob("*.zst"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(Trouble, match="is not what"):
        image_files.load(ROOT, tmp_path, [], report=print)
    assert engine.image(tags[FREE]) is None
    image_build.build(ROOT, folders, names=[FREE], report=print)


def test_image_that_is_not_there_is_named(folders: Folders) -> None:
    with pytest.raises(Trouble, match="there is no image 'deep'"):
        image_build.build(ROOT, folders, names=["deep"], report=print)


def test_pruning_takes_old_images_and_keeps_those_in_use(
    engine: Engine, tags: dict[str, str], folders: Folders
) -> None:
    old = f"campushub/{FREE}:000000000000"
    subprocess.run(["docker", "tag", tags[FREE], old], check=True)
    image_files.prune(ROOT, folders, report=print)
    assert engine.image(old) is None
    assert all(engine.image(tag) for tag in tags.values())
    assert shutil.which("zstd")
    assert images.read(ROOT)
