"""The machine's GPUs for Prometheus: made anew at each scrape out of the ledger and of what the agent saw last.

Base units, and no names of people: a label for each person would be a list of who works when.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from hub.gpus import State as LeaseState
from hub.services import gpus
from hub.services.api import Api
from hub.services.gpu_inventory import inventory
from hub.services.state import State

STATES = ("free", *(str(state) for state in LeaseState), "fault")


class Collector:
    """What is scraped."""

    def __init__(self, state: State) -> None:
        self.state = state

    def collect(self) -> Iterator[Metric]:
        now, told = self.state.now(), inventory(self.state)
        yield GaugeMetricFamily(
            "campushub_gpu_agent_up", "Whether the agent has told lately what it sees", float(told["agent"]["recent"])
        )
        states = GaugeMetricFamily(
            "campushub_gpu_slot", "Slots, 1 in the state that each is in", labels=["slot", "state"]
        )
        memory = GaugeMetricFamily("campushub_gpu_memory_bytes", "Memory that a slot may use", labels=["slot"])
        used = GaugeMetricFamily(
            "campushub_gpu_memory_used_bytes", "Memory that a lease's processes have", labels=["slot"]
        )
        computes = GaugeMetricFamily("campushub_gpu_computing", "Whether a lease's processes compute", labels=["slot"])
        for one in told["slots"]:
            at = "fault" if one["trouble"] else one["state"]
            for state in STATES:
                states.add_metric([one["slot"], state], float(state == at))
            for family, value in ((memory, one["memory"]), (used, one["used"]), (computes, one["computes"])):
                if value is not None:
                    family.add_metric([one["slot"]], float(value))
        yield from (states, memory, used, computes)
        queue = GaugeMetricFamily("campushub_gpu_queue_length", "People who wait", labels=["course"])
        for course, count in Counter(one["course"] for one in told["queue"]).items():
            queue.add_metric([course], count)
        yield queue
        oldest = max(((now - one["since"]).total_seconds() for one in told["queue"]), default=0.0)
        yield GaugeMetricFamily("campushub_gpu_queue_oldest_seconds", "For how long the first has waited", oldest)
        yield from self._sums()

    def _sums(self) -> Iterator[Metric]:
        ended = CounterMetricFamily("campushub_gpu_leases_ended", "Leases that ended", labels=["course", "reason"])
        seconds = CounterMetricFamily("campushub_gpu_lease_seconds", "GPU time of ended leases", labels=["course"])
        by_course: dict[str, float] = defaultdict(float)
        for course, reason, count, hours in gpus.lent(self.state).ended():
            ended.add_metric([course, reason], count)
            by_course[course] += hours * 3600
        for course, value in by_course.items():
            seconds.add_metric([course], value)
        yield from (ended, seconds)


class Metrics(Api):
    def get(self) -> None:
        self.need("metrics")
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Collector(self.state))
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(generate_latest(registry))
