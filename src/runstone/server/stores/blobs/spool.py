"""Uploads that come in pieces, in a local directory: a file each, added to at its end.

What was acknowledged was flushed. The file is held by `flock` while a request adds to it, so that
the one of a connection that was cut and the one that goes on do not mix. Digests are made as bytes
come; a process that did not see them all come reads the file again at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from runstone.server.domain.errors import Conflict, OffsetMismatch
from runstone.server.stores.blobs.digests import PIECE_BYTES, Hasher, check_upload
from runstone.server.stores.blobs.disk import store_errors

HELD_SECONDS = 5.0  # how long a request waits for the one before it to let go
_HASHERS_MAX = 256


class Hashers:
    """Digests of uploads that this process has seen from their first byte on."""

    def __init__(self) -> None:
        self._kept: dict[str, Hasher] = {}
        self._lock = threading.Lock()

    def take(self, upload: str, length: int) -> Hasher | None:
        """The one that has seen exactly so much; a new one at the beginning. None: read it again."""
        with self._lock:
            found = self._kept.pop(upload, None)
        if length == 0:
            return Hasher()
        return found if found is not None and found.size == length else None

    def keep(self, upload: str, hasher: Hasher) -> None:
        with self._lock:
            while len(self._kept) >= _HASHERS_MAX:
                self._kept.pop(next(iter(self._kept)))
            self._kept[upload] = hasher


class LocalSpool:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hashers = Hashers()
        folder.mkdir(exist_ok=True)

    async def append(self, upload: str, chunks: AsyncIterator[bytes], *, offset: int) -> int:
        """See `BlobStore.append`."""
        file = await asyncio.to_thread(self._open, upload)
        try:
            length = os.fstat(file).st_size
            if offset != length:
                raise OffsetMismatch(
                    f"Of this upload {length:,} bytes have come; go on from there, not from {offset:,}.",
                    next_offset=length,
                )
            hasher = self._hashers.take(upload, length)
            pending = bytearray()
            try:
                async for chunk in chunks:
                    pending += chunk
                    if len(pending) >= PIECE_BYTES:
                        piece, pending = pending, bytearray()
                        await asyncio.to_thread(self._write, file, piece, hasher)
            finally:
                # Also what came before the client went away.
                self._write(file, pending, hasher)
                if hasher is not None:
                    self._hashers.keep(upload, hasher)
            await asyncio.to_thread(os.fsync, file)
            return os.fstat(file).st_size
        finally:
            os.close(file)

    def length(self, upload: str) -> int:
        try:
            return self._path(upload).stat().st_size
        except FileNotFoundError:
            return 0

    @contextlib.contextmanager
    def whole(self, upload: str) -> Iterator[tuple[Path | None, Hasher]]:
        """The file, held and flushed, and its digests; no file where nothing has come."""
        path = self._path(upload)
        if not path.exists():
            yield None, Hasher()
            return
        file = self._open(upload)
        try:
            length = os.fstat(file).st_size
            hasher = self._hashers.take(upload, length)
            if hasher is None:
                hasher = Hasher()
                for at in range(0, length, PIECE_BYTES):
                    hasher.update(os.pread(file, PIECE_BYTES, at))
            os.fsync(file)
            yield path, hasher
        finally:
            os.close(file)

    def discard(self, upload: str) -> None:
        self._path(upload).unlink(missing_ok=True)
        self._hashers.take(upload, 0)

    def all(self, *, older_than_seconds: float) -> Iterator[str]:
        before = time.time() - older_than_seconds
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if not older_than_seconds or path.stat().st_mtime < before:
                    yield path.name

    def _path(self, upload: str) -> Path:
        return self._folder / check_upload(upload)

    def _open(self, upload: str) -> int:
        with store_errors(self._folder):
            file = os.open(self._path(upload), os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + HELD_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(file)
                    raise Conflict("Another request adds to this upload. Try again when it ended.") from None
                time.sleep(0.05)
                continue
            os.lseek(file, 0, os.SEEK_END)
            return file

    def _write(self, file: int, data: bytearray, hasher: Hasher | None) -> None:
        with store_errors(self._folder):
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
        if hasher is not None:
            hasher.update(data)
