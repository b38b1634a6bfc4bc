"""`wget` and `curl` of the images: what is provided is there by a link, the rest is told; what a course brings itself goes its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from campushub_client import fetch

from tests.file_source import Source, served
from tests.unit.test_provided import entry, write

Run = Callable[[str], "Done"]
TABLE = "a,b\n1,2\n"
URL = "https://data.example.org/tables/t.csv"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in; a table is provided."""
    data, home = tmp_path / "data", tmp_path / "home"
    (data / "table").mkdir(parents=True)
    home.mkdir()
    (data / "table" / "t.csv").write_text(TABLE, encoding="utf-8")
    write(data, entry("table/t.csv", URL, f"{URL}?version=2"))
    monkeypatch.setenv("CAMPUSHUB_DATA", str(data))
    monkeypatch.setattr(fetch, "REAL", str(tmp_path / "none"))
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def nearby() -> Iterator[Source]:
    with served() as source:
        source.files["/own.csv"] = b"own\n"
        yield source


@dataclass
class Done:
    """How a command line ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[[str], Done]:
    def run_line(line: str) -> Done:
        capfd.readouterr()
        code = fetch.main(line.split())
        return Done(code, *capfd.readouterr())

    return run_line


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (f"wget {URL}", "t.csv"),
        (f"wget -q {URL.replace('https', 'http')}", "t.csv"),
        (f"wget {URL.removeprefix('https://')} -nc", "t.csv"),
        (f"wget --no-check-certificate -O mine.csv {URL}", "mine.csv"),
        (f"wget -qO mine.csv {URL}", "mine.csv"),
        (f"wget -qOmine.csv {URL}", "mine.csv"),
        (f"wget --output-document=mine.csv -t 3 {URL}", "mine.csv"),
        (f"wget -P deep/er {URL}", "deep/er/t.csv"),
        (f"wget -nv {URL}?version=2", "t.csv?version=2"),
        (f"curl -O {URL}", "t.csv"),
        (f"curl -sSLO {URL}?version=2", "t.csv"),
        (f"curl -L -o mine.csv -H x:y {URL}", "mine.csv"),
        (f"curl --location --output mine.csv --retry 3 {URL}", "mine.csv"),
        (f"curl --create-dirs -fo deep/mine.csv {URL}", "deep/mine.csv"),
        (f"curl --remote-name-all {URL}", "t.csv"),
    ],
)
def test_what_is_provided_is_a_link_where_the_file_would_have_been(run: Run, home: Path, line: str, place: str) -> None:
    done = run(line)
    assert done.returncode == 0, done.stderr
    assert [str(one.relative_to(home)) for one in home.rglob("*") if not one.is_dir()] == [place]
    assert (home / place).is_symlink()
    assert (home / place).read_text(encoding="utf-8") == TABLE


@pytest.mark.parametrize("line", [f"curl {URL}", f"curl -sL {URL}", f"wget -qO- {URL}", f"wget -O - {URL}"])
def test_what_is_to_be_printed_is_printed(run: Run, home: Path, line: str) -> None:
    assert run(line).stdout == TABLE
    assert not list(home.iterdir())


@pytest.mark.parametrize(("program", "code"), [("wget -q", 4), ("curl -s -O", 6)])
def test_what_is_not_here_is_told_in_quiet_too_and_nothing_else_is_begun(
    run: Run, home: Path, program: str, code: int
) -> None:
    done = run(f"{program} {URL} https://example.com/x")
    assert done.returncode == code
    assert done.stderr == (
        f"{program.split()[0]}: https://example.com/x is not on the campus machine, and nothing outside it can be reached from here. "
        "Ask your instructor to have it provided.\n"
    )
    assert not list(home.iterdir())


def test_own_files_stay_and_own_links_are_used_again(run: Run, home: Path) -> None:
    (home / "t.csv").write_text("mine", encoding="utf-8")
    for _ in range(2):
        assert run(f"wget {URL}").returncode == 0
    assert run(f"wget -nc {URL}").returncode == 0
    assert sorted(one.name for one in home.iterdir()) == ["t.csv", "t.csv.1"]
    assert (home / "t.csv").read_text(encoding="utf-8") == "mine"
    assert "leads to the copy on the campus machine" in run(f"wget -c {URL}").stderr
    assert (home / "t.csv").read_text(encoding="utf-8") == TABLE


def test_servers_on_the_campus_are_spoken_to(run: Run, home: Path, nearby: Source) -> None:
    assert run(f"wget -q {nearby.url}/own.csv").returncode == 0
    assert (home / "own.csv").read_bytes() == b"own\n"
    assert run(f"curl -s {nearby.url}/own.csv").stdout == "own\n"
    failed = run(f"curl -s {nearby.url}/none.csv")
    assert (failed.returncode, "404" in failed.stderr or "Not Found" in failed.stderr) == (2, True)


@pytest.mark.parametrize("line", ["wget", "curl --version", f"curl -I {URL}", f"curl -d a=b {URL}"])
def test_what_it_does_not_know_is_said(run: Run, home: Path, line: str) -> None:
    done = run(line)
    assert done.returncode != 0
    assert "this image has nothing more" in done.stderr


def test_real_program_does_the_rest(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nearby: Source
) -> None:
    real = tmp_path / "curl"
    real.write_text("#!/bin/sh\n", encoding="utf-8")
    real.chmod(0o755)
    begun: list[list[str]] = []

    def execv(_: str, words: list[str]) -> None:
        begun.append(words)
        raise SystemExit(0)

    monkeypatch.setattr(fetch, "REAL", str(tmp_path))
    monkeypatch.setattr(fetch.os, "execv", execv)
    for words in (["-I", f"{nearby.url}/own.csv"], ["--version"]):
        with pytest.raises(SystemExit):
            fetch.main(["curl", *words])
    assert begun == [[str(real), "-I", f"{nearby.url}/own.csv"], [str(real), "--version"]]
    assert fetch.main(["curl", "-sO", URL]) == 0
    assert len(begun) == 2, "what is provided is ours to answer"
