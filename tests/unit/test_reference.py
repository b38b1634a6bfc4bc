"""Generated files are what their sources say."""

import pytest

from hub.reference import ROOT, files


@pytest.mark.parametrize("path", files())
def test_generated_file_is_fresh(path: object) -> None:
    found = {str(name): text for name, text in files().items()}[str(path)]
    assert (ROOT / str(path)).read_text(encoding="utf-8") == found, "write it again: python -m hub.reference"
