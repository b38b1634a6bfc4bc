"""Hostile and odd uploads, made when they are needed: each a function from the good notebook to the tar that is sent.

What becomes of each is in expected.yaml, by the same names.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

NAME = "uploads"  # of the assignment; its notebook is uploads.ipynb
NOTEBOOK = f"{NAME}.ipynb"
FIRST_TIME = 0  # the member's time, long before any due date

Made = Callable[[bytes], bytes]


def tar(files: Mapping[str, bytes], *members: tarfile.TarInfo, how: int = tarfile.PAX_FORMAT) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=how, errors="surrogateescape") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), FIRST_TIME
            archive.addfile(member, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return packed.getvalue()


def with_file(name: str, content: bytes = b"x", *, how: int = tarfile.PAX_FORMAT) -> Made:
    return lambda good: tar({NOTEBOOK: good, name: content}, how=how)


def made_member(name: str, kind: bytes, **about: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    for key, value in about.items():
        setattr(member, key, value)
    return member


def with_member(name: str, kind: bytes, **about: Any) -> Made:
    """Beside the notebook something that is no plain file."""
    return lambda good: tar({NOTEBOOK: good}, made_member(name, kind, **about))


def link(name: str, to: str) -> Made:
    return with_member(name, tarfile.SYMTYPE, linkname=to)


def instead(change: Callable[[bytes], bytes]) -> Made:
    """A notebook of the right name that was made into something else."""
    return lambda good: tar({NOTEBOOK: change(good)})


def edited(change: Callable[[dict[str, Any]], None]) -> Made:
    def made(good: bytes) -> bytes:
        document = json.loads(good)
        change(document)
        return tar({NOTEBOOK: json.dumps(document).encode()})

    return made


def through_a_link(good: bytes) -> bytes:
    """A link to a folder, then a file that would be written through it."""
    return tar({}, made_member("data", tarfile.SYMTYPE, linkname="/tmp"))[:512] + tar({"data/x": b"x", NOTEBOOK: good})


def sparse(good: bytes) -> bytes:
    """A file of one terabyte that has nothing in it, in GNU's old way."""
    member = tarfile.TarInfo("vast")
    member.type, member.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b"%011o\0" % 0, b"%011o\0" % 0
    header[483:495] = b"\x80" + (1024**4).to_bytes(11, "big")
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + tar({NOTEBOOK: good})


def zip_of(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def only_zip(files: Callable[[bytes], Mapping[str, bytes]]) -> Made:
    return lambda good: tar({"mine.zip": zip_of(files(good))})


def overlapping(good: bytes) -> bytes:
    """A zip whose list names the same packed bytes a thousand times (Fifield, "A better zip bomb", WOOT 2019)."""
    packed = zip_of({NOTEBOOK: good, "zeros": bytes(900_000)})
    start = packed.rindex(b"PK\x01\x02")  # the last entry of the list
    end = packed.rindex(b"PK\x05\x06")
    entry = packed[start:end]
    copies = b"".join(entry[:46] + b"z%04d" % number + entry[51:] for number in range(900))
    listed = packed[packed.index(b"PK\x01\x02") : start] + copies
    tail = bytearray(packed[end:])
    tail[8:10] = tail[10:12] = (901).to_bytes(2, "little")
    tail[12:16] = len(listed).to_bytes(4, "little")
    return tar({"mine.zip": packed[: packed.index(b"PK\x01\x02")] + listed + bytes(tail)})


def cells(count: int) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["cells"] += [{"cell_type": "raw", "id": f"r{n}", "metadata": {}, "source": ""} for n in range(count)]

    return change


def output(size: int) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * size}]

    return change


UPLOADS: dict[str, Made] = {
    "timestamp-of-its-own": with_file("timestamp.txt", b"2020-01-01 00:00:00.0 UTC"),
    "link-absolute": link("data.csv", "/etc/passwd"),
    "link-relative": link("data.csv", "../../gradebook.db"),
    "link-in-the-notebooks-place": lambda _: tar({}, made_member(NOTEBOOK, tarfile.SYMTYPE, linkname="/etc/passwd")),
    "link-to-a-folder": through_a_link,
    "hard-link": with_member("data.csv", tarfile.LNKTYPE, linkname=NOTEBOOK),
    "pipe": with_member("pipe", tarfile.FIFOTYPE),
    "device": with_member("zero", tarfile.CHRTYPE, devmajor=1, devminor=5),
    "block-device": with_member("disk", tarfile.BLKTYPE, devmajor=8, devminor=0),
    "sparse-terabyte": sparse,
    "climbs": with_file("../../x"),
    "climbs-from-inside": with_file("a/../../x"),
    "absolute": with_file("/etc/cron.d/x"),
    "windows-path": with_file("C:\\x"),
    "percent-dots": with_file("..%2f..%2fx"),
    "wide-dots": with_file("．．／x"),
    "nul": with_member("x", tarfile.REGTYPE, pax_headers={"path": "a\0b"}),
    "newline": with_file("a\nb"),
    "right-to-left": with_file("a\u202ecod.exe"),
    "space-at-the-end": with_file("notes.txt "),
    "long-name": with_file("n" * 300),
    "deep": with_file("/".join("d" * 10_000)),
    "case-twins": with_file(NOTEBOOK.upper()),
    "accent-twins": lambda good: tar({NOTEBOOK: good, "é.txt": b"1", "e\u0301.txt": b"2"}),
    "no-utf8": with_file("\udcff\udcfe.txt", how=tarfile.GNU_FORMAT),
    "emoji-plus-star": with_file("🎓 a+b*.txt"),
    "markup-in-a-name": with_file('"><script>alert(1)<%2fscript>.txt'),
    "poison-name": with_file("student+uploads+notadate+x/uploads.ipynb"),
    "many-files": lambda good: tar({NOTEBOOK: good, **{f"f{number}": b"" for number in range(3000)}}),
    "large": with_file("big.bin", bytes(4 * 1024**2)),
    "zip-bomb": only_zip(lambda good: {NOTEBOOK: good, "zeros": bytes(2 * 1024**2)}),
    "zip-in-a-zip": only_zip(lambda good: {"inner.zip": zip_of({NOTEBOOK: good})}),
    "zip-overlapping": overlapping,
    "zip-endless-list": only_zip(lambda good: {NOTEBOOK: good, **{f"{'n' * 150}{n}": b"" for n in range(7000)}}),
    "zip-climbs": only_zip(lambda good: {NOTEBOOK: good, "../../x": b"x"}),
    "no-tar": lambda _: b"this is no tar" * 100,
    "tar-cut-off": lambda good: tar({NOTEBOOK: good})[:700],
    "no-json": instead(lambda _: b"not a notebook"),
    "deep-json": instead(lambda _: b'{"nbformat": 4, "cells": [' + b"[" * 100_000),
    "format-3": edited(lambda document: document.update(nbformat=3)),
    "format-99": edited(lambda document: document.update(nbformat=99)),
    "byte-order-mark": instead(lambda good: b"\xef\xbb\xbf" + good),
    "utf-16": instead(lambda good: good.decode().encode("utf-16")),
    "cells-no-list": edited(lambda document: document.update(cells={"a": 1})),
    "cells-of-numbers": edited(lambda document: document.update(cells=[1, 2, 3])),
    "twice-the-cells": instead(lambda good: b'{"cells": [], ' + good.lstrip()[1:]),
    "not-a-number": edited(lambda document: document["metadata"].update(score=float("nan"))),
    "huge-number": instead(lambda good: b'{"x": ' + b"9" * 100_000 + b", " + good.lstrip()[1:]),
    "many-cells": edited(cells(10_000)),
    "huge-output": edited(output(4 * 1024**2)),
}
