"""Blobs in a local directory.

    ROOT/sha256/ab/cdef…   the blobs
    ROOT/tmp/              what is being written; a crash leaves files here, removed after a day
    ROOT/uploads/          what has come of uploads that are under way, see `spool`

A blob is written to `tmp`, flushed to disk, then renamed to its address, so a reader meets all of
it or nothing. Every put renews the blob's modification time. Collection relies on that: it moves a
blob aside first and looks at the time then, so that one put again in between is moved back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from io import FileIO
from pathlib import Path

from runstone.server.domain.errors import NotFound
from runstone.server.stores.blobs.contract import BlobInfo, Direct, PieceAddress, Sha256
from runstone.server.stores.blobs.digests import PIECE_BYTES, Hasher, address, digest_of
from runstone.server.stores.blobs.disk import move_into_place, store_errors
from runstone.server.stores.blobs.spool import LocalSpool

_LEFTOVER_SECONDS = 86_400.0


class LocalBlobs:
    """See `BlobStore`. Safe to use from several threads and processes at once."""

    direct: Direct = "off"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tmp = root / "tmp"
        with store_errors(root):
            self._tmp.mkdir(parents=True, exist_ok=True)
            (root / "sha256").mkdir(exist_ok=True)
            self._spool = LocalSpool(root / "uploads")
        self._remove_leftovers()

    async def put(self, chunks: AsyncIterator[bytes], *, expect_sha256: Sha256 | None = None) -> BlobInfo:
        incoming = _Incoming(self._tmp)
        try:
            pending = bytearray()
            async for chunk in chunks:
                pending += chunk
                if len(pending) >= PIECE_BYTES:
                    piece, pending = pending, bytearray()
                    await asyncio.to_thread(incoming.write, piece)
            return await asyncio.to_thread(self._finish, incoming, pending, expect_sha256)
        finally:
            # Also when the client went away in the middle of the stream.
            incoming.discard()

    def put_bytes(self, data: bytes) -> BlobInfo:
        incoming = _Incoming(self._tmp)
        try:
            return self._finish(incoming, data, None)
        finally:
            incoming.discard()

    def _finish(self, incoming: _Incoming, rest: bytes | bytearray, expect: Sha256 | None) -> BlobInfo:
        if incoming.is_open:
            incoming.write(rest)
        else:
            incoming.hasher.update(rest)  # all of it is at hand: perhaps nothing need be written
        info = incoming.hasher.finish(expect_sha256=expect)
        target = self._root / address(info.sha256)
        with store_errors(self._root):
            with contextlib.suppress(FileNotFoundError):
                os.utime(target)
                return info
            if not incoming.is_open:
                incoming.write(rest, hash_it=False)
            incoming.move_to(target)
        return info

    def info(self, sha256: Sha256) -> int | None:
        try:
            return (self._root / address(sha256)).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, sha256: Sha256, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        try:
            file = FileIO(self._root / address(sha256))
        except FileNotFoundError:
            raise NotFound(f"The blob {sha256} is not in the store.", sha256=sha256) from None
        # Opened before the first chunk is asked for: NotFound comes before an answer has begun, and
        # a deletion meanwhile no longer matters.
        return _Chunks(file, start, end)

    def delete(self, digests: Iterable[Sha256], *, older_than_seconds: float = 0.0) -> None:
        for sha256 in digests:
            target = self._root / address(sha256)
            if not older_than_seconds:
                target.unlink(missing_ok=True)
                continue
            aside = self._tmp / f"delete-{sha256}-{secrets.token_hex(8)}"
            with contextlib.suppress(FileNotFoundError):
                target.rename(aside)
                if aside.stat().st_mtime > time.time() - older_than_seconds:
                    aside.rename(target)
                else:
                    aside.unlink()

    def all(self, *, older_than_seconds: float = 0.0) -> Iterator[tuple[Sha256, int]]:
        before = time.time() - older_than_seconds
        for folder in sorted((self._root / "sha256").iterdir()):
            with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
                for entry in entries:
                    digest = digest_of(f"sha256/{folder.name}/{entry.name}")
                    if digest is None:
                        continue
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat()
                        if not older_than_seconds or status.st_mtime < before:
                            yield digest, status.st_size

    async def append(self, upload: str, chunks: AsyncIterator[bytes], *, offset: int) -> int:
        return await self._spool.append(upload, chunks, offset=offset)

    def appended(self, upload: str) -> int:
        return self._spool.length(upload)

    def pieces(self, upload: str) -> list[tuple[int, int]]:
        length = self._spool.length(upload)
        return [(0, length)] if length else []

    def piece_addresses(
        self, upload: str, offsets: Sequence[int], *, seconds: float
    ) -> list[PieceAddress] | None:
        return None

    def finish(self, upload: str, *, expect_sha256: Sha256 | None = None) -> BlobInfo:
        with self._spool.whole(upload) as (path, hasher):
            info = hasher.finish(expect_sha256=expect_sha256)
            if path is None:
                return self.put_bytes(b"")
            target = self._root / address(info.sha256)
            with store_errors(self._root):
                with contextlib.suppress(FileNotFoundError):
                    os.utime(target)
                    path.unlink()
                    return info
                try:
                    os.utime(path)
                    move_into_place(path, target)
                except FileNotFoundError:
                    raise NotFound(
                        f"The bytes of upload {upload[:64]!r} are gone: given up meanwhile. Begin again."
                    ) from None
            return info

    def discard(self, upload: str) -> None:
        self._spool.discard(upload)

    def uploads(self, *, older_than_seconds: float = 0.0) -> Iterator[str]:
        return self._spool.all(older_than_seconds=older_than_seconds)

    def address(self, sha256: Sha256, *, seconds: float) -> str | None:
        return None

    def close(self) -> None:
        pass

    def _remove_leftovers(self) -> None:
        """What a killed process left in `tmp`. Another process may be at work there, so only old
        files are touched; a blob that was about to be collected goes back to be looked at anew."""
        before = time.time() - _LEFTOVER_SECONDS
        for path in self._tmp.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_ctime > before:
                    continue
                if path.name.startswith("delete-"):
                    target = self._root / address(path.name.split("-")[1])
                    if not target.exists():
                        path.rename(target)
                        continue
                path.unlink()


class _Incoming:
    """A blob on its way in: hashed as it comes, in a temporary file once there is more than a piece.

    A thread may be writing while whoever asked for it is cancelled and discards it: one at a time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"put-{os.getpid()}-{secrets.token_hex(8)}"
        self._folder = folder
        self._file: FileIO | None = None
        self._lock = threading.Lock()
        self._discarded = False
        self.hasher = Hasher()

    @property
    def is_open(self) -> bool:
        return self._file is not None

    def write(self, data: bytes | bytearray, *, hash_it: bool = True) -> None:
        if hash_it:
            self.hasher.update(data)
        with self._lock, store_errors(self._folder):
            if self._discarded:
                return
            if self._file is None:
                self._file = FileIO(self._path, "x")
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]

    def move_to(self, target: Path) -> None:
        """Flush, rename, and flush the folders, so that the blob is there after a loss of power."""
        with self._lock:
            if self._discarded:
                return
            assert self._file is not None
            os.fsync(self._file.fileno())
            self._file.close()
            move_into_place(self._path, target)
            self._file = None

    def discard(self) -> None:
        """Remove the temporary file, if it was not moved."""
        with self._lock:
            self._discarded = True
            if self._file is not None:
                self._file.close()
                self._file = None
                self._path.unlink(missing_ok=True)


class _Chunks(Iterator[bytes]):
    """The rest of an open file in pieces; closes it at the end, or when let go before."""

    def __init__(self, file: FileIO, start: int, end: int | None) -> None:
        self._file = file
        self._left = None if end is None else max(0, end - start)
        file.seek(start)

    def __next__(self) -> bytes:
        wanted = PIECE_BYTES if self._left is None else min(PIECE_BYTES, self._left)
        data = self._file.read(wanted) if wanted and not self._file.closed else b""
        if not data:
            self._file.close()
            raise StopIteration
        if self._left is not None:
            self._left -= len(data)
        return data

    def __del__(self) -> None:
        self._file.close()
