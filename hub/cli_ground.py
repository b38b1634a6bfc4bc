"""What every word of the command stands on: where the program lies, its settings, and how it speaks."""

from __future__ import annotations

from pathlib import Path

from hub import images
from hub.settings import Settings
from hub.settings_file import load

ROOT = Path(__file__).resolve().parent.parent


def settings_of(path: Path) -> Settings:
    """The settings in a file, with images that there are."""
    return load(path, images=images.course_images(ROOT))


def say(line: str) -> None:
    print(line, flush=True)
