"""Blobs in an object store (S3, Google, Azure) through obstore.

The address is the digest, known only when all bytes have come: so they are spooled here first (in
memory, beyond a few MiB in a temporary file), then sent as one object or in parts. An object store
shows an object whole or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import IO, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from runstone.server.domain.errors import Conflict, NotFound, OffsetMismatch, Unavailable
from runstone.server.stores.blobs.contract import BlobInfo, Sha256
from runstone.server.stores.blobs.digests import PIECE_BYTES, Hasher, address, check_upload, digest_of
from runstone.server.stores.blobs.spool import Hashers

_MEMORY_BYTES = 8 * 1024 * 1024
_PART_BYTES = 8 * 1024 * 1024
_PARTS_AT_ONCE = 4
_DELETE_AT_ONCE = 1000
# What exists is sent again when it is older than this, so that it counts as young for collection,
# which only takes what is a day old.
_RENEW_AFTER = timedelta(hours=12)


class ObjectBlobs:
    """See `BlobStore`. `store` is already narrowed to its prefix."""

    def __init__(self, store: ObjectStore, *, where: str) -> None:
        self._store = store
        self._where = where
        self._hashers = Hashers()

    async def put(self, chunks: AsyncIterator[bytes], *, expect_sha256: Sha256 | None = None) -> BlobInfo:
        hasher = Hasher()
        with tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as spool:
            pending = bytearray()
            async for chunk in chunks:
                pending += chunk
                if len(pending) >= PIECE_BYTES:
                    piece, pending = pending, bytearray()
                    await asyncio.to_thread(_spool, spool, hasher, piece)
            await asyncio.to_thread(_spool, spool, hasher, pending)
            info = hasher.finish(expect_sha256=expect_sha256)
            await asyncio.to_thread(self._send, info, cast("IO[bytes]", spool))
        return info

    def put_bytes(self, data: bytes) -> BlobInfo:
        hasher = Hasher()
        hasher.update(data)
        info = hasher.finish()
        self._send(info, data)
        return info

    def _send(self, info: BlobInfo, source: IO[bytes] | bytes) -> None:
        path = address(info.sha256)
        with self._errors():
            kept = self._head(path)
            if kept is not None and kept[0] == info.size and _age(kept[1]) < _RENEW_AFTER:
                return
            if not isinstance(source, bytes):
                source.seek(0)
            if info.size > _PART_BYTES and not isinstance(source, bytes):
                obstore.put(
                    self._store,
                    path,
                    source,
                    use_multipart=True,
                    chunk_size=_PART_BYTES,
                    max_concurrency=_PARTS_AT_ONCE,
                )
                return
            data = source if isinstance(source, bytes) else source.read()
            # Two senders of the same bytes may meet here; whoever is first has done the work.
            with contextlib.suppress(AlreadyExistsError):
                obstore.put(
                    self._store, path, data, mode="overwrite" if kept else "create", use_multipart=False
                )

    def info(self, sha256: Sha256) -> int | None:
        with self._errors():
            kept = self._head(address(sha256))
        return None if kept is None else kept[0]

    def read(self, sha256: Sha256, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        size = self.info(sha256)
        if size is None:
            raise NotFound(f"The blob {sha256} is not in the store.", sha256=sha256)
        return self._pieces(address(sha256), start, size if end is None else min(end, size))

    def _pieces(self, path: str, start: int, end: int) -> Iterator[bytes]:
        if start >= end:
            return
        with self._errors():
            answer = obstore.get(self._store, path, options={"range": (start, end)})
            for data in answer.stream(min_chunk_size=PIECE_BYTES):
                view = memoryview(data)
                for at in range(0, len(view), PIECE_BYTES):
                    yield bytes(view[at : at + PIECE_BYTES])

    def delete(self, digests: Iterable[Sha256], *, older_than_seconds: float = 0.0) -> None:
        paths: list[str] = []
        with self._errors():
            for sha256 in digests:
                path = address(sha256)
                kept = self._head(path)
                if kept is not None and (
                    not older_than_seconds or _age(kept[1]).total_seconds() > older_than_seconds
                ):
                    paths.append(path)
                if len(paths) >= _DELETE_AT_ONCE:
                    obstore.delete(self._store, paths)
                    paths = []
            if paths:
                obstore.delete(self._store, paths)

    def all(self, *, older_than_seconds: float = 0.0) -> Iterator[tuple[Sha256, int]]:
        with self._errors():
            for page in obstore.list(self._store, "sha256"):
                for entry in page:
                    digest = digest_of(entry["path"])
                    if digest is None:
                        continue
                    if (
                        older_than_seconds
                        and _age(entry["last_modified"]).total_seconds() < older_than_seconds
                    ):
                        continue
                    yield digest, entry["size"]

    # -- uploads under way: an object for each piece, named by where it begins

    async def append(self, upload: str, chunks: AsyncIterator[bytes], *, offset: int) -> int:
        name = check_upload(upload)
        length = await asyncio.to_thread(self.appended, name)
        if offset != length:
            raise OffsetMismatch(
                f"Of this upload {length:,} bytes have come; go on from there, not from {offset:,}.",
                next_offset=length,
            )
        hasher = self._hashers.take(name, length)
        pending = bytearray()
        try:
            async for chunk in chunks:
                pending += chunk
                while len(pending) >= _PART_BYTES:
                    piece, pending = bytes(pending[:_PART_BYTES]), pending[_PART_BYTES:]
                    await asyncio.to_thread(self._put_piece, name, length, piece, hasher)
                    length += len(piece)
        finally:
            # Also what came before the client went away.
            if pending:
                self._put_piece(name, length, bytes(pending), hasher)
                length += len(pending)
            if hasher is not None:
                self._hashers.keep(name, hasher)
        return length

    def _put_piece(self, upload: str, at: int, data: bytes, hasher: Hasher | None) -> None:
        with self._errors():
            try:
                obstore.put(self._store, _piece(upload, at), data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                raise Conflict("Another request adds to this upload. Ask where to go on.") from None
        if hasher is not None:
            hasher.update(data)

    def appended(self, upload: str) -> int:
        return sum(size for _, size in self._came(check_upload(upload)))

    def _came(self, upload: str) -> list[tuple[int, int]]:
        """(where it begins, size) of the pieces that follow each other without a gap."""
        with self._errors():
            found = sorted(
                (int(entry["path"].rsplit("/", 1)[1]), entry["size"])
                for page in obstore.list(self._store, f"uploads/{upload}")
                for entry in page
            )
        whole: list[tuple[int, int]] = []
        end = 0
        for at, size in found:
            if at != end:
                break
            whole.append((at, size))
            end += size
        return whole

    def finish(self, upload: str, *, expect_sha256: Sha256 | None = None) -> BlobInfo:
        name = check_upload(upload)
        came = self._came(name)
        length = sum(size for _, size in came)
        hasher = self._hashers.take(name, length)
        if hasher is None:
            hasher = Hasher()
            for data in self._read_pieces(name, came):
                hasher.update(data)
        info = hasher.finish(expect_sha256=expect_sha256)
        if not came:
            return self.put_bytes(b"")
        path = address(info.sha256)
        with self._errors():
            kept = self._head(path)
            if kept is None or kept[0] != info.size or _age(kept[1]) >= _RENEW_AFTER:
                writer = obstore.open_writer(
                    self._store, path, buffer_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
                )
                for data in self._read_pieces(name, came):
                    writer.write(data)
                writer.close()  # not before all went in: one that is not closed leaves no object
        self.discard(name)
        return info

    def _read_pieces(self, upload: str, came: list[tuple[int, int]]) -> Iterator[bytes]:
        for at, size in came:
            yield from self._pieces(_piece(upload, at), 0, size)

    def discard(self, upload: str) -> None:
        name = check_upload(upload)
        self._hashers.take(name, 0)
        with self._errors():
            paths = [entry["path"] for page in obstore.list(self._store, f"uploads/{name}") for entry in page]
            for at in range(0, len(paths), _DELETE_AT_ONCE):
                obstore.delete(self._store, paths[at : at + _DELETE_AT_ONCE])

    def uploads(self, *, older_than_seconds: float = 0.0) -> Iterator[str]:
        latest: dict[str, datetime] = {}
        with self._errors():
            for page in obstore.list(self._store, "uploads"):
                for entry in page:
                    name = entry["path"].rsplit("/", 2)[-2]
                    latest[name] = max(latest.get(name, entry["last_modified"]), entry["last_modified"])
        for name, moment in latest.items():
            if not older_than_seconds or _age(moment).total_seconds() > older_than_seconds:
                yield name

    def address(self, sha256: Sha256, *, seconds: float) -> str | None:
        if not isinstance(self._store, S3Store | GCSStore | AzureStore):
            return None
        with self._errors():
            return obstore.sign(self._store, "GET", address(sha256), timedelta(seconds=seconds))

    def close(self) -> None:
        pass

    def _head(self, path: str) -> tuple[int, datetime] | None:
        try:
            entry = obstore.head(self._store, path)
        except FileNotFoundError:
            return None
        return entry["size"], entry["last_modified"]

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(f"A blob is gone from {self._where}, or its bucket does not exist.") from error
        except (BaseError, OSError) as error:
            raise Unavailable(
                f"The blob store {self._where} does not answer as it should: {error}. "
                "Clients send again by themselves.",
            ) from error


def _piece(upload: str, at: int) -> str:
    return f"uploads/{upload}/{at:020d}"


def _spool(spool: tempfile.SpooledTemporaryFile[bytes], hasher: Hasher, data: bytes | bytearray) -> None:
    hasher.update(data)
    spool.write(data)


def _age(moment: datetime) -> timedelta:
    return datetime.now(timezone.utc) - moment
