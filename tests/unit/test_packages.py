"""A person's own packages upon the image's: real Python and pip, in a folder that stands for a home."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from campushub_client import packages

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def installed(folder: Path, name: str, version: str) -> None:
    """What pip leaves when it has installed a module of one line."""
    info = packages.site(folder) / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA.format(name=name, version=version), encoding="utf-8")
    (packages.site(folder) / f"{name}.py").write_text(f"__version__ = {version!r}\n", encoding="utf-8")


def said(folder: Path, code: str) -> str:
    command = [str(folder / "bin" / "python"), "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_own_package_wins_and_the_images_are_seen_behind_it(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    packages.make(folder)
    assert said(folder, "import yaml; print(yaml.__file__)").startswith(sysconfig.get_path("purelib"))
    installed(folder, "yaml", "99.0")
    assert said(folder, "import yaml; print(yaml.__version__)") == "99.0"
    assert packages.own(folder) == [{"name": "yaml", "version": "99.0"}]


def test_pip_installs_there_with_and_without_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, source = tmp_path / "base", tmp_path / "source"
    packages.make(folder)
    for name, value in packages.variables(folder).items():
        monkeypatch.setenv(name, value)
    for name in ("one", "two"):
        (source / name).mkdir(parents=True)
        (source / name / "pyproject.toml").write_text(f"[project]\nname = '{name}'\nversion = '1'\n", encoding="utf-8")
        (source / name / f"{name}.py").write_text("", encoding="utf-8")
        words = ["--user"] if name == "two" else []
        command = ["pip", "install", "-q", "--no-index", "--no-build-isolation", *words, str(source / name)]
        subprocess.run(command, check=True)
    assert [one["name"] for one in packages.own(folder)] == ["one", "two"]


def test_what_somebody_broke_of_it_is_made_anew_and_packages_stay(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    packages.make(folder)
    installed(folder, "kept", "1.0")
    (folder / "pyvenv.cfg").write_text("nonsense", encoding="utf-8")
    (folder / "bin" / "python").unlink()
    packages.make(folder)
    assert said(folder, "import kept, yaml; print(kept.__version__)") == "1.0"


@pytest.mark.parametrize("left", [None, "", "Name: half\n", "\0\xff"])
def test_what_pip_has_left_half_made_is_no_package_and_is_tried(tmp_path: Path, left: str | None) -> None:
    folder = tmp_path / "base"
    packages.make(folder)
    assert not packages.is_used(folder)
    half = packages.site(folder) / "~umpy-1.0.dist-info"
    half.mkdir()
    if left is not None:
        (half / "METADATA").write_text(left, encoding="latin-1")
    assert packages.own(folder) == []
    assert packages.is_used(folder)


def test_removing_puts_it_back_to_the_images(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    packages.make(folder)
    installed(folder, "yaml", "99.0")
    packages.remove(folder)
    assert packages.own(folder) == []
    assert said(folder, "import yaml; print(yaml.__version__)") != "99.0"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base"]


def test_images_have_places_of_their_own(tmp_path: Path) -> None:
    places = {packages.place(tmp_path, {"CAMPUSHUB_IMAGE": name}) for name in ("base", "deep-learning")}
    assert len(places) == 2
    assert sys.prefix not in map(str, places)
