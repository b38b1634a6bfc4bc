"""nbgrader's first step on a submission: its marked cells become those of the release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from hub.released_cells import restored


class RestoreCells(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader's class has no types
    """Puts the release's marked cells back. A release that was removed from the folder leaves it to nbgrader's own steps."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        about, coursedir = resources["nbgrader"], CourseDirectory(config=self.config)
        folder = Path(coursedir.format_path(coursedir.release_directory, ".", about["assignment"]))
        release = folder / f"{about['notebook']}.ipynb"
        if not release.is_file():
            return nb, resources
        return nbformat.from_dict(restored(nb, nbformat.read(release, as_version=4))), resources
