"""What is seen of GPUs: whose a process is, what a container was given, who has computed. No GPU and no Docker involved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hub.adapters.gpu_containers import devices_given, holder
from hub.adapters.processes import Processes, container_in, leaf_in
from hub.gpu_seen import Device, Holder, Seen
from hub.gpu_use import Inventory, Place, Process, Use, seen, works

ID, OTHER = "a1" * 32, "b2" * 32
FORMS = {
    "Docker, cgroup v1": f"12:memory:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/system.slice\n",
    "Docker, systemd": f"0::/system.slice/docker-{ID}.scope\n",
    "Docker, cgroupfs": f"0::/docker/{ID}\n",
    "Docker, a cgroup inside": f"0::/docker/{ID}/init\n",
    "containerd": f"0::/default/{ID}\n",
    "containerd in a slice": f"0::/system.slice:docker:{ID}\n",
    "Kubernetes": f"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod8f.slice/cri-containerd-{ID}.scope\n",
    "Podman": f"0::/machine.slice/libpod-{ID}.scope/container\n",
    "Docker in Docker": f"0::/docker/{ID}/docker/{OTHER}\n",
}
GPU, MIG = "GPU-aaaa", "MIG-bbbb"
INVENTORY = Inventory(
    "615.71",
    (Device(GPU, "NVIDIA A100", 40, 9, GPU), Device(MIG, "NVIDIA A100 MIG 1g.5gb", 5, 1, GPU)),
    {"0": GPU, "0:0": MIG},
)


@pytest.mark.parametrize("form", FORMS)
def test_the_container_of_a_process_is_found_in_every_form_of_cgroup(form: str) -> None:
    assert container_in(FORMS[form]) == ID


@pytest.mark.parametrize("said", ["", "0::/\n", "0::/user.slice/user-0.slice/session-1.scope\n", f"0::/x{ID}\n"])
def test_a_process_of_the_machine_is_in_no_container(said: str) -> None:
    assert container_in(said) is None


def test_the_leaf_is_the_whole_path_of_cgroup_v2_and_nothing_at_its_root() -> None:
    assert leaf_in(FORMS["Podman"]) == Path(f"machine.slice/libpod-{ID}.scope/container")
    assert leaf_in(f"12:memory:/docker/{ID}\n0::/\n") is None


def test_processor_time_is_read_behind_a_name_that_looks_like_fields(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text("7 (a) R 9 9 9) S 1 7 7 0 -1 4194304 5 0 0 0 250 50 0 0 20 0 1 0 100 0 0\n")
    assert Processes(tmp_path).seconds(7) == 300 / os.sysconf("SC_CLK_TCK")


def test_of_a_process_that_has_ended_nothing_is_known(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    assert (processes.container(7), processes.cgroup(7), processes.seconds(7)) == (None, None, None)


def test_a_process_works_when_it_has_had_a_twentieth_of_a_core() -> None:
    assert works({1: 10.0, 2: 10.0}, {1: 10.5, 2: 10.49, 3: 0.0}, 10) == {1, 3}


REQUESTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "nothing": ({}, ()),
    "CDI": (
        {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=GPU-1", "vendor.com/nic=0"]}]},
        ("GPU-1",),
    ),
    "--gpus all": ({"DeviceRequests": [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]}, ("all",)),
    "--gpus device=1": ({"DeviceRequests": [{"Driver": "nvidia", "DeviceIDs": ["1"]}]}, ("1",)),
    "something else": ({"DeviceRequests": [{"Driver": "tpu", "Count": -1, "Capabilities": [["tpu"]]}]}, ()),
    "the nvidia runtime": ({"Runtime": "nvidia"}, ("0", "2")),
    "a device node": ({"Devices": [{"PathOnHost": "/dev/nvidia1"}, {"PathOnHost": "/dev/nvidiactl"}]}, ("all",)),
    "the control node alone": ({"Devices": [{"PathOnHost": "/dev/nvidiactl"}]}, ()),
}


@pytest.mark.parametrize("way", REQUESTS)
def test_devices_are_seen_whichever_way_they_were_given(way: str) -> None:
    host, devices = REQUESTS[way]
    assert devices_given({"HostConfig": host, "Config": {"Env": ["NVIDIA_VISIBLE_DEVICES=0,2"]}}) == devices


def test_a_person_of_another_instance_is_nobody_here() -> None:
    labels = {"campushub.instance": "campushub", "campushub.person": "asha", "campushub.server": "gpu-demo"}
    about = {"Id": ID, "Name": "/x", "Config": {"Labels": labels}, "State": {"Running": True}}
    assert (holder(about, (GPU,), "campushub").person, holder(about, (GPU,), "other").person) == ("asha", None)


def lent(container: str = ID, *devices: str) -> Holder:
    return Holder(container, "a-name", "asha", "gpu-demo", devices or (GPU,), running=True)


def look(use: Use, places: dict[int, Place], *holders: Holder) -> Seen:
    return seen(INVENTORY, [use], holders or (lent(),), places)


def test_a_holder_has_the_memory_of_its_processes_and_the_uuids_of_its_devices() -> None:
    found = look(Use(GPU, (Process(1, 5), Process(2, 3))), {1: Place(ID), 2: Place(ID)}, lent(ID, "0", "0:0", MIG))
    assert found.holders[0].used == 8
    assert found.holders[0].devices == (GPU, MIG)


def test_processes_of_no_container_are_counted_by_gpu() -> None:
    found = look(Use(MIG, (Process(1, 5), Process(2, 3))), {1: Place(None), 2: Place(ID)})
    assert found.strangers == {GPU: 1}


def test_a_container_that_was_given_nothing_and_uses_a_gpu_is_a_holder() -> None:
    found = look(Use(GPU, (Process(1, 5),)), {1: Place(OTHER)})
    assert Holder(OTHER, OTHER[:12], None, None, (GPU,), running=True, used=5) in found.holders


@pytest.mark.parametrize("computed", [True, False])
def test_the_drivers_word_on_a_process_goes_before_all_else(computed: bool) -> None:
    found = look(Use(GPU, (Process(1, 5, computed),), busy=50), {1: Place(ID, works=not computed)})
    assert found.holders[0].computes is computed


def test_a_busy_device_is_its_only_containers_work() -> None:
    found = look(Use(GPU, (Process(1, 5), Process(2, 5)), busy=50), {1: Place(ID), 2: Place(ID)})
    assert found.holders[0].computes


def test_nobody_computes_on_a_device_that_rests() -> None:
    assert not look(Use(GPU, (Process(1, 5),), busy=0), {1: Place(ID, works=True)}).holders[0].computes


@pytest.mark.parametrize("busy", [50, None])
def test_of_two_containers_on_a_device_the_one_with_processor_time_computes(busy: int | None) -> None:
    places = {1: Place(ID), 2: Place(OTHER, works=True)}
    found = look(Use(GPU, (Process(1, 5), Process(2, 5)), busy), places, lent(ID), lent(OTHER))
    assert [one.computes for one in found.holders] == [False, True]


def test_what_is_seen_is_told_as_json_and_understood_again() -> None:
    found = look(Use(GPU, (Process(1, 5), Process(2, 5)), 50), {1: Place(ID), 2: Place(None)})
    assert Seen.of(found.as_data()) == found
