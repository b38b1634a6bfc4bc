"""A server for work: the assignments panel in place of nbgrader's own list, and nothing of the formgrader."""

import os

c = get_config()
if os.environ.get("CAMPUSHUB_RESCUE"):  # a start-up file of the shell may be what is broken
    c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "--noprofile", "--norc"]}
c.ServerApp.jpserver_extensions = {
    "campushub_client": True,
    "nbgrader.server_extensions.formgrader": False,
    "nbgrader.server_extensions.validate_assignment": False,
    "nbgrader.server_extensions.assignment_list": False,
    "nbgrader.server_extensions.course_list": False,
}
