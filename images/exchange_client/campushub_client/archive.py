"""A home as one zip that is made while it is sent: nothing of it is kept on the disk or in memory."""

from __future__ import annotations

import asyncio
import io
import os
import queue
import threading
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

LEFT_OUT = {".cache", ".ipynb_checkpoints", "__pycache__", ".local", ".environments", ".npm", ".ipython"}
WAITING_CHUNKS = 16
PATIENCE = 60  # seconds for the receiver to take a chunk
READ = 256 * 1024


class _Pipe(io.RawIOBase):
    """Hands what is written to a bounded queue."""

    def __init__(self, waiting: queue.Queue[bytes | None]) -> None:
        self.waiting = waiting

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(data)  # type: ignore[call-overload]
        self.waiting.put(chunk, timeout=PATIENCE)
        return len(chunk)


class Archive:
    """The files below a folder; links and special files are left out, files that cannot be read too."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.waiting: queue.Queue[bytes | None] = queue.Queue(WAITING_CHUNKS)

    async def chunks(self) -> AsyncIterator[bytes]:
        threading.Thread(target=self._write, daemon=True).start()
        while (chunk := await asyncio.to_thread(self.waiting.get)) is not None:
            yield chunk

    def _write(self) -> None:
        try:
            with (
                io.BufferedWriter(_Pipe(self.waiting), READ) as out,
                zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            ):
                for path in self._files():
                    self._add(archive, path)
            self.waiting.put(None, timeout=PATIENCE)
        except queue.Full:
            return  # the receiver went away

    def _add(self, archive: zipfile.ZipFile, path: Path) -> None:
        try:
            source = path.open("rb")
            inside = zipfile.ZipInfo.from_file(path, str(path.relative_to(self.top)), strict_timestamps=False)
        except OSError:
            return
        inside.compress_type = zipfile.ZIP_DEFLATED
        with source, archive.open(inside, "w", force_zip64=True) as target:
            while chunk := source.read(READ):
                target.write(chunk)

    def _files(self) -> Iterator[Path]:
        for top, names, files in os.walk(self.top):
            names[:] = sorted(name for name in names if name not in LEFT_OUT)
            for name in sorted(files):
                path = Path(top) / name
                if path.is_file() and not path.is_symlink():
                    yield path
