"""Runs one notebook inside a sandbox: JSON in by standard input, JSON out by standard output.

This text is handed to the sandbox's Python as it is, with `hub.plain_data` and `hub.checked_calls`, and nothing else of ours is in
there: it imports only what the course image has. The kernel is up before there is anything to run, as a child that shares what
was imported. Checked tests run in a second sandbox, the checker: at their place in the notebook the student's gives the turn
away by a line of its own and answers what the checker asks until that is done. Whether the answer can be believed is
`hub.grading`'s question.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.connect import write_connection_file
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.session import Session

from hub.checked_calls import MIME, OTHER_SIDE, Names

WORK = Path("/tmp/work")
FOLDER = Path(os.environ.get("JUPYTER_RUNTIME_DIR", "/tmp/runtime"))
DUMPABLE = 4  # PR_SET_DUMPABLE: whether a process of the same user may open this one's files
UP_SECONDS = 60
LOOK_SECONDS = 0.2  # between looks whether the kernel is alive
FIRST = {"python3", "python", ""}  # names of the kernel that is up already
DEBUGGER = "debugpy"  # nobody debugs in here, and it is a third of what the kernel needs to come up (0.12 of 0.4 s)
TURN, DONE = b"turn", b"done"  # lines to the other sandbox that are no question or answer
ANSWER = """
get_ipython().display_pub.publish({{
    {mime!r}: __import__("sys").modules["hub.checked_calls"].answer({question!r}, get_ipython().user_ns)
}})"""  # run in the student's kernel, which may as well say something else


class Over(Exception):
    """The run ends here; its text is the reason, a key of `hub.grading.REASONS`."""


def main() -> None:
    checker = sys.argv[1:] == ["checker"]
    answer = os.dup(1)
    os.dup2(2, 1)
    WORK.mkdir(parents=True, exist_ok=True)
    kernel = Kernel(start(answer, checker=checker))
    os.write(answer, b"up\n")
    given = json.loads(sys.stdin.buffer.readline())
    for name, content in given["files"].items():
        path = WORK / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(content))
    turns = (CheckersTurns if checker else Turns)(answer)
    write(answer, json.dumps(run(kernel, given["notebook"], given["seconds"], given["output"], turns)).encode())
    os._exit(0)  # there is nothing to tidy up: the sandbox ends with this


def write(answer: int, text: bytes) -> None:
    while text:
        text = text[os.write(answer, text) :]


def start(answer: int, *, checker: bool) -> tuple[int, dict[str, Any]]:
    """Start IPython's kernel as a child; a student's can neither read what comes in nor write what goes out."""
    file, about = connection("kernel", transport="ipc", ip=str(FOLDER / "kernel"))
    prctl = ctypes.CDLL(None).prctl
    prctl(DUMPABLE, 0, 0, 0, 0)
    gc.freeze()  # what was imported stays as it is, and is shared
    gc.enable()
    child = os.fork()
    if child:
        return child, about
    prctl(DUMPABLE, 1, 0, 0, 0)
    names = {"user_ns": Names(os.dup(0), os.dup(answer))} if checker else {}
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.close(answer)
    os.chdir(WORK)
    sys.argv = ["ipykernel_launcher", "-f", file]
    kernel = IPKernelApp.instance(**names)
    with without(DEBUGGER):
        kernel.initialize([*sys.argv[1:], "--HistoryManager.hist_file=:memory:"])
    kernel.start()
    os._exit(0)


@contextlib.contextmanager
def without(module: str) -> Iterator[None]:
    """Meanwhile there is no such module."""
    sys.modules[module] = None  # type: ignore[assignment]  # so an import of it fails (the language's reference, 5.3.1)
    try:
        yield
    finally:
        del sys.modules[module]


def start_other(name: str) -> tuple[int, dict[str, Any]]:
    """Start another kernel that the image has. Raises Over when it has none of this name."""
    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        raise Over("no-kernel") from None
    file, about = connection("other")
    command = [word.replace("{connection_file}", file) for word in spec.argv]
    environment = {**os.environ, **spec.env}
    return subprocess.Popen(command, cwd=WORK, env=environment, stdin=subprocess.DEVNULL).pid, about


def connection(name: str, **where: str) -> tuple[str, dict[str, Any]]:
    """A file that tells a kernel where to listen, and what it says."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    key = os.urandom(16).hex().encode()
    made: tuple[str, dict[str, Any]] = write_connection_file(str(FOLDER / f"{name}.json"), key=key, **where)
    return made


class Kernel:
    """The kernel as Jupyter's messages show it."""

    def __init__(self, started: tuple[int, dict[str, Any]]) -> None:
        self.process, about = started
        self.session = Session(key=about["key"].encode(), signature_scheme=about["signature_scheme"])
        context: Any = zmq.Context()
        self.shell, self.published = context.socket(zmq.DEALER), context.socket(zmq.SUB)
        self.published.setsockopt(zmq.SUBSCRIBE, b"")
        self.published.setsockopt(zmq.RCVHWM, 0)
        before = "-" if about["transport"] == "ipc" else ":"
        for socket, port in ((self.shell, "shell_port"), (self.published, "iopub_port")):
            socket.connect(f"{about['transport']}://{about['ip']}{before}{about[port]}")
        self.allowed = float("inf")  # bytes that may still come
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        """Ask until what it publishes is heard: what it publishes before that is lost."""
        until = time.monotonic() + UP_SECONDS
        while time.monotonic() < until:
            asked = self.session.send(self.shell, "kernel_info_request", {})
            for message in self.messages(asked, time.monotonic() + LOOK_SECONDS, quiet=True):
                if message["msg_type"] == "status":
                    return
        raise Over("no-kernel")

    def messages(self, asked: Any, until: float, *, quiet: bool = False) -> Any:
        """What is published about a request, until the kernel is idle again. Raises Over."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                if quiet:
                    return
                raise Over("timeout")
            if not self.published.poll(1000 * min(left, LOOK_SECONDS)):
                if os.waitpid(self.process, os.WNOHANG)[0]:
                    raise Over("kernel")
                continue
            parts = self.published.recv_multipart()
            self.allowed -= sum(map(len, parts))
            if self.allowed < 0:
                raise Over("output")
            message = self._read(parts)
            if message is None or message["parent_header"].get("msg_id") != asked["header"]["msg_id"]:
                continue
            yield message
            if message["msg_type"] == "status" and message["content"].get("execution_state") == "idle":
                return

    def _read(self, parts: list[bytes]) -> Any:
        """A message; none for one that is none, which only what runs in the kernel could have sent."""
        try:
            message = self.session.deserialize(self.session.feed_identities(parts)[1])
            return message if isinstance(message["content"], dict) else None
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def execute(self, source: str, row: dict[str, Any], shown: Shown, until: float) -> None:
        """Run one cell; its outputs go into the row as they come. Raises Over."""
        for message in self.messages(self._send(source, silent=False), until):
            if message["msg_type"] == "execute_input":
                row["execution_count"] = message["content"].get("execution_count")
            else:
                shown.take(message, row["outputs"])

    def answer(self, question: str, until: float) -> bytes:
        """What the kernel says when it is asked; what it prints meanwhile is not kept. Raises Over."""
        told = ""
        for message in self.messages(self._send(ANSWER.format(mime=MIME, question=question), silent=True), until):
            if message["msg_type"] == "display_data":
                told = str((message["content"].get("data") or {}).get(MIME, told))
        return "".join(told.splitlines()).encode()

    def _send(self, source: str, *, silent: bool) -> Any:
        content = {"code": source, "silent": silent, "store_history": not silent, "user_expressions": {}}
        return self.session.send(
            self.shell, "execute_request", {**content, "allow_stdin": False, "stop_on_error": False}
        )

    def end(self) -> None:
        """End it; whatever it has started ends with the sandbox."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)


class Shown:
    """Messages turned into a cell's outputs, as a notebook keeps them."""

    def __init__(self) -> None:
        self.to_clear = False
        self.displays: dict[str, list[dict[str, Any]]] = {}

    def take(self, message: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
        kind, content = message["msg_type"], message["content"]
        display = str((content.get("transient") or {}).get("display_id", ""))
        if kind == "clear_output":
            self.to_clear = bool(content.get("wait"))
            if not self.to_clear:
                outputs.clear()
        elif kind == "update_display_data":
            for output in self.displays.get(display, ()):
                output.update(data=content["data"], metadata=content["metadata"])
        elif kind in ("stream", "display_data", "execute_result", "error"):
            if self.to_clear:
                outputs.clear()
                self.to_clear = False
            self._add(kind, content, outputs)
            if display:
                self.displays.setdefault(display, []).append(outputs[-1])

    def _add(self, kind: str, content: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
        last = outputs[-1] if outputs else {}
        if kind == "stream" and last.get("output_type") == kind and last["name"] == content["name"]:
            last["text"] += content["text"]
            return
        kept = {key: value for key, value in content.items() if key != "transient"}
        outputs.append({"output_type": kind, **kept})


class Turns:
    """The student's side: at the place of checked tests the checker has the turn, and asks."""

    def __init__(self, answer: int) -> None:
        self._answer = answer

    def say(self, line: bytes) -> None:
        write(self._answer, OTHER_SIDE + line + b"\n")

    def hear(self) -> bytes:
        """The next line from the other sandbox; nothing when there is none any more."""
        return sys.stdin.buffer.readline().strip()

    def take(self, kernel: Kernel, until: float) -> None:
        """Answer until the checker is done or has ended. Raises Over."""
        self.say(TURN)
        while (line := self.hear()) not in (DONE, b""):
            self.say(kernel.answer(line.decode(), until))


class CheckersTurns(Turns):
    """The checker's side: its kernel asks by itself, from the student's turn to the next place of checked tests."""

    begun = False

    def take(self, kernel: Kernel, until: float) -> None:
        """Wait for the turn. Raises Over when it cannot come any more."""
        if self.begun:
            self.say(DONE)
        self.begun = True
        if self.hear() != TURN:
            raise Over("broken")


def run(kernel: Kernel, notebook: dict[str, Any], seconds: float, output: int, turns: Turns) -> dict[str, Any]:
    """Every code cell's outputs, up to the one at which time or output ran out or the kernel ended."""
    began = time.monotonic()
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    rows: list[dict[str, Any]] = [{"outputs": [], "execution_count": None, "ran": False} for _ in code]
    wanted, shown, ended = str(notebook["metadata"].get("kernelspec", {}).get("name", "")), Shown(), None
    try:
        if wanted not in FIRST:
            kernel.end()
            kernel = Kernel(start_other(wanted))
        kernel.allowed = output
        for row, cell in zip(rows, code):
            if cell["metadata"].get("campushub_turn"):  # hub.checked.TURN, which is not in here
                turns.take(kernel, began + seconds)
            if cell["source"].strip():
                kernel.execute(cell["source"], row, shown, began + seconds)
            row["ran"] = True
    except Over as over:
        ended = str(over)
    kernel.end()
    return {"cells": rows, "ended": ended, "seconds": time.monotonic() - began}
