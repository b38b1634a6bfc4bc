"""Which files may be handed in."""

import pytest

from hub.exchange import Refused, check_twins, read_notebook, safe_path


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../../b", "a\\b", "", "a\0b", "a/ b", "x" * 201, "/".join("a" * 21), "a\nb"]
)
def test_path_that_climbs_or_cannot_be_kept_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        safe_path(name)


@pytest.mark.parametrize(
    ("name", "kept"), [("./ps1.ipynb", "ps1.ipynb"), ("data/naïve plot.csv", "data/naïve plot.csv")]
)
def test_ordinary_path_is_kept(name: str, kept: str) -> None:
    assert safe_path(name) == kept


@pytest.mark.parametrize("twins", [("a.txt", "A.txt"), ("é.txt", "e\u0301.txt"), ("a", "a")])
def test_twins_are_refused(twins: tuple[str, str]) -> None:
    with pytest.raises(Refused, match=r"differ only|is there twice"):
        check_twins(twins)


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b'{"nbformat": 3, "cells": []}', b"[" * 100_000])
def test_what_is_no_notebook_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Refused, match=r"ps1\.ipynb"):
        read_notebook("ps1.ipynb", content)
