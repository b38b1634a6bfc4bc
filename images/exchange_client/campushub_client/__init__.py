"""CampusHub inside a course's image: nbgrader's exchange over HTTP, what JupyterLab's panels ask, the grading server.

Knows the service's API and the folders of a home; imports nothing of the hub.
"""

from __future__ import annotations

import os
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "campushub_client"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Load what this server is for: the panel where people work, the grading pages where they grade."""
    from campushub_client import about, session

    # JupyterLab's pages are told at once, so that the Help menu can have it.
    server.web_app.settings.setdefault("page_config_data", {})["campushubDocs"] = os.environ.get("CAMPUSHUB_DOCS", "")
    session.load(server)
    about.load(server)
    if os.environ.get("CAMPUSHUB_ROLE") == "grade":
        from campushub_client import grading_server

        grading_server.load(server)
    else:
        from campushub_client import gpu, material, panel, tour

        material.load(server)
        panel.load(server)
        gpu.load(server)
        tour.load(server)
