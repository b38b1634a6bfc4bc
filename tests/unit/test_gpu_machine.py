"""What a machine needs before it lends GPUs: its Docker and its driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.checks.driver import below
from hub.gpu_machine import Docker, Step, driver_version, step, too_old
from hub.trouble import Trouble

OPEN = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder@U22)\n"
    "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n"
)
CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n"


@pytest.mark.parametrize("docker", [Docker("20.10.24+dfsg1", False, 7), Docker("26.1.5+dfsg1", False, 7)])
def test_without_slots_no_docker_is_touched(docker: Docker) -> None:
    assert step(docker, slots=0) is Step.NOTHING


@pytest.mark.parametrize(
    ("docker", "wanted"),
    [
        (Docker("20.10.24+dfsg1", False, 0), Step.INSTALL),
        (Docker("24.0.9", False, 0), Step.INSTALL),
        (Docker("25.0.0", False, 0), Step.SWITCH_ON),
        (Docker("26.1.5+dfsg1", False, 0), Step.SWITCH_ON),
        (Docker("26.1.5+dfsg1", True, 9), Step.NOTHING),
        (Docker("28.5.2", True, 9), Step.NOTHING),
    ],
)
def test_docker_is_brought_to_give_devices(docker: Docker, wanted: Step) -> None:
    assert step(docker, slots=1) is wanted


def test_old_docker_whose_containers_run_stays_and_the_step_is_said() -> None:
    with pytest.raises(Trouble, match=r"Docker 20\.10\.24 cannot .* 2 containers run.*\n +sudo ./campushub down"):
        step(Docker("20.10.24", False, 2), slots=1)


def test_docker_is_not_started_anew_under_running_containers() -> None:
    with pytest.raises(Trouble, match=r"1 container runs, and would end.*\n +sudo ./campushub down"):
        step(Docker("26.1.5", False, 1), slots=1)


def test_docker_says_that_cdi_is_off_by_an_empty_list() -> None:
    told = {"ServerVersion": "26.1.5", "ContainersRunning": 3, "CDISpecDirs": []}
    assert Docker.of(told) == Docker("26.1.5", False, 3)
    assert Docker.of({**told, "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"]}).cdi
    del told["CDISpecDirs"]  # Docker 20.10
    assert not Docker.of(told).cdi


@pytest.mark.parametrize(("told", "version"), [(OPEN, "580.95.05"), (CLOSED, "535.183.01"), ("", "")])
def test_driver_says_its_version(told: str, version: str) -> None:
    assert driver_version(told) == version


@pytest.mark.parametrize(
    ("driver", "cuda", "good"),
    [
        ("580.65.06", 13, True),
        ("575.57.08", 13, False),
        ("525.60.13", 12, True),
        ("520.61.05", 12, False),
        ("615.1", 12, True),
    ],
)
def test_newer_driver_runs_older_cuda_and_not_the_other_way(driver: str, cuda: int, good: bool) -> None:
    assert (too_old(driver, "torch-gpu", cuda) == "") is good


def test_driver_that_is_too_old_is_said_with_what_it_would_need() -> None:
    said = too_old("535.183.01", "torch-gpu", 13)
    assert said.startswith(
        "The image 'torch-gpu' brings CUDA 13, which needs an NVIDIA driver from 580 on; this machine has 535"
    )


def test_doctor_names_images_whose_cuda_is_too_new_for_the_driver(tmp_path: Path) -> None:
    driver, wanted = tmp_path / "version", {"torch-gpu": 13, "tensorflow-gpu": 12}
    assert not list(below(driver, wanted)), "a machine without a driver lends none"
    driver.write_text(CLOSED, encoding="ascii")
    [finding] = below(driver, wanted)
    assert "'torch-gpu'" in finding.wrong
    assert "535.183.01" in finding.seen
