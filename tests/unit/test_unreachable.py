"""A repository that is not on the campus machine: git refuses it with a sentence, and nbgitpuller's page shows that."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from campushub_client.puller import Puller
from nbgitpuller.errors import GitPullerError

from tests.instance import ROOT

SENTENCE = (
    "The repository https://github.com/o/r is not on the campus machine, and nothing outside it can be reached from here. "
    "Ask your instructor to have it provided."
)


@pytest.fixture(autouse=True)
def _campus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git as a server has it: addresses outside go to the remote helper."""
    monkeypatch.setenv("PATH", f"{ROOT / 'images' / 'base'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.campushub::https://.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://")


def test_git_says_what_is_not_here(tmp_path: Path) -> None:
    done = subprocess.run(
        ["git", "clone", "-q", "https://github.com/o/r"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 128
    assert done.stderr == f"campushub: {SENTENCE}\n"


@pytest.mark.parametrize("branch", ["main", None])
def test_page_of_nbgitpuller_says_it_too(tmp_path: Path, branch: str | None) -> None:
    with pytest.raises(GitPullerError) as failed:
        Puller("https://github.com/o/r", str(tmp_path / "r"), branch=branch)
    shown = GitPullerError.from_exception(failed.value).to_dict()
    assert (shown["code"], shown["message"]) == ("ls_remote", SENTENCE)
