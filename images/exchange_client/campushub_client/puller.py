"""nbgitpuller with another way of merging: what it is given is the same, links and page are its own.

Takes the place of nbgitpuller's class in its handlers, and brings the course's own material as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgitpuller.errors import BranchExistError, BranchResolveError, GitPullerError
from nbgitpuller.pull import GitPuller

from campushub_client.addresses import local
from campushub_client.bringing import Wanted, bring
from campushub_client.repository import GitFailed, git, turn


def take_its_place(server: Any) -> None:
    """Have ordinary nbgitpuller links pulled by ours."""
    from nbgitpuller import _compat

    _compat.get_base_handler(server)  # asked for before its handlers are imported
    from nbgitpuller import handlers

    handlers.GitPuller = Puller


class Puller(GitPuller):  # type: ignore[misc]  # nbgitpuller has no types
    """One pull of a branch, or tag, into a folder."""

    def __init__(self, git_url: str, repo_dir: str, **more: Any) -> None:
        super().__init__(local(git_url), repo_dir, **more)

    def branch_exists(self, branch: str) -> None:
        """Find what the branch, or tag, is now. Raises BranchExistError, and GitPullerError when nothing answers."""
        names = (f"refs/heads/{branch}", f"refs/tags/{branch}^{{}}", f"refs/tags/{branch}")
        found = self._ask("--", self.git_url, *names)
        for name in names:
            if name in found:
                self.reference, self.commit = name.removesuffix("^{}"), found[name]
                return
        raise BranchExistError

    def resolve_default_branch(self) -> str:
        for commit in self._ask("--symref", "--", self.git_url, "HEAD").values():
            if commit.startswith("ref: refs/heads/"):
                branch = commit.removeprefix("ref: refs/heads/")
                self.branch_exists(branch)
                return branch
        raise BranchResolveError

    def _ask(self, *words: str) -> dict[str, str]:
        try:
            lines = os.fsdecode(git("ls-remote", *words)).splitlines()
        except GitFailed as trouble:
            raise GitPullerError("ls_remote", str(trouble)) from trouble
        rows = [line.split("\t") for line in lines]
        return {name: commit for commit, name in reversed(rows)}

    def pull(self) -> Iterator[str]:
        """Bring it; yields lines that say what is done. Raises GitPullerError."""
        folder = Path(self.repo_dir).resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        wanted = Wanted(self.git_url, self.reference, self.commit, self.depth)
        try:
            with turn(folder.parent):
                yield from bring(folder, wanted)
        except GitFailed as trouble:
            raise GitPullerError("pull", str(trouble)) from trouble
        except OSError as trouble:
            raise GitPullerError(
                "pull", f"Your home could not be written ({trouble}). Make room and try again."
            ) from trouble
