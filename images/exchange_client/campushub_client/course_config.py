"""How nbgrader is set for a course, wherever it runs: formgrader, its commands, the grader."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

BUSY_SECONDS = 30  # how long a writer of the gradebook waits for another; nbgrader's 5 lose marks under load
EXCHANGE = {
    "exchange": "Exchange",
    "fetch_assignment": "FetchAssignment",
    "fetch_feedback": "FetchFeedback",
    "release_assignment": "ReleaseAssignment",
    "release_feedback": "ReleaseFeedback",
    "list": "List",
    "submit": "Submit",
    "collect": "Collect",
}


def configure(c: Any, course: str, folder: Path) -> None:
    """Set a traitlets configuration for one course, whose folder has source, submitted, gradebook and so on."""
    c.CourseDirectory.course_id = course
    c.CourseDirectory.root = str(folder)
    c.CourseDirectory.db_url = f"sqlite:///{folder}/gradebook.db?timeout={BUSY_SECONDS}"
    for trait, name in EXCHANGE.items():
        setattr(c.ExchangeFactory, trait, f"campushub_client.exchange.{name}")
    c.NbGraderAPI.timezone = os.environ.get("TZ") or "UTC"
    c.FormgradeExtension.debug = False
    c.GenerateFeedback.exporter_class = "campushub_client.harmless.FeedbackExporter"
    c.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "campushub_client.feedback.NotBelowZero",
        "campushub_client.feedback.HideTests",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
