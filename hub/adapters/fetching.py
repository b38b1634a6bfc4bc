"""Brings a file onto this machine once, by URL or path: goes on where an interruption left it, takes nothing but the bytes with its SHA-256."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import requests

from hub.durable import sync_folder
from hub.trouble import Trouble

CONNECT_SECONDS, SILENCE_SECONDS = 10, 60
PIECE = 1024**2  # bytes
BUSY = {
    408,
    425,
    429,
}  # of the answers that tell of a wrong request, those that only ask for patience (RFC 9110, RFC 6585)
Progress = Callable[[int, int | None], None]  # bytes that are here, and of how many, if that was said


class Away(Trouble):
    """The source does not answer, or not to the end; what came is kept, and the next attempt goes on from there."""


class Changed(Trouble):
    """The source gives other bytes than those that were meant."""


def fetch(source: str, sha256: str, target: Path, *, room: int, progress: Progress) -> None:
    """Put the bytes with this SHA-256 at `target`, readable to all. Raises Trouble: Away, Changed, or no room.

    `room` is how many bytes of the disk stay free.
    """
    part = target.with_name(f"{target.name}.part")
    went_on = part.exists() and part.stat().st_size > 0
    bring = _copy if source.startswith("/") else _download
    bring(source, part, room, progress)
    found = digest(part)
    if found != sha256 and went_on:  # it may have changed between the two attempts
        part.unlink()
        bring(source, part, room, progress)
        found = digest(part)
    if found != sha256:
        part.unlink()
        raise Changed(
            f"{source} gives other bytes than were meant: their SHA-256 is {found}. Look what has changed; if it is right, "
            "write this number under `sha256`. What was here stays in use until then"
        )
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.chmod(0o444)
    part.rename(target)
    sync_folder(target.parent)


def digest(path: Path) -> str:
    """A file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: str, part: Path, room: int, progress: Progress) -> None:
    path = Path(source)
    if not path.is_file():
        raise Trouble(
            f"there is no file {source}; put it there and run `sudo ./campushub up`, which lets the mirror see it"
        )
    _need_room(part, path.stat().st_size + room)
    try:
        shutil.copyfile(path, part)
    except OSError as error:
        raise Trouble(
            f"{source} could not be copied ({error.strerror}); everybody has to be able to read it (chmod a+r)"
        ) from None
    progress(part.stat().st_size, part.stat().st_size)


def _download(source: str, part: Path, room: int, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    # Without a compression on the way, so that the bytes are those that were meant, and can be gone on with.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        with requests.get(source, headers=headers, stream=True, timeout=(CONNECT_SECONDS, SILENCE_SECONDS)) as answer:
            if have and answer.status_code == requests.codes.requested_range_not_satisfiable:
                return  # all of it is here already, or it is another file by now: the SHA-256 says
            _need_good(source, answer)
            goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            _write(answer, part, have if goes_on else 0, room, progress)
    except requests.exceptions.SSLError:
        raise Trouble(f"{source}: its certificate is not one that this machine trusts") from None
    except requests.RequestException as error:
        raise Away(f"{source} does not answer to the end ({_reason(error)})") from None


def _need_good(source: str, answer: requests.Response) -> None:
    if answer.ok:
        return
    said = f"{source} answers {answer.status_code} {answer.reason}"
    if answer.status_code >= 500 or answer.status_code in BUSY:
        raise Away(said)
    raise Trouble(f"{said}; put the right address under `source`, one that asks for no password")


def _write(answer: requests.Response, part: Path, have: int, room: int, progress: Progress) -> None:
    length = answer.headers.get("Content-Length", "")
    total = have + int(length) if length.isdecimal() else None
    _need_room(part, (total or have) - have + room)
    with part.open("ab" if have else "wb") as file:
        for piece in answer.iter_content(PIECE):
            _need_room(part, len(piece) + room)
            file.write(piece)
            have += len(piece)
            progress(have, total)
    if total is not None and have < total:
        raise Away(f"{answer.url} ended after {have} of {total} bytes")


def _need_room(part: Path, wanted: int) -> None:
    if (free := shutil.disk_usage(part.parent).free) < wanted:
        raise Trouble(
            f"the disk of {part.parent} has no room for it: {free // 1024**2} MB are free, {wanted // 1024**2} MB needed"
        )


def _reason(error: requests.RequestException) -> str:
    match error:
        case requests.exceptions.ConnectTimeout() | requests.exceptions.ConnectionError():
            return "no connection"
        case requests.exceptions.Timeout():
            return f"silent for {SILENCE_SECONDS} s"
        case requests.exceptions.ChunkedEncodingError():
            return "it broke off"
        case _:
            return type(error).__name__
