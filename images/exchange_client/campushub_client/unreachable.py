"""What nbgitpuller's page says of a repository that is not on the campus machine.

The sentence is that of git's remote helper `git-remote-campushub`, which nbgitpuller 1.3 reads and does not show.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from nbgitpuller.errors import GitPullerError, RemoteError

MARK = "campushub: "  # begins the helper's sentence


def load(server: Any) -> None:
    """Let nbgitpuller's errors say it, by the branch that was named or without one."""
    stock = GitPullerError.from_exception

    @wraps(stock)
    def from_exception(trouble: BaseException) -> GitPullerError:
        error = stock(trouble)
        told = sentence(trouble)
        if told is None:
            return error
        refused = RemoteError(error.traceback)
        refused.message = told
        return refused

    GitPullerError.from_exception = staticmethod(from_exception)


def sentence(trouble: BaseException | None) -> str | None:
    """What the remote helper has said, when an error comes from it."""
    while trouble is not None:
        for line in str(getattr(trouble, "stderr", "") or "").splitlines():
            if line.startswith(MARK):
                return line.removeprefix(MARK)
        trouble = trouble.__cause__ or trouble.__context__
    return None
