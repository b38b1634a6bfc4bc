"""What a server's notebooks do: whether one computes, and whether their Python does not start at all."""

from __future__ import annotations

from typing import Any


def computes(manager: Any) -> bool:
    """Whether a notebook computes right now; a cell may be silent for hours."""
    found = (manager.get_kernel(one) for one in manager.list_kernel_ids())
    return any(getattr(kernel, "execution_state", "") == "busy" for kernel in found)


class Deaths:
    """Notices a notebook's Python that has ended each time it was started, so that Jupyter has given it up."""

    def __init__(self, manager: Any) -> None:
        self.manager, self.known, self.seen = manager, set[str](), False

    def look(self) -> None:
        """Watch what has been started since; one that computes shows that Python starts after all."""
        here = set(self.manager.list_kernel_ids())
        for new in here - self.known:
            self.manager.add_restart_callback(new, self._given_up, "dead")
        self.known = here
        if computes(self.manager):
            self.seen = False

    def _given_up(self) -> None:
        self.seen = True
