"""One blob that comes in pieces, each acknowledged, over as many connections as it takes.

Pieces come through us, one after another, or from the client straight into the store where it is an
object store: by signed addresses, a piece each, in any order. Which pieces stand is asked of the store,
never of the client. What lies there counts for nothing before `finish` has read it, and stored exactly
what it read under the digest that was announced: until then whoever has an address may change it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.errors import Conflict, Invalid, NotFound, OffsetMismatch, TooLarge
from runstone.server.domain.finishing import Finishing
from runstone.server.domain.identity import Actor, EntityId, Permission
from runstone.server.stores.blobs.contract import BlobStore, Sha256
from runstone.server.stores.blobs.digests import check_sha256
from runstone.server.stores.records import blobs as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

UPLOAD_BYTES_MAX = 5 * 1024**4
UPLOAD_KEPT_SECONDS = 2 * 86_400.0
FINISH_SECONDS = 20.0  # that a request waits for an upload to become a blob
FINISH_AT_ONCE = 4
# Of a direct upload; the size that clients send through us at once too, so that both ways mix.
PIECE_BYTES = 64 << 20
PIECE_SECONDS = 900.0  # that an address of a piece is good for: to begin with it, not to end
PIECES_ADDRESSED_MAX = 100


@dataclass(frozen=True, slots=True)
class Blob:
    sha256: str
    md5: str  # hexadecimal
    size: int
    birth: int = 0  # the artifact version it first came for in this entity, if known
    xxh128: str = ""  # hexadecimal, where the entity has told the bytes by it


@dataclass(frozen=True, slots=True)
class Upload:
    """A blob on its way in pieces."""

    id: str
    size: int | None  # as announced
    offset: int  # how much has come without a gap: where to go on
    direct: bool = False  # pieces may be put into the store
    pieces: tuple[int, ...] = ()  # where those begin that stand, of PIECE_BYTES each but the last


@dataclass(frozen=True, slots=True)
class PieceWanted:
    """Where a piece is to be put, by PUT, with these headers: `size` bytes of the blob from `offset` on."""

    offset: int
    size: int
    url: str
    headers: dict[str, str]


class PieceUploads:
    """All raise NotSignedIn, NotFound, NotAllowed; Unavailable where the store is full or away."""

    def __init__(self, records: Records, blobs: BlobStore, access: Access) -> None:
        self._records = records
        self._blobs = blobs
        self._access = access
        self._finishing: Finishing[Blob] = Finishing(at_once=FINISH_AT_ONCE)

    def begin(
        self, actor: Actor, entity: str, *, size: int | None = None, sha256: str = "", md5: str = ""
    ) -> Upload:
        """An upload that may be cut and gone on with, for two days after its last byte."""
        if sha256:
            check_sha256(sha256)
        if size is not None and not 0 <= size <= UPLOAD_BYTES_MAX:
            raise TooLarge(f"A blob has at most {UPLOAD_BYTES_MAX:,} bytes, met {size:,}.", size=size)
        made = secrets.token_hex(16)

        def work(conn: Connection) -> None:
            owner = self._access.resolve(conn, actor, entity, Permission.WRITE)
            statements.add_upload(
                conn,
                made,
                entity_id=owner.id,
                user_id=actor.user_id,
                size=size,
                sha256=sha256,
                md5=md5.lower(),
                now=time.time(),
            )

        self._records.write(work)
        return Upload(made, size, 0, self._is_direct(size, sha256))

    def status(self, actor: Actor, entity: str, upload_id: str) -> Upload:
        """`offset` is where to go on, `pieces` those that need not be put again. NotFound also for
        another entity's."""
        row = self._upload(actor, entity, upload_id)
        length = self._blobs.appended(row.id)
        if not self._is_direct(row.size, row.sha256):
            return Upload(row.id, row.size, length)
        found = dict(self._blobs.pieces(row.id))

        def stands(at: int) -> bool:
            size: int = min(PIECE_BYTES, row.size - at)
            # Or it came through us, in smaller parts.
            return found.get(at) == size or (found.get(at, 0) < size and at + size <= length)

        pieces = filter(stands, range(0, row.size, PIECE_BYTES))
        return Upload(row.id, row.size, length, True, tuple(pieces))

    def piece_addresses(
        self, actor: Actor, entity: str, upload_id: str, offsets: Sequence[int]
    ) -> list[PieceWanted]:
        """Where pieces of an upload are to be put, for a quarter of an hour, in the order asked for. The
        place is the upload's own; what is put there is looked at by `finish`. Raises Invalid for an
        offset at which no piece begins, Conflict where the upload is not direct."""
        row = self._upload(actor, entity, upload_id)
        if len(offsets) > PIECES_ADDRESSED_MAX:
            raise TooLarge(
                f"At most {PIECES_ADDRESSED_MAX} addresses at once, met {len(offsets)}. Ask for those that "
                "come next.",
                offsets=len(offsets),
            )
        if not self._is_direct(row.size, row.sha256):
            raise Conflict(
                "The bytes of this upload come through the server: it keeps them itself, or is told to "
                "(direct=off), or size and SHA-256 were not announced. Send them by PATCH."
            )
        for at in offsets:
            if at % PIECE_BYTES or not 0 <= at < row.size:
                raise Invalid(
                    f"No piece begins at {at:,}: they begin at multiples of {PIECE_BYTES:,} below "
                    f"{row.size:,}.",
                    offset=at,
                )
        found = self._blobs.piece_addresses(row.id, offsets, seconds=PIECE_SECONDS)
        if found is None:  # which could be told a moment ago
            raise Conflict("The store gives no addresses any more. Send the bytes of this upload by PATCH.")
        self._records.write(lambda conn: statements.touch_upload(conn, row.id, now=time.time()))
        return [
            PieceWanted(at, min(PIECE_BYTES, row.size - at), address.url, address.headers)
            for at, address in zip(offsets, found, strict=True)
        ]

    def _is_direct(self, size: int | None, sha256: str) -> bool:
        # Without a digest announced the bytes would be read twice: for their address, then to it.
        return self._blobs.direct != "off" and bool(size) and bool(sha256)

    async def append(
        self, actor: Actor, entity: str, upload_id: str, chunks: AsyncIterator[bytes], *, offset: int
    ) -> Upload:
        """The next bytes. What came before a connection broke is kept: `status` tells how much.
        Raises OffsetMismatch, which carries where to go on, TooLarge beyond the size announced."""
        row = await asyncio.to_thread(self._upload, actor, entity, upload_id)
        most = UPLOAD_BYTES_MAX if row.size is None else row.size
        length = await self._blobs.append(row.id, _bounded(chunks, most - offset), offset=offset)
        await asyncio.to_thread(
            self._records.write, lambda conn: statements.touch_upload(conn, row.id, now=time.time())
        )
        return Upload(row.id, row.size, length)

    async def finish(
        self, actor: Actor, entity: str, upload_id: str, *, birth: int = 0, seconds: float = FINISH_SECONDS
    ) -> Blob | None:
        """All has come: it is a blob now. None where that takes longer than so many seconds (an object
        store must be sent the whole once more): it goes on, and who asks again is told. Raises
        OffsetMismatch where bytes are missing, Invalid where they are not those announced (the upload
        is then gone)."""
        owner, row = await asyncio.to_thread(self._look, actor, entity, upload_id)
        name = f"{owner}/{upload_id}"  # nobody else hears what came of it
        if row is None and not self._finishing.knows(name):
            raise _no_upload(upload_id)

        def work() -> Blob:
            if row is None:  # somebody else was told in this moment
                raise _no_upload(upload_id)
            return self._finish(row, birth)

        return await self._finishing.ask(name, work, seconds=seconds)

    def _finish(self, row: AnyRow, birth: int) -> Blob:
        length = self._blobs.appended(row.id)
        if row.size is not None and length != row.size:
            raise OffsetMismatch(
                f"Of {row.size:,} bytes {length:,} have come. Go on from there, then finish.",
                next_offset=length,
            )
        try:
            info = self._blobs.finish(row.id, expect_sha256=Sha256(row.sha256) if row.sha256 else None)
            if row.md5 and row.md5 != info.md5:
                raise Invalid(
                    f"The bytes that came have MD5 {info.md5}, not {row.md5} as announced. Send them again.",
                    md5=info.md5,
                    expected=row.md5,
                )
        except Invalid:
            self._drop(row.id)
            raise
        blob = {"sha256": info.sha256, "md5": info.md5, "size": info.size}

        def work(conn: Connection) -> None:
            if not statements.drop_upload(conn, row.id):
                raise _no_upload(row.id)  # given up meanwhile: perhaps without its bytes
            statements.add_blobs(conn, row.entity_id, [blob], birth=birth, now=time.time())

        self._records.write(work)
        return Blob(info.sha256, info.md5, info.size, birth)

    def abort(self, actor: Actor, entity: str, upload_id: str) -> None:
        self._drop(self._upload(actor, entity, upload_id).id)

    def drop_stale(self, *, older_than_seconds: float = UPLOAD_KEPT_SECONDS) -> int:
        """Uploads nobody went on with; called by a job. Returns how many."""
        before = time.time() - older_than_seconds
        with self._records.read() as conn:
            stale = statements.stale_uploads(conn, before=before, limit=1000)
        for upload_id in stale:
            self._drop(upload_id)
        gone = len(stale)
        # What a crash left of one whose row is gone.
        for upload_id in list(self._blobs.uploads(older_than_seconds=older_than_seconds)):
            with self._records.read() as conn:
                known = statements.upload(conn, upload_id) is not None
            if not known:
                self._blobs.discard(upload_id)
                gone += 1
        return gone

    def _drop(self, upload_id: str) -> None:
        # The row first: who finishes it now finds that it is gone, and takes no half for the whole.
        self._records.write(lambda conn: statements.drop_upload(conn, upload_id))
        self._blobs.discard(upload_id)

    def _look(self, actor: Actor, entity: str, upload_id: str) -> tuple[EntityId, AnyRow | None]:
        """The entity, checked, and its upload of that id, if there is one."""
        with self._records.read() as conn:
            owner = EntityId(self._access.resolve(conn, actor, entity, Permission.WRITE).id)
            row = statements.upload(conn, upload_id)
        return owner, row if row is not None and row.entity_id == owner else None

    def _upload(self, actor: Actor, entity: str, upload_id: str) -> AnyRow:
        _, row = self._look(actor, entity, upload_id)
        if row is None:
            raise _no_upload(upload_id)
        return row


def _no_upload(upload_id: str) -> NotFound:
    return NotFound(
        f"There is no upload {upload_id[:64]!r}: it was finished, given up, or never begun.",
        upload=upload_id[:64],
    )


async def _bounded(chunks: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        most -= len(chunk)
        if most < 0:
            raise TooLarge("More bytes came than were announced. Begin again with the right size.")
        yield chunk
