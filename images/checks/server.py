"""Fails when a server of this image does not answer within a minute, complains while it starts, or loads NumPy, which is
for notebooks and would make every start slower; or when a program that JupyterLab's launcher offers through it, such as
TensorBoard, shows no page.

A hub that knows one person stands beside it, so that no network is needed.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HUB, PREFIX, TOKEN = "http://127.0.0.1:8081/hub/api", "/user/check/", "t" * 32
SECONDS = 60
END_SECONDS = 30
PROGRAM_SECONDS = 90  # TensorBoard imports TensorFlow first
FAULT = re.compile(r"^\[?[EC] |Traceback|Error\b", re.MULTILINE)


class Hub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told = json.dumps({"name": "check", "kind": "user", "scopes": ["access:servers"], "groups": []}).encode()
        self.send_response(200)
        for name, value in (("X-JupyterHub-Version", VERSION), ("Content-Length", str(len(told)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_GET  # noqa: N815 (the name that http.server looks for)

    def log_message(self, *words: Any) -> None:
        """Nobody reads it."""


def answers(server: subprocess.Popen[str]) -> bool:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen("http://127.0.0.1:8888" + PREFIX + "api", timeout=5)
            return True
        except OSError:
            time.sleep(0.1)
    return False


def ask(path: str) -> tuple[int, str]:
    """Status and text of a page of the server."""
    asked = urllib.request.Request("http://127.0.0.1:8888" + PREFIX + path, headers={"Authorization": f"token {TOKEN}"})
    try:
        with urllib.request.urlopen(asked, timeout=PROGRAM_SECONDS) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.reason


def silent_programs() -> list[str]:
    """What the launcher offers and does not answer."""
    status, text = ask("server-proxy/servers-info")
    offered = json.loads(text)["server_processes"] if status == 200 else []  # 404: this image offers none
    said = [(one["name"], *ask(one["launcher_entry"]["path_info"])) for one in offered]
    return [f"{name}: {status} {text[:300]}" for name, status, text in said if status != 200 or "<html" not in text]


def loads_numpy(server: subprocess.Popen[str]) -> bool:
    return "/numpy/" in Path(f"/proc/{server.pid}/maps").read_text(encoding="utf-8")


def main() -> None:
    threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", 8081), Hub).serve_forever, daemon=True).start()
    os.environ.update(
        JUPYTERHUB_API_TOKEN=TOKEN,
        JUPYTERHUB_API_URL=HUB,
        JUPYTERHUB_ACTIVITY_URL=HUB + "/activity",
        JUPYTERHUB_SERVICE_URL="http://127.0.0.1:8888" + PREFIX,
        JUPYTERHUB_SERVICE_PREFIX=PREFIX,
        JUPYTERHUB_ROOT_DIR="/home/jovyan",
        JUPYTERHUB_USER="check",
        JUPYTERHUB_CLIENT_ID="jupyterhub-user-check",
        JUPYTERHUB_BASE_URL="/",
        JUPYTERHUB_HOST="",
        JUPYTERHUB_OAUTH_CALLBACK_URL=PREFIX + "oauth_callback",
        JUPYTERHUB_OAUTH_SCOPES='["access:servers"]',
        JUPYTERHUB_OAUTH_ACCESS_SCOPES='["access:servers"]',
        JUPYTER_CONFIG_PATH="/opt/env/etc/campushub/work",
        CAMPUSHUB_ROLE="work",
        CAMPUSHUB_COURSE="check",
        CAMPUSHUB_IDLE_MINUTES="60",
        CAMPUSHUB_SERVICE_URL="http://127.0.0.1:8081",
    )
    command = [sys.executable, "-sP", "-m", "campushub_client.start"]
    with Path("/tmp/server.log").open("w+") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, text=True)
        up = answers(server)
        numpy = up and loads_numpy(server)
        silent = silent_programs() if up else []
        log.seek(0)
        said = log.read()
        server.terminate()
        try:
            server.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            log.seek(0)
            sys.exit(f"it did not end within {END_SECONDS} seconds of being asked to\n{log.read()[-2000:]}")
    if not up:
        sys.exit(f"no answer within {SECONDS} seconds\n{said[-2000:]}")
    if numpy:
        sys.exit("the server itself has loaded NumPy; see what imports it with `python -X importtime`")
    if silent:
        sys.exit("\n".join(silent))
    if found := FAULT.search(said):
        sys.exit(f"it complains at its start: {said[found.start() : found.start() + 500]}")


VERSION = subprocess.run(
    [sys.executable, "-c", "import jupyterhub; print(jupyterhub.__version__)"],
    capture_output=True,
    text=True,
    check=True,
).stdout.strip()
main()
