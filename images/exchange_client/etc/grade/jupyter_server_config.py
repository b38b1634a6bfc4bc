"""A server for grading: formgrader, loaded by campushub_client, on one course's folder."""

import os
from importlib.util import find_spec

c = get_config()
c.ContentsManager.checkpoints_class = "campushub_client.checkpoints.Checkpoints"
if os.environ.get("CAMPUSHUB_RESCUE"):  # a start-up file of the shell may be what is broken
    c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "--noprofile", "--norc"]}
c.ServerApp.jpserver_extensions = {
    "campushub_client": True,
    "jupyter_lsp": find_spec("pylsp") is not None,
    "nbgitpuller": False,
    "nbgrader.server_extensions.formgrader": False,
    "nbgrader.server_extensions.validate_assignment": False,
    "nbgrader.server_extensions.assignment_list": False,
    "nbgrader.server_extensions.course_list": False,
}
# JupyterLab shows formgrader in a frame of the same host; JupyterHub forbids every frame otherwise.
c.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
c.LabApp.extension_manager = "readonly"
