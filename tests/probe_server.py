"""Runs inside a person's container: asks the server there for its pages, its settings, a notebook's Python and a file."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
import uuid
from typing import Any

TOKEN = os.environ["JUPYTERHUB_API_TOKEN"]
BASE = "127.0.0.1:8888" + os.environ["JUPYTERHUB_SERVICE_PREFIX"]


def status(path: str, method: str = "GET", data: Any = None) -> tuple[int, Any]:
    body = json.dumps(data).encode() if data is not None else None
    headers = {"Authorization": "token " + TOKEN}
    request = urllib.request.Request("http://" + BASE + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null") if "api" in path else None
    except urllib.error.HTTPError as error:
        return error.code, None


def computes() -> bool:
    import websocket

    code, kernel = status("api/kernels", "POST", {"name": "python3"})
    if code != 201:
        return False
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": uuid.uuid4().hex, "version": "5.3"}
    content = {"code": "print(6 * 7)", "silent": False, "store_history": True, "allow_stdin": False}
    ask = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
    try:
        url = "ws://" + BASE + "api/kernels/" + kernel["id"] + "/channels"
        socket = websocket.create_connection(url, header=["Authorization: token " + TOKEN], timeout=20)
        socket.send(json.dumps(ask))
        for _ in range(40):
            said = json.loads(socket.recv())
            if said["msg_type"] == "stream" and "42" in said["content"]["text"]:
                return True
    except (OSError, websocket.WebSocketException):
        return False
    return False


print(
    json.dumps(
        {
            "lab": status("lab")[0] == 200,
            "settings": status("lab/api/settings")[0] == 200,
            "workspaces": status("lab/api/workspaces")[0] == 200,
            "files": status("api/contents?content=1")[0] == 200,
            "notebook": computes(),
        }
    )
)
