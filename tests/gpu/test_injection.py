"""Docker gives a container the GPUs it asks for by CDI and no other, whoever runs in it; and what Docker does not see to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from tests.gpu.containers import (
    AS_ROOT,
    AS_THE_HUB,
    CLOSED,
    GIVEN,
    NOT_MADE,
    Containers,
    opened,
    variable,
)
from tests.gpu.made_up import ALL, KIND, MadeUpGpus, name_of
from tests.gpu.newer_docker import NewerDocker

FOUR = range(4)


@pytest.fixture
def containers(newer_docker: NewerDocker, gpus: MadeUpGpus, tags: dict[str, str]) -> Iterator[Containers]:
    client = newer_docker.client()
    made = Containers(client, tags["base"])
    yield made
    made.remove()
    client.close()


@pytest.mark.parametrize("how", [AS_THE_HUB, AS_ROOT], ids=["as the hub", "as root"])
def test_a_stock_setup_that_gives_every_gpu_opens_every_gpu(containers: Containers, how: dict[str, Any]) -> None:
    assert opened(containers.start(how, [ALL]), FOUR) == dict.fromkeys(FOUR, GIVEN)


def test_a_server_opens_the_gpu_it_was_given_and_can_make_no_node_of_another(containers: Containers) -> None:
    server = containers.start(AS_THE_HUB, [name_of(2)])
    assert opened(server, FOUR) == {0: NOT_MADE, 1: NOT_MADE, 2: GIVEN, 3: NOT_MADE}


def test_root_makes_the_node_of_another_gpu_and_cannot_open_it(containers: Containers) -> None:
    machine = containers.start(AS_ROOT, [name_of(2)])
    assert opened(machine, FOUR) == {0: CLOSED, 1: CLOSED, 2: GIVEN, 3: CLOSED}


def test_a_server_may_be_given_two(containers: Containers) -> None:
    server = containers.start(AS_THE_HUB, [name_of(0), name_of(3)])
    assert opened(server, FOUR) == {0: GIVEN, 1: NOT_MADE, 2: NOT_MADE, 3: GIVEN}


@pytest.mark.parametrize(("how", "other"), [(AS_THE_HUB, NOT_MADE), (AS_ROOT, CLOSED)], ids=["as the hub", "as root"])
def test_the_variable_that_asks_for_all_opens_none(containers: Containers, how: dict[str, Any], other: str) -> None:
    asking = containers.start(how, environment={"NVIDIA_VISIBLE_DEVICES": "all"})
    assert variable(asking, "NVIDIA_VISIBLE_DEVICES") == "all"
    assert opened(asking, FOUR) == dict.fromkeys(FOUR, other)


def test_the_variable_adds_nothing_to_what_was_given(containers: Containers) -> None:
    asking = containers.start(AS_ROOT, [name_of(1)], environment={"NVIDIA_VISIBLE_DEVICES": "all"})
    assert variable(asking, "NVIDIA_VISIBLE_DEVICES") == "void"
    assert opened(asking, FOUR) == {0: CLOSED, 1: GIVEN, 2: CLOSED, 3: CLOSED}


def test_a_container_that_asks_for_an_unknown_gpu_is_made_and_does_not_start(containers: Containers) -> None:
    asking = containers.create(AS_THE_HUB, [f"{KIND}=GPU-of-nobody"])
    with pytest.raises(docker.errors.APIError, match=f"unresolvable CDI devices {KIND}=GPU-of-nobody"):
        asking.start()
    asking.reload()
    assert asking.status == "created"  # it is there, and whoever made it has to remove it


def test_a_stopped_server_whose_gpu_is_gone_does_not_start_again(containers: Containers, gpus: MadeUpGpus) -> None:
    server = containers.start(AS_THE_HUB, [name_of(1)])
    server.stop(timeout=5)
    gpus.remove(1)
    with pytest.raises(docker.errors.APIError, match="unresolvable CDI devices"):
        server.start()


def test_a_gpu_that_came_is_given_by_the_same_docker(containers: Containers, gpus: MadeUpGpus) -> None:
    gpus.add(4)
    assert opened(containers.start(AS_THE_HUB, [name_of(4)]), [3, 4]) == {3: NOT_MADE, 4: GIVEN}


def test_docker_gives_one_gpu_to_two_servers_so_a_ledger_has_to_refuse(containers: Containers) -> None:
    first, second = (containers.start(AS_THE_HUB, [name_of(0)]) for _ in range(2))
    assert opened(first, [0]) == opened(second, [0]) == {0: GIVEN}


def test_who_holds_which_gpu_can_be_read_from_docker(containers: Containers) -> None:
    server = containers.start(AS_THE_HUB, [name_of(3)])
    server.reload()
    asked = server.attrs["HostConfig"]["DeviceRequests"]
    assert [(one["Driver"], one["DeviceIDs"]) for one in asked] == [("cdi", [name_of(3)])]


def test_a_file_of_the_driver_comes_with_the_gpu_and_without_one_does_not(
    containers: Containers, newer_docker: NewerDocker
) -> None:
    library, inside = newer_docker.shared / "libnvidia-ml.so.1", Path("/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1")
    library.write_text("a library", encoding="ascii")
    MadeUpGpus(newer_docker.devices, {0}, {str(inside): library})
    with_gpu, without = containers.start(AS_THE_HUB, [name_of(0)]), containers.start(AS_THE_HUB)
    assert with_gpu.exec_run(["cat", str(inside)]).output == b"a library"
    assert without.exec_run(["test", "-e", str(inside)]).exit_code == 1
