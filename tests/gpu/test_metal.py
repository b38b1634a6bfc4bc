"""On a machine with a real NVIDIA GPU: what NVML tells, whose process is whose, a step of training. Left out everywhere else.

What it prints is kept in docs/reference/figures.md with the date, the driver and the model.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.adapters.nvidia import Driver
from hub.adapters.processes import Processes

DRIVER = Path("/proc/driver/nvidia/version")
HOLDS = """
import ctypes, sys
cuda = ctypes.CDLL("libcuda.so.1")
context, pointer = ctypes.c_void_p(), ctypes.c_uint64()
for answer in (cuda.cuInit(0), cuda.cuCtxCreate_v2(ctypes.byref(context), 0, 0), cuda.cuMemAlloc_v2(ctypes.byref(pointer), 2**28)):
    assert answer == 0, answer
print("ready", flush=True)
sys.stdin.read()
"""
TRAINS = """
import json, torch
model = torch.nn.Linear(1024, 10).cuda()
optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
losses = []
for _ in range(20):
    loss = model(torch.ones(256, 1024, device="cuda")).square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
print(json.dumps({"torch": torch.__version__, "cuda": torch.version.cuda, "name": torch.cuda.get_device_name(0),
                  "first": losses[0], "last": losses[-1]}))
"""

pytestmark = pytest.mark.skipif(not DRIVER.exists(), reason="this machine has no NVIDIA driver")
Record = Callable[[str, object], None]


@pytest.fixture
def driver() -> Iterator[Driver]:
    opened = Driver.open()
    yield opened
    opened.close()


@pytest.fixture
def holder() -> Iterator[int]:
    """The pid of a program that has 256 MiB of the first GPU."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        yield program.pid
        program.kill()


def test_inventory_has_the_gpus_that_nvidia_smi_lists(driver: Driver, record_property: Record) -> None:
    found = driver.inventory()
    record_property("driver", found.driver)
    record_property("devices", [(one.uuid, one.name, one.memory) for one in found.devices])
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout
    assert found.devices
    assert all(one.uuid in listed and not one.trouble for one in found.devices)


def test_process_is_listed_with_its_memory(driver: Driver, holder: int, record_property: Record) -> None:
    first = driver.inventory().devices[0]
    until = time.monotonic() + 20
    while not (mine := [one for one in driver.use(first.uuid).processes if one.pid == holder]):
        assert time.monotonic() < until, "NVML does not list it; in a container with PIDs of its own it cannot"
        time.sleep(0.5)
    record_property("process", [(one.used, one.computed) for one in mine])
    assert mine[0].used >= 2**28
    assert Processes().seconds(holder)


def test_torch_trains_on_the_gpu(record_property: Record) -> None:
    python = os.environ.get("CAMPUSHUB_TORCH_PYTHON", "python3")
    done = subprocess.run([python, "-c", TRAINS], capture_output=True, text=True, check=False)
    if "No module named 'torch'" in done.stderr:
        pytest.skip(f"{python} has no torch; name one that has in CAMPUSHUB_TORCH_PYTHON")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    record_property("training", told)
    assert told["last"] < told["first"]
