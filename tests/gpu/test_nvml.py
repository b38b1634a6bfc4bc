"""The real nvidia-ml-py, asked as the agent asks it, with a library of our own in NVML's place. No GPU is involved."""

from __future__ import annotations

import ctypes
from multiprocessing.managers import RemoteError
from pathlib import Path

import pynvml
import pytest

from hub.adapters.processes import Processes
from hub.gpu_use import Process
from hub.trouble import Trouble
from tests.gpu.stand_in import MEBIBYTE, StandIn, compile_program, gpu, part, process

A, B = "GPU-aaaaaaaa-0000", "GPU-bbbbbbbb-1111"
M, N = "MIG-cccccccc-2222", "MIG-dddddddd-3333"
CGROUP = Path("/sys/fs/cgroup/system.slice/docker-abc.scope")
STRUCTURES = (
    pynvml.c_nvmlMemory_t,
    pynvml.c_nvmlUtilization_t,
    pynvml.c_nvmlProcessInfo_v3_t,
    pynvml.c_nvmlProcessUtilizationSample_t,
    pynvml.c_nvmlSetMemoryLimits_v1_t,
    pynvml.c_nvmlGetMemoryLimits_v1_t,
)


def test_structures_are_as_large_as_nvidia_ml_pys(tmp_path: Path) -> None:
    library = ctypes.CDLL(str(compile_program("stand_in.c", tmp_path / "sizes.so", "-shared", "-fPIC")))
    sizes = (ctypes.c_size_t * len(STRUCTURES)).in_dll(library, "stand_in_sizes")
    assert list(sizes) == [ctypes.sizeof(one) for one in STRUCTURES]


def test_gpus_are_listed_with_their_memory_and_names(stand_in: StandIn) -> None:
    stand_in.says(gpu(A, used=3 * MEBIBYTE), gpu(B))
    with stand_in.machine() as machine:
        found = machine.driver().inventory()
    assert [(one.uuid, one.name, one.used, one.gpu) for one in found.devices] == [
        (A, "NVIDIA Stand-in", 3 * MEBIBYTE, A),
        (B, "NVIDIA Stand-in", 0, B),
    ]
    assert (found.driver, found.names) == ("615.71.stand-in", {"0": A, "1": B})


def test_mig_devices_are_listed_behind_their_gpu(stand_in: StandIn) -> None:
    stand_in.says(gpu(A, state="mig"), part(M, A), part(N, A), gpu(B))
    with stand_in.machine() as machine:
        found = machine.driver().inventory()
    assert [(one.uuid, one.gpu) for one in found.devices] == [(A, A), (M, A), (N, A), (B, B)]
    assert found.names == {"0": A, "0:0": M, "0:1": N, "1": B}


def test_processes_of_containers_are_found_with_their_memory(
    stand_in: StandIn, containers: list[tuple[str, int]]
) -> None:
    (first, pid), (second, other) = containers
    stand_in.says(gpu(A), process(A, pid, used=7), gpu(B), process(B, other, used=5), process(B, 1, used=2))
    with stand_in.machine() as machine:
        driver = machine.driver()
        driver.inventory()
        used = [{Processes().container(one.pid): one.used for one in driver.use(uuid).processes} for uuid in (A, B)]
    assert used == [{first: 7}, {second: 5, None: 2}]


def test_a_process_has_computed_when_a_sample_since_the_last_look_says_so(stand_in: StandIn) -> None:
    with stand_in.machine() as machine:
        stand_in.says(gpu(A, busy=80), process(A, 11, sm=80), process(A, 12, sm=0), process(A, 13))
        driver = machine.driver()
        driver.inventory()
        assert [one.computed for one in driver.use(A).processes] == [True, False, False]
        stand_in.says(gpu(A), process(A, 11))
        assert driver.use(A).processes == (Process(11, MEBIBYTE, computed=False),)


def test_under_mig_the_driver_tells_no_utilisation(stand_in: StandIn) -> None:
    stand_in.says(gpu(A, state="mig"), part(M, A), process(M, 11, sm=50))
    with stand_in.machine() as machine:
        driver = machine.driver()
        driver.inventory()
        found = driver.use(M)
    assert (found.busy, found.processes) == (None, (Process(11, MEBIBYTE, computed=None),))


def test_a_gpu_that_is_lost_is_told_with_what_it_was_and_disturbs_no_other(stand_in: StandIn) -> None:
    with stand_in.machine() as machine:
        stand_in.says(gpu(A, used=9), gpu(B))
        driver = machine.driver()
        before = driver.inventory()
        stand_in.says(gpu(A, state="lost"), gpu(B, used=4))
        lost, well = driver.inventory().devices
        assert (lost.uuid, lost.used, well.uuid, well.used, well.trouble) == (A, 9, B, 4, "")
        assert "the GPU is lost" in lost.trouble
        assert driver.use(A).processes == ()
        stand_in.says(gpu(A, used=9), gpu(B))
        assert driver.inventory() == before


def test_a_gpu_that_was_lost_before_anybody_looked_is_absent(stand_in: StandIn) -> None:
    stand_in.says(gpu(A, state="lost"), gpu(B))
    with stand_in.machine() as machine:
        assert [one.uuid for one in machine.driver().inventory().devices] == [B]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(9, "driver is not loaded"), (18, "of different versions"), (999, "driver says: Unknown Error")],
)
def test_a_driver_that_does_not_open_is_told_in_words(stand_in: StandIn, answer: int, words: str) -> None:
    stand_in.says(f"init {answer}")
    with stand_in.machine() as machine, pytest.raises(RemoteError, match=f"Trouble: .*{words}"):
        machine.driver()


def test_a_driver_that_goes_away_meanwhile_is_told_in_words(stand_in: StandIn) -> None:
    with stand_in.machine() as machine:
        stand_in.says(gpu(A))
        driver = machine.driver()
        stand_in.says("init 9")
        with pytest.raises(Trouble, match="not loaded"):
            driver.inventory()


def test_a_machine_without_the_library_is_told_in_words(no_driver: StandIn) -> None:
    with no_driver.machine() as machine, pytest.raises(RemoteError, match=r"Trouble: .*\.so\.1 is not there"):
        machine.driver()


def test_an_old_driver_without_newer_functions_tells_what_it_can(old_driver: StandIn) -> None:
    old_driver.says(gpu(A, used=9, busy=50), process(A, 11, sm=50))
    with old_driver.machine() as machine:
        driver = machine.driver()
        assert [one.used for one in driver.inventory().devices] == [9]
        found = driver.use(A)
    assert (found.busy, found.processes) == (50, (Process(11, MEBIBYTE, computed=None),))


def test_a_memory_limit_is_set_for_one_cgroup_and_read_back(stand_in: StandIn) -> None:
    stand_in.says(gpu(A), gpu(B))
    with stand_in.machine() as machine:
        driver = machine.driver()
        driver.inventory()
        assert driver.limit_of(A, CGROUP) is None
        driver.limit(A, CGROUP, 11 * 1024 * MEBIBYTE)
        assert driver.limit_of(A, CGROUP) == 11 * 1024 * MEBIBYTE
        assert (driver.limit_of(B, CGROUP), driver.limit_of(A, CGROUP.with_name("another"))) == (None, None)


@pytest.mark.parametrize("why", ["an old driver", "MIG"])
def test_a_memory_limit_that_cannot_be_is_refused_in_words(stand_in: StandIn, old_driver: StandIn, why: str) -> None:
    one = stand_in if why == "MIG" else old_driver
    one.says(gpu(A, state="mig" if why == "MIG" else "ok"), part(M, A))
    with one.machine() as machine:
        driver = machine.driver()
        driver.inventory()
        with pytest.raises(Trouble, match="no memory limits for this device: they need driver 615"):
            driver.limit(M if why == "MIG" else A, CGROUP, MEBIBYTE)


def test_a_limit_for_a_device_that_is_not_there_is_refused(stand_in: StandIn) -> None:
    stand_in.says(gpu(A))
    with stand_in.machine() as machine, pytest.raises(Trouble, match=f"the device {B} is not there"):
        machine.driver().limit(B, CGROUP, MEBIBYTE)
