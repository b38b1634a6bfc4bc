"""A whole hub that lends GPUs, in a Docker with CDI: who gets which, what they can open, what happens when things are lost.

No GPU is involved: the devices are made up, and a library stands in NVML's place.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.gpu.conftest import SLOTS
from tests.gpu.made_up import MadeUpGpus, name_of, uuid_of
from tests.gpu.newer_docker import NewerDocker
from tests.gpu.stand_in import MEBIBYTE, StandIn, gpu, process
from tests.instance import Instance, Person, text_of

PAGE = "/courses/demo/gpu"
PEOPLE = ("asha", "student", "student2")
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
    for name in PEOPLE:
        press(gpu_hub.person(name), "leave")
        gpu_hub.person(name).post(PAGE, PAGE, {"do": "return"})
    until(lambda: free(gpu_hub) and all(closed(gpu_hub.person(name)) for name in PEOPLE))
    return gpu_hub


def closed(person: Person) -> bool:
    """Whether the hub is done with somebody's server with a GPU."""
    answer = person.get("/courses/demo/server?name=gpu-demo", headers={"Accept": "application/json"})
    return str(answer.json()["state"]) == "closed"


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


def test_start_with_a_gpu_takes_hardly_longer_than_one_without(
    hub: Instance, record_property: Callable[[str, object], None]
) -> None:
    person = hub.person("asha")
    times: dict[str, list[float]] = {"demo": [], "gpu-demo": []}
    for server in ("demo", "gpu-demo", "demo", "gpu-demo"):
        if server == "gpu-demo":
            until(lambda: free(hub))
        began = time.monotonic()
        start(person) if server == "gpu-demo" else person.start(server)
        times[server].append(time.monotonic() - began)
        end = {"do": "return"} if server == "gpu-demo" else {"then": "close"}
        person.post(PAGE if server == "gpu-demo" else "/courses/demo/server", PAGE, end)
    record_property("with_and_without_a_gpu_s", times)
    assert all(times.values())


def test_gpu_that_computes_is_kept_with_the_browser_closed_and_one_that_does_not_is_taken_back(
    hub: Instance, stand_in_files: StandIn
) -> None:
    busy, idle = hub.person("asha"), hub.person("student")
    container = start(busy)
    start(idle)
    pid = hub.docker.api.inspect_container(container)["State"]["Pid"]
    mine = slots(hub)["left" if slots(hub)["left"]["person"] == "asha" else "right"]
    well = [gpu(uuid_of(number)) for number in range(4)]
    stand_in_files.says(*well, process(mine["device"], pid, used=512 * MEBIBYTE, sm=80))
    warned = until(lambda: "It ends in" in (page := text_of(idle.get(PAGE).text)) and page, 150)
    assert "Nothing has computed on your GPU for a while" in warned
    until(lambda: not idle.ready("gpu-demo"), 90)
    assert "so it was taken back for others" in until(
        lambda: "Your last GPU ended" in (page := text_of(idle.get(PAGE).text)) and page
    )
    assert busy.ready("gpu-demo")
    told = slots(hub)[mine["slot"]]
    assert (told["person"], told["used"], told["computes"], told["warned"]) == ("asha", 512 * MEBIBYTE, True, None)


def test_container_that_nobody_knows_takes_its_slot_out_of_lending(hub: Instance, newer_docker: NewerDocker) -> None:
    image = hub.docker.images.list("campushub/base")[0].tags[0]
    words = ("run", "--detach", "--rm", f"--device={name_of(0)}", "--network=none", "--name=chtest-stranger", image)
    assert newer_docker.command(*words, "sleep", "300").returncode == 0
    trouble = until(lambda: slots(hub)["left"]["trouble"])
    assert trouble == "the container chtest-stranger has it without a lease"
    assert hub.command("gpus", check=False).returncode == 1
    start(hub.person("asha"))
    assert slots(hub)["right"]["person"] == "asha"
    newer_docker.command("rm", "--force", "chtest-stranger")
    until(lambda: not slots(hub)["left"]["trouble"])


def test_gpu_that_is_lost_is_drained_and_its_person_has_the_next(hub: Instance, stand_in_files: StandIn) -> None:
    asha = hub.person("asha")
    start(asha)
    before = next(one for one in slots(hub).values() if one["person"])
    number = SLOTS.index(before["slot"])
    stand_in_files.says(*(gpu(uuid_of(one), state="lost" if one == number else "ok") for one in range(4)))
    until(lambda: "It is your turn" in text_of(asha.get(PAGE).text), 90)
    assert slots(hub)[before["slot"]]["trouble"]
    asha.post(PAGE, PAGE, {"do": "claim"})
    assert asha.ready("gpu-demo") or asha.start("gpu-demo")
    after = next(one for one in slots(hub).values() if one["person"])
    assert after["slot"] != before["slot"]


def test_gpu_that_vanished_gives_its_lease_back_and_leaves_no_container(hub: Instance, gpus: MadeUpGpus) -> None:
    asha = hub.person("asha")
    for number in range(len(SLOTS)):
        gpus.remove(number)
    said = text_of(asha.post(PAGE, PAGE, {"do": "ask"}).text)
    assert "The GPU could not be given to your notebooks" in said
    assert hub.docker.containers.list(all=True, filters={"label": "campushub.server=gpu-demo"}) == []
    assert free(hub) or all(one["state"] == "free" for one in slots(hub).values())
    assert "did not start" in text_of(asha.get(PAGE).text)


def test_ledger_that_was_lost_is_made_again_from_what_runs(hub: Instance) -> None:
    asha = hub.person("asha")
    container = start(asha)
    before = next(one for one in slots(hub).values() if one["person"])
    hub.part("service").kill()
    forget = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('DELETE FROM leases'); db.commit()"
    database = next((hub.data / "service").glob("*.sqlite"))
    subprocess.run([sys.executable, "-c", forget, str(database)], check=True)
    hub.part("service").start()
    hub.wait_until_well()
    after = until(lambda: [one for one in slots(hub).values() if one["person"]])
    assert [(one["slot"], one["person"], one["state"]) for one in after] == [(before["slot"], "asha", "active")]
    assert hub.container_of("asha", "gpu-demo") == container
    assert asha.ready("gpu-demo")


def test_lease_whose_container_was_taken_away_is_free_again(hub: Instance) -> None:
    asha = hub.person("asha")
    hub.docker.containers.get(start(asha)).remove(force=True)
    until(lambda: free(hub), 90)
    assert "were ended from outside" in text_of(asha.get(PAGE).text)


def test_selftest_keeps_every_promise_that_can_be_tried_here(hub: Instance) -> None:
    said = hub.command("gpus", "selftest", check=False)
    kept = [line for line in said.stdout.splitlines() if line.startswith("kept")]
    assert "unproven on metal" in said.stdout
    assert "BROKEN" not in said.stdout, said.stdout
    assert len(kept) >= 5, said.stdout


def test_selftest_breaks_where_a_container_has_more_than_its_gpu(hub: Instance, gpus: MadeUpGpus) -> None:
    gpus.give_all_with(0)
    said = hub.command("gpus", "selftest", check=False)
    assert said.returncode == 1
    assert f"BROKEN  {uuid_of(0)}: a container has it and nothing else" in said.stdout
