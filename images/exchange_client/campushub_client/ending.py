"""How a server ends by itself or is ended, told by its exit code, which the hub reads."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

IDLE_CODE = 91  # as in hub/ends.py
TERMINATED_CODE = 128 + signal.SIGTERM
WORD = "campushub_exit_code"  # among the web application's settings


def load(server: Any) -> None:
    """Have a server that is ended by a signal say so; Jupyter's own ends with 0, as if its person had closed it."""
    before = signal.getsignal(signal.SIGTERM)

    def terminated(number: int, frame: FrameType | None) -> None:
        server.web_app.settings.setdefault(WORD, TERMINATED_CODE)
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, terminated)


def end(server: Any, code: int) -> None:
    """End the server with an exit code of ours."""
    server.web_app.settings[WORD] = code
    server.stop()


def exit_code() -> int:
    """The exit code of the server that has just ended in this process."""
    from jupyter_server.serverapp import ServerApp

    return int(ServerApp.instance().web_app.settings.get(WORD, 0))
