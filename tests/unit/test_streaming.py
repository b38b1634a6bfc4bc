"""A browser's form with files, read where it lies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exchange import Refused
from hub.services.streaming import files_of_form

KIND = "multipart/form-data; boundary=----WebKitFormBoundaryabc"
MARK = b"------WebKitFormBoundaryabc"


def form(*parts: tuple[str, bytes]) -> bytes:
    body = MARK + b'\r\nContent-Disposition: form-data; name="_xsrf"\r\n\r\ntoken\r\n'
    for name, content in parts:
        head = f'Content-Disposition: form-data; name="files"; filename="{name}"\r\nContent-Type: application/zip'
        body += MARK + b"\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return body + MARK + b"--\r\n"


@given(st.lists(st.tuples(st.sampled_from(["a.zip", "é b.ipynb"]), st.binary(max_size=40)), max_size=4))
def test_files_are_found_with_just_their_bytes(parts: list[tuple[str, bytes]]) -> None:
    body = form(*parts)
    assert [(name, body[start:end]) for name, start, end in files_of_form(body, KIND, most=9)] == parts


def test_form_that_is_torn_or_has_too_many_files_is_refused() -> None:
    body = form(("a.zip", b"content"), ("b.zip", b""))
    for torn in (body[:-20], body[:-80], b"", b"anything"):
        with pytest.raises(Refused, match="not whole"):
            list(files_of_form(torn, KIND, most=9))
    with pytest.raises(Refused, match="not whole"):
        list(files_of_form(body, "text/plain", most=9))
    with pytest.raises(Refused, match="more than 1"):
        list(files_of_form(body, KIND, most=1))
