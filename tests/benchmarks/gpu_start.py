"""How much longer a person's server takes to start with a GPU than without: its container, in a Docker with CDI, with made-up devices.

Run in a network namespace of its own (`tests.gpu.machine_network`); prints the seconds of each start as JSON.
"""

from __future__ import annotations

import json
import sys
import time

from tests.gpu.containers import AS_THE_HUB, Containers
from tests.gpu.made_up import MadeUpGpus, name_of
from tests.gpu.newer_docker import built, running_docker

IMAGE = "base"
WARMING = 2


def main(starts: int) -> None:
    tags = built([IMAGE])
    times: dict[str, list[float]] = {"without": [], "with": []}
    with running_docker() as docker:
        docker.keep_images(list(tags.values()))
        MadeUpGpus(docker.devices, {0})
        containers = Containers(docker.client(), tags[IMAGE])
        for number in range(starts + WARMING):
            for way, devices in (("without", []), ("with", [name_of(0)])):
                began = time.perf_counter()
                made = containers.start(AS_THE_HUB, devices)
                if number >= WARMING:
                    times[way].append(time.perf_counter() - began)
                made.remove(force=True)
    sys.stdout.write(json.dumps(times) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
