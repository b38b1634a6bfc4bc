"""How a playbook is told: one line for what was changed, the whole story for what failed, and counts in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: campushub
type: stdout
short_description: one line a change
description: Prints one line for every change and the reason of every failure.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "campushub"
    told: dict[str, int] = {}  # noqa: RUF012 (one process plays one playbook): lines of a followed log, by host

    def v2_runner_retry(self, result):
        self._follow(result)

    def _follow(self, result):
        """A log that is looked at again and again is told as it grows."""
        if "Follow" not in result.task.get_name():
            return
        lines, host = result.result.get("stdout_lines", []), result.host.get_name()
        for line in lines[self.told.get(host, 0) :]:
            if line.startswith("ended with "):
                continue
            self._display.display(f"  {host}: {line}")
        self.told[host] = len(lines)

    def v2_runner_on_ok(self, result):
        self._follow(result)
        if result.is_changed() and not result.task.get_name().startswith("set_fact"):
            self._display.display(f"  changed: {result.task.get_name().partition(' : ')[2] or result.task.get_name()}")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        told = result.result
        said = told.get("msg") or told.get("stderr") or json.dumps(told)[:2000]
        self._display.display(f"  FAILED: {result.task.get_name()}\n    {said}", color="red")
        for line in (told.get("stderr") or "").splitlines()[-10:]:
            self._display.display(f"    {line}")

    def v2_runner_on_unreachable(self, result):
        self._display.display(f"  not reachable: {result.host.get_name()}: {result.result.get('msg')}", color="red")

    def v2_playbook_on_stats(self, stats):
        total = {
            "changed": sum(stats.changed.values()),
            "failed": sum(stats.failures.values()) + sum(stats.dark.values()),
        }
        target = os.environ.get("CAMPUSHUB_COUNTS")
        if target:
            Path(target).write_text(json.dumps(total), encoding="utf-8")
