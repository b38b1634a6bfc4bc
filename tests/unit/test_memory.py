"""The share of its memory that a container uses, as the kernel writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from campushub_client import memory


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="ascii")


@pytest.mark.parametrize(
    ("files", "share"),
    [
        ({"memory.max": "1000\n", "memory.current": "800\n", "memory.stat": "anon 1\ninactive_file 300\n"}, 0.5),
        ({"memory.max": "max\n", "memory.current": "800\n", "memory.stat": "inactive_file 300\n"}, None),
        (
            {
                "memory/memory.limit_in_bytes": "2000\n",
                "memory/memory.usage_in_bytes": "1900\n",
                "memory/memory.stat": "cache 9\ntotal_inactive_file 100\n",
            },
            0.9,
        ),
        (
            {
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/memory.usage_in_bytes": "1900\n",
                "memory/memory.stat": "total_inactive_file 100\n",
            },
            None,
        ),
        ({}, None),
    ],
)
def test_share_is_read_from_either_version(tmp_path: Path, files: dict[str, str], share: float | None) -> None:
    write(tmp_path, files)
    assert memory.used_share(tmp_path) == share
