"""What is seen of a home before a server starts, what is set aside, and what may be deleted."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from campushub_client import home, rescue, trial
from campushub_client.home import Broken, Found

TODAY = date(2026, 11, 21)
THEMES = ".jupyter/lab/user-settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings"


def sound(_: Path) -> list[Broken]:
    return []


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_sound_home_is_left_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / THEMES, '{\n    // Theme\n    // what it looks like\n    "theme": "Dark", // "a // b"\n}')
    write(tmp_path / ".gitconfig", "[user]\n\tname = Asha\n")
    (tmp_path / ".ipython" / "profile_default").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    assert home.look(tmp_path, TODAY, sound) == Found()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", [".jupyter", ".ipython", ".local", ".ipython/profile_default", ".local/share/jupyter"])
def test_file_in_the_place_of_a_folder_is_set_aside(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "kept")
    found = home.look(tmp_path, TODAY, sound)
    new = f"{name}.set-aside-2026-11-21"
    assert found.sentences == (
        f"'{name}' cannot be used: it is not a folder. It was set aside as '{new}'; nothing of it is lost.",
    )
    assert (tmp_path / new).read_text(encoding="utf-8") == "kept"
    assert home.look(tmp_path, TODAY, sound) == Found()


def test_link_that_leads_nowhere_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / ".jupyter").symlink_to("/nonexistent/place")
    (sentence,) = home.look(tmp_path, TODAY, sound).sentences
    assert "a link that leads nowhere" in sentence
    assert (tmp_path / ".jupyter.set-aside-2026-11-21").is_symlink()


def test_second_time_on_a_day_nothing_is_written_over(tmp_path: Path) -> None:
    for text in ("first", "second"):
        write(tmp_path / ".ipython", text)
        home.look(tmp_path, TODAY, sound)
    kept = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert kept == {".ipython.set-aside-2026-11-21": "first", ".ipython.set-aside-2026-11-21-2": "second"}


@pytest.mark.parametrize("text", ['{"theme":', "\x00\x01", '{"a": 1} {"b": 2}'])
def test_settings_that_jupyterlab_cannot_read_are_set_aside_alone(tmp_path: Path, text: str) -> None:
    write(tmp_path / THEMES, text)
    write(tmp_path / ".jupyter" / "lab" / "workspaces" / "default-37a8.jupyterlab-workspace", '{"data": {}}')
    (sentence,) = home.look(tmp_path, TODAY, sound).sentences
    assert "themes.jupyterlab-settings' cannot be used" in sentence
    assert (tmp_path / ".jupyter" / "lab" / "workspaces" / "default-37a8.jupyterlab-workspace").exists()


def test_settings_that_git_cannot_read_are_set_aside(tmp_path: Path) -> None:
    write(tmp_path / ".gitconfig", "[user\nname")
    (sentence,) = home.look(tmp_path, TODAY, sound).sentences
    assert "'.gitconfig' cannot be used: git cannot read it" in sentence


def test_what_keeps_python_from_starting_is_set_aside(tmp_path: Path) -> None:
    write(tmp_path / ".ipython" / "profile_default" / "startup" / "0.py", "import os; os._exit(1)")
    (sentence,) = home.look(
        tmp_path, TODAY, lambda place: [Broken(place / ".ipython", "Python does not start with it")]
    ).sentences
    assert "'.ipython' cannot be used: Python does not start with it" in sentence
    assert not (tmp_path / ".ipython").exists()


def test_python_is_tried_only_where_a_home_has_something_that_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[dict[str, str]] = []

    def starts(environment: dict[str, str]) -> bool:
        tried.append(environment)
        return True

    monkeypatch.setattr(trial, "_starts", starts)
    (tmp_path / ".ipython" / "profile_default" / "startup").mkdir(parents=True)
    own = tmp_path / ".environments" / "base"
    assert trial.python_trouble(tmp_path, own) == []
    assert tried == []
    write(tmp_path / ".ipython" / "profile_default" / "startup" / "0.py", "x = 1")
    assert trial.python_trouble(tmp_path, own) == trial.python_trouble(tmp_path, own) == []
    assert len(tried) == 1, "what was sound and has not changed is not tried again"


def test_python_that_starts_in_no_way_is_not_the_fault_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / ".ipython" / "profile_default" / "startup" / "0.py", "x = 1")
    monkeypatch.setattr(trial, "_starts", lambda _: False)
    assert trial.python_trouble(tmp_path, tmp_path / ".environments" / "base") == []


def test_largest_files_come_first_and_what_nobody_misses_is_one(tmp_path: Path) -> None:
    for name, size in (
        ("work/a.bin", 300_000),
        (".cache/x/one", 400_000),
        (".cache/x/two", 400_000),
        ("small.txt", 10),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(os.urandom(size))
    found = rescue.largest(tmp_path)
    assert [(one.path, one.folder) for one in found] == [(".cache", True), ("work/a.bin", False)]
    assert found[0].size >= 800_000


def test_deleting_reaches_what_was_named_and_nothing_else(tmp_path: Path) -> None:
    top = tmp_path / "home"
    for name in ("home/a.bin", "home/.cache/x", "home/work/kept", "outside/kept"):
        write(tmp_path / name, "x")
    (top / "link").symlink_to(tmp_path / "outside")
    for name in ("a.bin", ".cache", "link"):
        rescue.delete(top, name)
    for name in ("../outside/kept", "work", ".", "", "/etc/hostname"):
        with pytest.raises(OSError, match=r"."):
            rescue.delete(top, name)
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {"home/work/kept", "outside/kept"}


def test_what_lies_behind_a_link_is_not_deleted(tmp_path: Path) -> None:
    write(tmp_path / "outside" / "kept", "x")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(PermissionError):
        rescue.delete(tmp_path / "home", "link/kept")


def test_check_that_fails_does_not_keep_a_server_from_starting(tmp_path: Path) -> None:
    def fails(_: Path) -> list[Broken]:
        raise PermissionError("closed")

    assert home.look(tmp_path, TODAY, fails) == Found()
