"""What goes wrong while images are built, and what an administrator reads: nothing half made is taken."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub import image_build, image_files, images, locks, wheelhouse
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


def test_index_that_stops_in_the_middle_leaves_nothing_half_made_and_is_gone_on_from(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(locks.resolve(f"{SMALL}\nnarwhals\n", PARENTS), encoding="utf-8")
    pip = wheelhouse.pip

    def stops(*words: str) -> None:
        pip("download", "--quiet", "--no-deps", f"--dest={house}", "narwhals")
        raise Trouble("the connection was closed")

    monkeypatch.setattr(wheelhouse, "pip", stops)
    with pytest.raises(Trouble, match="closed"):
        wheelhouse.fill(lock, house)
    monkeypatch.undo()
    wheelhouse.fill(lock, house)
    assert len(list(house.glob("*.whl"))) >= 2


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
