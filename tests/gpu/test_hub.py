"""A whole CampusHub in a Docker that knows CDI."""

from __future__ import annotations

from tests.gpu.newer_docker import NewerDocker
from tests.instance import Instance


def test_a_server_of_a_course_starts_in_the_newer_docker(gpu_hub: Instance, newer_docker: NewerDocker) -> None:
    container = gpu_hub.person("asha").start("demo")
    assert gpu_hub.person("asha").inside("demo", "print(6 * 7)") == "42"
    assert container in newer_docker.command("ps", "--format={{.Names}}").stdout.split()
