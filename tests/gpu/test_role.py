"""The role `gpus`, and a newer Docker, on a server that stands in for one with GPUs: what they change, and what they refuse to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub import provision
from hub.gpu_machine import FIRST_WITH_CDI, TOOLKIT_FLOOR
from hub.trouble import Trouble
from tests.gpu import stand_ins
from tests.gpu.stand_ins import PLACE, Server
from tests.instance import ROOT

SUITE = "trixie"
BASE = "nvidia-container-toolkit-base"
FILES = (
    "/etc/apt/sources.list.d/campushub-nvidia.sources",
    "/etc/udev/rules.d/71-campushub-nvidia.rules",
    "/var/run/cdi",
)
Play = Callable[..., int]


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    with stand_ins.image(SUITE) as tag:
        yield tag


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repositories")
    stand_ins.nvidia_repository(folder / "nvidia")
    stand_ins.docker_repository(folder / "docker", SUITE)
    return folder


@pytest.fixture
def server(image: str, repositories: Path, tmp_path: Path) -> Iterator[Server]:
    shutil.copytree(repositories, tmp_path, dirs_exist_ok=True)
    tmp_path.chmod(0o755)  # apt reads as a user of its own
    with stand_ins.server(image, tmp_path) as found:
        yield found


@pytest.fixture
def inventory(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANSIBLE_PIPELINING", "true")
    monkeypatch.setenv("DOCKER_HOST", stand_ins.own_docker()["DOCKER_HOST"])
    path = tmp_path / "inventory.yml"
    path.write_text(server.inventory, encoding="utf-8")
    return path


@pytest.fixture
def play(inventory: Path) -> Play:
    """Plays the role; how many things it changed."""
    usual = {
        "campushub_gpus": [{"gpu": 0}],
        "campushub_docker_floor": str(FIRST_WITH_CDI),
        "campushub_toolkit_floor": TOOLKIT_FLOOR,
        "gpus_driver": f"{PLACE}/driver",
        "gpus_toolkit_uris": f"file:{PLACE}/nvidia",
        "gpus_toolkit_key": f"{PLACE}/nvidia/key.asc",
    }

    def played(*, check: bool = False, **variables: object) -> int:
        return provision.play(ROOT, "gpus.yml", {**usual, **variables}, inventory, check=check)

    return played


@pytest.fixture
def refused(play: Play, server: Server, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Why it was refused; nothing was changed then."""

    def why(**variables: object) -> str:
        with pytest.raises(Trouble):
            play(**variables)
        assert all(server.fails("test", "-e", path) for path in FILES)
        assert server.fails("dpkg", "--status", BASE)
        return " ".join(capfd.readouterr().out.split())

    return why


def settings(server: Server) -> dict[str, object]:
    found: dict[str, object] = json.loads(server.run("cat", "/etc/docker/daemon.json"))
    return found


def test_first_run_changes_and_the_second_does_not(play: Play, server: Server) -> None:
    server.write("/etc/cdi/amd.yaml", "kind: amd.com/gpu\ndevices: []\n")  # others' devices are nobody's business
    assert play() > 0
    assert play() == 0
    assert server.run("cat", "/var/log/nvidia-ctk").splitlines() == [
        "cdi generate --output=/var/run/cdi/nvidia.yaml",
        "system create-dev-char-symlinks --create-all",
    ]
    assert "kind: nvidia.com/gpu" in server.run("cat", "/var/run/cdi/nvidia.yaml")
    assert settings(server) == {"log-driver": "local", "features": {"buildkit": True, "cdi": True}}
    assert json.loads((server.folder / "started.json").read_text(encoding="utf-8")) == settings(server)


def test_tool_stays_at_its_version_and_its_hook_cannot_come(play: Play, server: Server) -> None:
    play()
    server.run("apt-get", "dist-upgrade", "--yes", "-qq")
    assert server.run("dpkg-query", "--show", "--showformat=${Version}", BASE) == "1.20.0-1"
    assert server.fails("apt-get", "install", "--yes", "nvidia-container-toolkit")
    assert server.fails("apt-get", "install", "--yes", "libnvidia-container1")
    assert play(gpus_toolkit_version="1.21.0-1") > 0
    assert server.run("dpkg-query", "--show", "--showformat=${Version}", BASE) == "1.21.0-1"


def test_without_slots_nothing_is_looked_at(play: Play, server: Server) -> None:
    server.docker.version = "20.10.24"
    assert play(campushub_gpus=[], gpus_driver="/nowhere") == 0
    assert server.fails("test", "-e", FILES[0])


def test_check_says_what_would_change_and_changes_nothing(play: Play, server: Server) -> None:
    assert play(check=True) > 0
    assert all(server.fails("test", "-e", path) for path in FILES)
    assert settings(server) == {"log-driver": "local", "features": {"buildkit": True}}
    play()
    assert play(check=True) == 0


def test_docker_whose_containers_run_is_not_started_anew(
    play: Play, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    server.docker.running = 3
    with pytest.raises(Trouble):
        play()
    assert "3 containers run, which would end" in capfd.readouterr().out
    assert settings(server) == {"log-driver": "local", "features": {"buildkit": True}}
    assert not (server.folder / "started.json").exists()


def test_docker_that_gives_devices_is_left_alone_while_containers_run(play: Play, server: Server) -> None:
    server.docker.running = 3
    (server.folder / "started.json").write_text('{"features": {"cdi": true}}', encoding="ascii")
    play()
    assert settings(server) == {"log-driver": "local", "features": {"buildkit": True}}


def test_machine_without_a_driver_is_refused(refused: Callable[..., str]) -> None:
    assert "no NVIDIA driver: /proc/driver/nvidia/version is not there" in refused(
        gpus_driver="/proc/driver/nvidia/version"
    )


def test_tool_with_known_holes_is_refused(refused: Callable[..., str]) -> None:
    assert "1.18.1-1 has known holes; 1.18.2 is the first without" in refused(gpus_toolkit_version="1.18.1-1")


def test_docker_without_cdi_is_refused(refused: Callable[..., str], server: Server) -> None:
    server.docker.version = "20.10.24+dfsg1"
    assert "Docker 20.10.24+dfsg1 cannot give one GPU to one container" in refused()


def test_runtime_that_heeds_an_images_environment_is_refused(refused: Callable[..., str], server: Server) -> None:
    server.docker.default = "nvidia"
    assert "NVIDIA_VISIBLE_DEVICES, opens every GPU" in refused()
    server.docker.default, server.docker.runtimes["gpus"] = "runc", {"path": "/usr/bin/nvidia-container-runtime"}
    assert "NVIDIA_VISIBLE_DEVICES, opens every GPU" in refused()
    del server.docker.runtimes["gpus"]
    server.write("/etc/docker/daemon.json", '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}')
    assert "Take `nvidia` out of `runtimes`" in refused()


@pytest.mark.parametrize(
    ("path", "text"),
    [("/etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu\n"), ("/etc/cdi/old.json", '{"kind": "nvidia.com/gpu"}')],
)
def test_second_description_of_the_gpus_is_refused(
    refused: Callable[..., str], server: Server, path: str, text: str
) -> None:
    server.write(path, text)
    assert f"{path} describes the GPUs too" in refused()


@pytest.fixture
def replace(server: Server, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], int]:
    """Plays what puts another Docker in the place of one without CDI, under which so many containers run."""
    monkeypatch.setenv("ANSIBLE_ROLES_PATH", str(ROOT / "ansible" / "roles"))
    playbook = tmp_path / "newer.yml"
    tasks = [{"ansible.builtin.include_role": {"name": "engine", "tasks_from": "newer"}}]
    subset = {"gather_subset": ["min", "service_mgr"]}
    playbook.write_text(
        json.dumps([{"hosts": "all", "gather_facts": True, **subset, "tasks": tasks}]), encoding="utf-8"
    )
    server.run("dpkg", "--install", f"{PLACE}/docker/docker.io_20.10.24+dfsg1-1.deb")

    def replaced(running: int) -> int:
        given = {
            "campushub_docker_floor": str(FIRST_WITH_CDI),
            "engine_present": {"host_info": {"ServerVersion": "20.10.24", "ContainersRunning": running}},
            "engine_docker_uris": f"file:{PLACE}/docker",
            "engine_docker_key": f"{PLACE}/docker/key.asc",
        }
        return provision.play(ROOT, str(playbook), given, inventory)

    return replaced


def test_docker_without_cdi_gives_way_to_one_that_has_it(replace: Callable[[int], int], server: Server) -> None:
    assert replace(0) > 0
    assert server.run("dpkg-query", "--show", "--showformat=${db:Status-Status}", "docker.io") != "installed"
    assert server.run("dpkg-query", "--show", "--showformat=${Version}", "docker-ce") == "5:29.0.0-1"
    assert (server.folder / "started.json").exists()


def test_docker_without_cdi_stays_while_containers_run(
    replace: Callable[[int], int], server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Trouble):
        replace(2)
    assert "Docker 20.10.24 cannot give one GPU to one container; 25 is the first" in " ".join(
        capfd.readouterr().out.split()
    )
    assert server.fails("dpkg", "--status", "docker-ce")
