"""A whole hub that lends GPUs, in a Docker with CDI: who gets which, what they can open, what happens when things are lost.

No GPU is involved: the devices are made up, and a library stands in NVML's place.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.gpu.made_up import MadeUpGpus
from tests.instance import Instance, Person, text_of

PAGE = "/courses/demo/gpu"
OPENS = """
    import errno, json
    found = {}
    for number in range(4):
        try:
            open(f"/dev/nvidia{number}", "rb").close()
        except OSError as error:
            found[number] = errno.errorcode[error.errno]
    print(json.dumps(found))
"""


def until(right: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for something that comes by itself; fails when it does not."""
    end = time.monotonic() + seconds
    while not (found := right()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.5)
    return found


def press(person: Person, button: str) -> str:
    """What is read after a button of the GPU's page."""
    return text_of(person.post(PAGE, PAGE, {"do": button}).text)


def slots(hub: Instance) -> dict[str, dict[str, Any]]:
    """What the administrator's command says of each slot."""
    told = json.loads(hub.command("gpus", "--json", check=False).stdout)
    return {one["slot"]: one for one in told["slots"]}


def free(hub: Instance) -> bool:
    return all(one["state"] == "free" and not one["trouble"] for one in slots(hub).values())


@pytest.fixture
def hub(gpu_hub: Instance, gpus: MadeUpGpus) -> Instance:
    """With every slot good and free."""
    for name in ("asha", "student", "student2"):
        press(gpu_hub.person(name), "leave")
        gpu_hub.person(name).post(PAGE, PAGE, {"do": "return"})
    until(lambda: free(gpu_hub))
    return gpu_hub


def start(person: Person) -> str:
    """Ask for a GPU as the button does, and have the server up; the name of its container."""
    press(person, "ask")
    return person.start("gpu-demo")


def test_two_people_have_a_gpu_each_and_cannot_open_the_other(hub: Instance) -> None:
    seen = {}
    for name in ("asha", "student"):
        person = hub.person(name)
        start(person)
        seen[name] = json.loads(person.inside("gpu-demo", OPENS))
    numbers = sorted(number for found in seen.values() for number, how in found.items() if how == "ENXIO")
    assert numbers == ["0", "1"], f"one each, and not the same: {seen}"
    assert {how for found in seen.values() for how in found.values()} == {"ENXIO", "ENOENT"}
    environment = hub.person("asha").inside("gpu-demo", "import os; print(os.environ['NVIDIA_VISIBLE_DEVICES'])")
    assert environment == "void"


def test_whoever_finds_none_free_waits_gets_an_offer_and_claims_it(hub: Instance) -> None:
    for name in ("asha", "student"):
        start(hub.person(name))
    third = hub.person("student2")
    assert "You are number 1 in the queue" in press(third, "ask")
    press(hub.person("asha"), "return")
    until(lambda: "It is your turn" in text_of(third.get(PAGE).text))
    third.post(PAGE, PAGE, {"do": "claim"})
    assert third.ready("gpu-demo") or third.start("gpu-demo")
    assert "You have a GPU" in text_of(third.get(PAGE).text)
