"""Folders of people, made before Docker could make them root's.

The hub itself has no right to give a folder away; a throw-away container with only the capability for it does
(measured: 0.2 to 0.3 s, once a person).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docker.errors import APIError

from hub.trouble import Trouble


def prepare_folder(client: Any, image: str, folder: Path) -> None:
    """Make a folder owned by uid 1000 and closed to others; `client` is docker-py's low-level one."""
    host = client.create_host_config(
        binds={str(folder.parent): {"bind": "/folders", "mode": "rw"}},
        network_mode="none",
        cap_drop=["ALL"],
        cap_add=["CHOWN", "DAC_OVERRIDE", "FOWNER"],
    )
    command = ["install", "-d", "-o", "1000", "-g", "1000", "-m", "0700", f"/folders/{folder.name}"]
    try:
        made = client.create_container(image, command=command, user="0:0", host_config=host)
        try:
            client.start(made["Id"])
            done = client.wait(made["Id"], timeout=60)
        finally:
            client.remove_container(made["Id"], force=True)
    except APIError as error:
        raise Trouble(f"the folder {folder} could not be made: {error.explanation}") from None
    if done["StatusCode"] != 0:
        raise Trouble(f"the folder {folder} could not be made")
