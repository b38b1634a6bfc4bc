"""The Carpentries' "Introduction to deep learning" in the image deep-learning, without a network.

The lesson (github.com/carpentries-lab/deep-learning-intro) is not part of this repository: CAMPUSHUB_LESSON names its folder
`episodes`. Takes about five minutes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hub.adapters.engine import Engine

LESSON = os.environ.get("CAMPUSHUB_LESSON")
DOWNLOADS_AND_BUGS = 4  # of 122: two downloads, two names that the lesson uses before it imports them


@pytest.mark.skipif(LESSON is None, reason="CAMPUSHUB_LESSON does not name the lesson's episodes")
def test_lesson_runs_but_for_its_downloads_and_bugs(engine: Engine, tags: dict[str, str]) -> None:
    mounts = {Path(__file__).with_name("lesson_runner.py"): "/mnt/lesson.py", Path(str(LESSON)): "/lesson"}
    said = engine.run_as_student(
        tags["deep-learning"], ["python", "/mnt/lesson.py"], mounts, memory=4 * 1024**3, seconds=1800
    )
    told = json.loads(said.strip().splitlines()[-1])
    assert sum(one["blocks"] for one in told.values()) >= 122
    assert sum(len(one["failed"]) for one in told.values()) <= DOWNLOADS_AND_BUGS, told
