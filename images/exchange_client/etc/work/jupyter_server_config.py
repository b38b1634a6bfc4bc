"""A server for work: the assignments panel in place of nbgrader's own list, and nothing of the formgrader."""

c = get_config()
c.ServerApp.jpserver_extensions = {
    "campushub_client": True,
    "nbgrader.server_extensions.formgrader": False,
    "nbgrader.server_extensions.validate_assignment": False,
    "nbgrader.server_extensions.assignment_list": False,
    "nbgrader.server_extensions.course_list": False,
}
