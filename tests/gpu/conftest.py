"""What the tests of GPUs share: a Docker that knows CDI with GPUs that are nowhere, a CampusHub in it; libraries in NVML's place."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from hub import images
from tests.gpu.machine_network import in_machine_network
from tests.gpu.made_up import MadeUpGpus, uuid_of
from tests.gpu.newer_docker import MACHINE_SOCKET, NewerDocker, built, running_docker
from tests.gpu.stand_in import LIBRARY, STATE, StandIn, compile_library, compile_program, gpu
from tests.instance import ROOT, SETTINGS, Instance, running

IMAGE = "campushub-test/rest:stand-in"
COURSE_IMAGE = "base"
GPUS = 4
SLOTS = ("left", "right")  # of the first of them
PLACE_OF_NVML = f"/usr/lib/x86_64-linux-gnu/{LIBRARY}"
PLACE_OF_STATE = "/run/stand-in"


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
    client = docker.APIClient(base_url=f"unix://{MACHINE_SOCKET}", timeout=60)
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


@pytest.fixture(scope="session")
def tags() -> dict[str, str]:
    """The tags of the images that a hub needs; all are in the machine's own Docker."""
    known = images.read(ROOT)
    documents = [name for name, image in known.items() if image.documents and image.parent == COURSE_IMAGE]
    return built([COURSE_IMAGE, *documents, *(name for name, image in known.items() if image.part)])


@pytest.fixture(scope="session")
def newer_docker(tags: dict[str, str]) -> Iterator[NewerDocker]:
    """With the images of a hub."""
    with running_docker() as started:
        started.keep_images(list(tags.values()))
        yield started


@pytest.fixture(scope="session")
def stand_in_files(newer_docker: NewerDocker) -> StandIn:
    """A library in NVML's place, and the file of its state, where the newer Docker's containers can have them."""
    folder = newer_docker.shared / "stand-in"
    folder.mkdir()
    return StandIn(compile_library(folder), folder / "gpus")


@pytest.fixture
def gpus(newer_docker: NewerDocker, stand_in_files: StandIn) -> MadeUpGpus:
    """The machine's GPUs, all of them there and well when a test begins."""
    return made_up(newer_docker, stand_in_files)


def made_up(newer_docker: NewerDocker, stand_in_files: StandIn) -> MadeUpGpus:
    stand_in_files.says(*(gpu(uuid_of(number)) for number in range(GPUS)))
    files = {PLACE_OF_NVML: stand_in_files.library / LIBRARY, PLACE_OF_STATE: stand_in_files.state.parent}
    variables = {STATE: f"{PLACE_OF_STATE}/{stand_in_files.state.name}"}
    return MadeUpGpus(newer_docker.devices, set(range(GPUS)), files, variables)


@pytest.fixture(scope="session")
def gpu_hub(newer_docker: NewerDocker, stand_in_files: StandIn) -> Iterator[Instance]:
    """A CampusHub that `up` has made in the newer Docker; who speaks to Docker after this speaks to that one."""
    in_machine_network(["apt-get", "update", "-qq"])  # `up` would look for newer lists, and has no way out here
    made_up(newer_docker, stand_in_files)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DOCKER_HOST", newer_docker.host)
        with running(with_gpus(SETTINGS), place=newer_docker.shared) as instance:
            yield instance


def with_gpus(settings: str) -> str:
    """The settings of a hub that lends two of the machine's GPUs in the course `demo`."""
    slots = "".join(f"    {name}: {{{{device: {uuid_of(number)}}}}}\n" for number, name in enumerate(SLOTS))
    lends = settings.replace(
        "    title: A first course\n", f"    title: A first course\n    gpu_image: {COURSE_IMAGE}\n"
    )
    return f"{lends}gpus:\n  toolkit: {{{{managed: false}}}}\n  idle_minutes: 2\n  slots:\n{slots}"
