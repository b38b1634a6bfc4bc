"""A server for work: the assignments panel in place of nbgrader's own list, and nothing of the formgrader."""

import os
from importlib.util import find_spec

c = get_config()
if os.environ.get("CAMPUSHUB_RESCUE"):  # a start-up file of the shell may be what is broken
    c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "--noprofile", "--norc"]}
c.ContentsManager.checkpoints_class = "campushub_client.checkpoints.Checkpoints"
c.ServerApp.jpserver_extensions = {
    "campushub_client": True,
    "jupyter_lsp": find_spec("pylsp") is not None,  # looks for twenty language servers at every start
    "nbgrader.server_extensions.formgrader": False,
    "nbgrader.server_extensions.validate_assignment": False,
    "nbgrader.server_extensions.assignment_list": False,
    "nbgrader.server_extensions.course_list": False,
}
if find_spec("tensorboard"):
    # Opened from the launcher; what %tensorboard shows in a notebook comes through the proxy too.
    command = ["tensorboard", "--logdir", os.environ["HOME"], "--port", "{port}"]
    about = {"title": "TensorBoard", "category": "Notebook"}
    c.ServerProxy.servers = {"tensorboard": {"command": command, "timeout": 90, "launcher_entry": about}}
    os.environ["TENSORBOARD_PROXY_URL"] = f"{os.environ.get('JUPYTERHUB_SERVICE_PREFIX', '/')}proxy/%PORT%/"
# Extensions come with the image: a person may not write there, and no package index answers from a server.
c.LabApp.extension_manager = "readonly"
