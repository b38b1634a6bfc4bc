"""Calls that cannot work for a student: what needs the internet, and what the Keras of the images no longer has."""

from __future__ import annotations

from collections.abc import Iterator

from hub.findings import Finding
from hub.notebooks import Files


def find(source: Files, released: Files) -> Iterator[Finding]:
    yield from ()
