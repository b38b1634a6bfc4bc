"""Sets one container's memory limit in the driver, for the self-test: run inside the agent, the only part that may.

python -m hub.services.memory_limit PID DEVICE BYTES
"""

from __future__ import annotations

import sys

from hub.adapters.nvidia import Driver
from hub.adapters.processes import Processes
from hub.trouble import Trouble


def main(pid: str, device: str, size: str) -> None:
    """Ends with the reason where it cannot be done."""
    try:
        cgroup = Processes().cgroup(int(pid))
        if cgroup is None:
            raise Trouble("the container has no cgroup v2 of its own, which the driver's memory limits need")
        driver = Driver.open()
        driver.inventory()  # by which it knows its devices
        driver.limit(device, cgroup, int(size))
    except Trouble as trouble:
        sys.exit(str(trouble))


if __name__ == "__main__":
    main(*sys.argv[1:])
