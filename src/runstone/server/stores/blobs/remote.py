"""Blobs in an object store (S3, Google, Azure) through obstore.

The address is the digest, known only when all bytes have come: so they are spooled here first (in
memory, beyond a few MiB in a temporary file), then sent as one object or in parts. An object store
shows an object whole or not at all.

Uploads lie under `uploads/UPLOAD/OFFSET`, an object for each piece, until they are blobs. Clients may put
pieces there by signed address: then what lies there is hashed while it is written to its address, never
before, for whoever holds such an address may put other bytes at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import IO, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore

from runstone.server.domain.errors import Conflict, NotFound, OffsetMismatch, Unavailable
from runstone.server.stores.blobs.contract import BlobInfo, Direct, PieceAddress, Sha256
from runstone.server.stores.blobs.digests import PIECE_BYTES, Hasher, address, check_upload, digest_of
from runstone.server.stores.blobs.signing import Signer, can_sign, said

_MEMORY_BYTES = 8 * 1024 * 1024
_PART_BYTES = 8 * 1024 * 1024
_PARTS_AT_ONCE = 2  # of each object that is being sent; several are at once
_PARTS_MAX = 9_000  # of one object; S3 takes 10,000
_DELETE_AT_ONCE = 1000
# What exists is sent again when it is older than this, so that it counts as young for collection,
# which only takes what is a day old.
_RENEW_AFTER = timedelta(hours=12)


class ObjectBlobs:
    """See `BlobStore`. `store` is already narrowed to its prefix. signing: the same place by the name
    that clients know it by, for addresses."""

    def __init__(
        self,
        store: ObjectStore,
        *,
        where: str,
        direct: Direct = "auto",
        signing: ObjectStore | None = None,
    ) -> None:
        self._store = store
        self._where = where
        found = signing or store
        self._signer = Signer(found, where) if direct != "off" and can_sign(found) else None
        self._direct: Direct = direct

    @property
    def direct(self) -> Direct:
        """ "off" too while no address can be signed with the credentials there are. May ask the store."""
        return self._direct if self._signer is not None and self._signer.works() else "off"

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
                part, at_once = _parts(info.size)
                obstore.put(
                    self._store,
                    path,
                    source,
                    use_multipart=True,
                    chunk_size=part,
                    max_concurrency=at_once,
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
        with self._errors(one=True):
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
                    self._delete(paths)
                    paths = []
            self._delete(paths)

    def _delete(self, paths: list[str]) -> None:
        """Another may delete them meanwhile: Google and Azure then say that they are not there, and stop
        somewhere in the middle."""
        for at in range(0, len(paths), _DELETE_AT_ONCE):
            some = paths[at : at + _DELETE_AT_ONCE]
            try:
                obstore.delete(self._store, some)
            except FileNotFoundError:
                for path in some:
                    with contextlib.suppress(FileNotFoundError):
                        obstore.delete(self._store, path)

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
        # A piece that a client put by address ahead of us: what it holds is not sent twice.
        ahead = min((at for at, _ in self.pieces(name) if at > length), default=None)
        pending = bytearray()
        try:
            async for chunk in chunks:
                pending += chunk
                while len(pending) >= _PART_BYTES or (ahead is not None and length + len(pending) >= ahead):
                    size = _PART_BYTES if ahead is None else min(_PART_BYTES, ahead - length)
                    piece, pending = bytes(pending[:size]), pending[size:]
                    await asyncio.to_thread(self._put_piece, name, length, piece)
                    length += size
                    if length == ahead:
                        pending.clear()
                        return await asyncio.to_thread(self.appended, name)
        finally:
            # Also what came before the client went away.
            if pending:
                self._put_piece(name, length, bytes(pending))
                length += len(pending)
        return length

    def _put_piece(self, upload: str, at: int, data: bytes) -> None:
        with self._errors():
            try:
                obstore.put(self._store, _piece(upload, at), data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                raise Conflict("Another request adds to this upload. Ask where to go on.") from None

    def appended(self, upload: str) -> int:
        return _length(_without_gap(self.pieces(upload)))

    def pieces(self, upload: str) -> list[tuple[int, int]]:
        name = check_upload(upload)
        with self._errors():
            return sorted(
                (int(entry["path"].rsplit("/", 1)[1]), entry["size"])
                for page in obstore.list(self._store, f"uploads/{name}")
                for entry in page
            )

    def piece_addresses(
        self, upload: str, offsets: Sequence[int], *, seconds: float
    ) -> list[PieceAddress] | None:
        name = check_upload(upload)
        if self._signer is None:
            return None
        urls = self._signer.sign("PUT", [_piece(name, at) for at in offsets], seconds=seconds)
        return None if urls is None else [PieceAddress(url, self._signer.put_headers) for url in urls]

    def finish(self, upload: str, *, expect_sha256: Sha256 | None = None) -> BlobInfo:
        name = check_upload(upload)
        came = _without_gap(self.pieces(name))
        sha256 = expect_sha256
        if sha256 is None:  # nobody said it, so it is read for its address first
            hasher = Hasher()
            for data in self._read_pieces(name, came):
                hasher.update(data)
            sha256 = hasher.finish().sha256
        info = self._write(sha256, _length(came), self._read_pieces(name, came))
        self.discard(name)
        return info

    def _write(self, sha256: Sha256, size: int, chunks: Iterator[bytes]) -> BlobInfo:
        """Bytes to their address, hashed on the way there, or only hashed where they lie there already.
        Raises Invalid where they are others than the address says; then nothing is shown there."""
        path, hasher = address(sha256), Hasher()
        part, at_once = _parts(size)
        with self._errors():
            kept = self._head(path)
            if kept is not None and kept[0] == size and _age(kept[1]) < _RENEW_AFTER:
                for data in chunks:
                    hasher.update(data)
                return hasher.finish(expect_sha256=sha256)
            # Left by an error, the writer sends nothing more and puts nothing together.
            with obstore.open_writer(self._store, path, buffer_size=part, max_concurrency=at_once) as writer:
                for data in chunks:
                    hasher.update(data)
                    writer.write(data)
                return hasher.finish(expect_sha256=sha256)

    def _read_pieces(self, upload: str, came: list[tuple[int, int]]) -> Iterator[bytes]:
        for at, size in came:
            yield from self._pieces(_piece(upload, at), 0, size)

    def discard(self, upload: str) -> None:
        name = check_upload(upload)
        with self._errors():
            paths = [entry["path"] for page in obstore.list(self._store, f"uploads/{name}") for entry in page]
            self._delete(paths)

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
        found = None
        if self._signer is not None:
            found = self._signer.sign("GET", [address(sha256)], seconds=seconds)
        return found[0] if found else None

    def close(self) -> None:
        pass

    def _head(self, path: str) -> tuple[int, datetime] | None:
        try:
            entry = obstore.head(self._store, path)
        except FileNotFoundError:
            return None
        return entry["size"], entry["last_modified"]

    @contextlib.contextmanager
    def _errors(self, *, one: bool = False) -> Iterator[None]:
        """one: what is asked for is one object, which may be gone. Else what is not found is the bucket: that
        says nothing of a blob, and clients must not give up for it."""
        try:
            yield
        except FileNotFoundError as error:
            if one:
                raise NotFound(f"A blob is gone from {self._where}, or its bucket does not exist.") from error
            raise Unavailable(
                f"The bucket or container of the blob store {self._where} does not exist. Make it; clients "
                "send again by themselves.",
            ) from error
        except (BaseError, OSError) as error:
            raise Unavailable(
                f"The blob store {self._where} does not answer as it should: {said(error)}. "
                "Clients send again by themselves.",
            ) from error


def _piece(upload: str, at: int) -> str:
    return f"uploads/{upload}/{at:020d}"


def _parts(size: int) -> tuple[int, int]:
    """(bytes of a part, parts at once) to send so much in bounded memory: 24 MiB up to 70 GiB, beyond
    that two 9,000ths of the size."""
    part = max(_PART_BYTES, -(-size // _PARTS_MAX))
    return part, max(1, _PARTS_AT_ONCE * _PART_BYTES // part)


def _without_gap(pieces: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that follow each other from the first byte on. One that begins within another is passed
    over: the same bytes came both ways."""
    whole: list[tuple[int, int]] = []
    end = 0
    for at, size in pieces:
        if at > end:
            break
        if at == end and size:
            whole.append((at, size))
            end += size
    return whole


def _length(whole: list[tuple[int, int]]) -> int:
    return sum(size for _, size in whole)


def _spool(spool: tempfile.SpooledTemporaryFile[bytes], hasher: Hasher, data: bytes | bytearray) -> None:
    hasher.update(data)
    spool.write(data)


def _age(moment: datetime) -> timedelta:
    return datetime.now(timezone.utc) - moment
