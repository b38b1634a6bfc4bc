"""Libraries in NVML's place, built once, and containers that hold nothing but a program that waits."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.gpu.stand_in import LIBRARY, StandIn, compile_library, compile_program

IMAGE = "campushub-test/rest:stand-in"


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the libraries `whole`, `old` (no limits, no samples, no MIG) and `none`, which hides a real one."""
    folder = tmp_path_factory.mktemp("nvml")
    compile_library(folder / "whole")
    compile_library(folder / "old", "LIMITS", "SAMPLES", "MIG")
    (folder / "none").mkdir()
    (folder / "none" / LIBRARY).write_text("no library\n", encoding="ascii")
    return folder


@pytest.fixture
def stand_in(libraries: Path, tmp_path: Path) -> StandIn:
    return StandIn(libraries / "whole", tmp_path / "gpus")


@pytest.fixture
def old_driver(libraries: Path, tmp_path: Path) -> StandIn:
    return StandIn(libraries / "old", tmp_path / "gpus")


@pytest.fixture
def no_driver(libraries: Path, tmp_path: Path) -> StandIn:
    return StandIn(libraries / "none", tmp_path / "gpus")


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """This machine's Docker, with an image of one program."""
    client = docker.APIClient(timeout=60)
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = compile_program("rest.c", tmp_path_factory.mktemp("rest") / "rest", "-static")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(program, "rest")
    repository, _, tag = IMAGE.rpartition(":")
    engine.import_image_from_data(packed.getvalue(), repository, tag)
    yield IMAGE
    engine.remove_image(IMAGE, force=True)


@pytest.fixture
def containers(engine: Any, image: str) -> Iterator[list[tuple[str, int]]]:
    """Two running containers: the id of each, and the pid of its process."""
    host = engine.create_host_config(network_mode="none")
    made = [engine.create_container(image, ["/rest"], host_config=host)["Id"] for _ in range(2)]
    for one in made:
        engine.start(one)
    yield [(one, int(engine.inspect_container(one)["State"]["Pid"])) for one in made]
    for one in made:
        engine.remove_container(one, force=True)
