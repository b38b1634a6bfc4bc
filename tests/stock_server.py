"""Runs inside a container: JupyterHub's own server as it comes, beside a hub that knows one person; then the probe.

`PROBE` in the environment is the text of probe_server.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HUB, PREFIX, TOKEN = "http://127.0.0.1:8081/hub/api", "/user/stock/", "t" * 32


class Hub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told = json.dumps({"name": "stock", "kind": "user", "scopes": ["access:servers"], "groups": []}).encode()
        self.send_response(200)
        for name, value in (("X-JupyterHub-Version", "6.1.1"), ("Content-Length", str(len(told)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_GET  # noqa: N815 (the same)

    def log_message(self, *words: Any) -> None:
        """Nobody reads it."""


def comes_up(server: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen("http://127.0.0.1:8888" + PREFIX + "api", timeout=5)
            return True
        except OSError:
            time.sleep(0.2)
    return False


threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", 8081), Hub).serve_forever, daemon=True).start()
os.environ.update(
    JUPYTERHUB_API_TOKEN=TOKEN,
    JUPYTERHUB_API_URL=HUB,
    JUPYTERHUB_ACTIVITY_URL=HUB + "/activity",
    JUPYTERHUB_SERVICE_URL="http://127.0.0.1:8888" + PREFIX,
    JUPYTERHUB_SERVICE_PREFIX=PREFIX,
    JUPYTERHUB_ROOT_DIR="/home/jovyan",
    JUPYTERHUB_USER="stock",
    JUPYTERHUB_CLIENT_ID="jupyterhub-user-stock",
    JUPYTERHUB_BASE_URL="/",
    JUPYTERHUB_HOST="",
    JUPYTERHUB_OAUTH_CALLBACK_URL=PREFIX + "oauth_callback",
    JUPYTERHUB_OAUTH_SCOPES='["access:servers"]',
    JUPYTERHUB_OAUTH_ACCESS_SCOPES='["access:servers"]',
)
server = subprocess.Popen(["jupyterhub-singleuser"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if comes_up(server):
    print(
        subprocess.run([sys.executable, "-c", os.environ["PROBE"]], capture_output=True, text=True, check=True).stdout
    )
else:
    print(json.dumps({}))
server.terminate()
