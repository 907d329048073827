"""Bytes on their way into artifacts: which are missing, many small ones at once, one of any size.

A blob is addressed by its SHA-256 and stored once for everybody; but an entity may refer to one only
after it has sent the bytes itself. Who knows a digest only learns nothing and gets nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from typing import Protocol

import xxhash
from sqlalchemy import Connection

from runstone.server.domain import many_blobs
from runstone.server.domain.errors import Invalid, MissingFile, NotFound, TooLarge
from runstone.server.domain.identity import Actor, EntityId, Permission
from runstone.server.domain.piece_uploads import (
    UPLOAD_BYTES_MAX,
    UPLOAD_KEPT_SECONDS,
    Blob,
    PieceUploads,
    Upload,
)
from runstone.server.stores.blobs.contract import Sha256
from runstone.server.stores.blobs.digests import check_sha256
from runstone.server.stores.records import blobs as statements
from runstone.server.stores.records.rows import AnyRow

__all__ = ["UPLOAD_BYTES_MAX", "UPLOAD_KEPT_SECONDS", "Blob", "Upload", "Uploads"]

PACKED_BYTES_MAX = 1024 * 1024  # larger ones are objects of their own
PACK_BYTES_MAX = 32 * 1024 * 1024
PACK_BLOBS_MAX = 20_000
DIGESTS_MAX = 20_000
ADDRESS_SECONDS = 900.0  # to begin with fetching by it, not to end
DIRECT_BYTES_MIN = 1024 * 1024  # a smaller blob is sent sooner than its address is asked for and used
# What was asked for and found counts as just put, at this coarseness.
TOUCH_SECONDS = 3600.0


class Uploads(PieceUploads):
    """All raise NotSignedIn, NotFound, NotAllowed; Unavailable where the store is full or away."""

    def find(
        self, actor: Actor, entity: str, *, sha256: Iterable[str] = (), md5: Iterable[str] = ()
    ) -> dict[str, Blob]:
        """Of these digests those whose bytes the entity has sent, by the digest asked for: they need
        not be sent again, and stay for a day. At most 20,000."""
        by_sha256, by_md5 = list(sha256), [text.lower() for text in md5]
        if len(by_sha256) + len(by_md5) > DIGESTS_MAX:
            raise TooLarge(f"At most {DIGESTS_MAX:,} digests at once.", digests=len(by_sha256) + len(by_md5))
        for text in by_sha256:
            check_sha256(text)
        with self._records.read() as conn:
            owner = self._access.resolve(conn, actor, entity, Permission.WRITE)
            rows = statements.owned_by_sha256(conn, owner.id, by_sha256)
            found = {row.sha256: _blob(row) for row in rows}
            same_md5 = statements.owned_by_md5(conn, owner.id, by_md5)
            found.update({row.asked_md5: _blob(row) for row in same_md5})
        ids = [row.id for row in (*rows, *same_md5)]
        if ids:
            now = time.time()
            self._records.write(
                lambda conn: statements.touch_blobs(conn, ids, now=now, older_than=now - TOUCH_SECONDS)
            )
        return found

    async def put(
        self,
        actor: Actor,
        entity: str,
        chunks: AsyncIterator[bytes],
        *,
        sha256: str = "",
        md5: str = "",
        xxh128: str = "",
        birth: int = 0,
    ) -> Blob:
        """Keep one blob of any size, in bounded memory. Invalid where a digest given is not that of
        the bytes; then nothing is kept. By `xxh128` it can be told from then on."""
        expected = check_sha256(sha256) if sha256 else None
        owner = await asyncio.to_thread(self._owner, actor, entity)
        if md5:
            hasher = hashlib.md5(usedforsecurity=False)
            chunks = _checked(chunks, hasher, md5.lower(), "MD5")
        if xxh128:
            chunks = _checked(chunks, xxhash.xxh128(), xxh128, "XXH128")
        info = await self._blobs.put(chunks, expect_sha256=expected)
        blob = {"sha256": info.sha256, "md5": info.md5, "size": info.size, "xxh128": xxh128}
        await asyncio.to_thread(
            self._records.write,
            lambda conn: statements.add_blobs(conn, owner, [blob], birth=birth, now=time.time()),
        )
        return Blob(info.sha256, info.md5, info.size, birth, xxh128)

    def find_md5(self, actor: Actor, entity: str, md5: str) -> Blob:
        """A blob the entity has sent, for whoever may read there. Raises NotFound."""
        with self._records.read() as conn:
            owner = self._access.resolve(conn, actor, entity, Permission.READ)
            rows = statements.owned_by_md5(conn, owner.id, [md5.lower()])
        if not rows:
            raise NotFound(f"{entity} has no blob with the MD5 {md5[:64]!r}.", md5=md5[:64])
        return _blob(rows[0])

    def join(
        self,
        actor: Actor,
        entity: str,
        parts: Sequence[str],
        *,
        md5: str,
        xxh128: str = "",
        birth: int = 0,
    ) -> Blob:
        """One blob of parts that were put as blobs of their own, in this order, each named by its MD5.
        Nothing is done where the entity has the whole already. Blocks. Raises MissingFile for a part
        that has not come, Invalid where the parts do not make up the digests."""
        found = self.find(actor, entity, md5=[md5, *parts][:DIGESTS_MAX])
        if md5 in found and found[md5].xxh128 == (xxh128 or found[md5].xxh128):
            return found[md5]
        missing = [part for part in parts if part not in found]
        if missing:
            raise MissingFile(
                f"{len(missing)} of {len(parts)} parts have not come, the first with MD5 "
                f"{missing[0][:64]!r}. Put them, then join again.",
                digests=missing[:20],
            )

        async def chunks() -> AsyncIterator[bytes]:
            for part in parts:
                for piece in self.read(found[part].sha256):
                    yield piece

        return asyncio.run(self.put(actor, entity, chunks(), md5=md5, xxh128=xxh128, birth=birth))

    # -- many small blobs, and reading

    def put_many(self, actor: Actor, entity: str, datas: Sequence[bytes], *, birth: int = 0) -> list[Blob]:
        """Keep many small blobs as one object of the store; answers in their order. Those that are
        known already are not stored again. Blocks."""
        if len(datas) > PACK_BLOBS_MAX or sum(map(len, datas)) > PACK_BYTES_MAX:
            raise TooLarge(
                f"At most {PACK_BLOBS_MAX:,} blobs and {PACK_BYTES_MAX:,} bytes at once. Send fewer.",
                blobs=len(datas),
            )
        owner = self._owner(actor, entity)
        made = [
            Blob(
                hashlib.sha256(data).hexdigest(),
                hashlib.md5(data, usedforsecurity=False).hexdigest(),
                len(data),
                birth,
            )
            for data in datas
        ]
        with self._records.read() as conn:
            rows = statements.blobs_by_sha256(conn, (blob.sha256 for blob in made))
        known: set[str] | None = {row.sha256 for row in rows}
        while known is not None:
            # What was known may have been collected meanwhile: then it is stored after all.
            known = self._put_packed(owner, made, datas, known, birth)
        return made

    def _put_packed(
        self,
        owner: EntityId,
        made: Sequence[Blob],
        datas: Sequence[bytes],
        known: set[str],
        birth: int,
    ) -> set[str] | None:
        """Keep those that are not known. None when done; else those that are known still."""
        kept: dict[str, dict[str, object]] = {}
        packed: list[bytes] = []
        offset = 0
        for blob, data in zip(made, datas, strict=True):
            if blob.sha256 in kept:
                continue
            kept[blob.sha256] = {"sha256": blob.sha256, "md5": blob.md5, "size": blob.size}
            if blob.sha256 in known:
                continue
            if blob.size > PACKED_BYTES_MAX:
                self._blobs.put_bytes(data)
                continue
            kept[blob.sha256]["pack_offset"] = offset
            packed.append(data)
            offset += blob.size
        pack = self._blobs.put_bytes(b"".join(packed)) if packed else None
        now = time.time()

        def work(conn: Connection) -> set[str] | None:
            still = statements.touch_known(conn, known, now=now)
            if still != known:
                return still
            if pack is not None:
                number = statements.add_pack(conn, sha256=pack.sha256, size=pack.size, now=now)
                for blob in kept.values():
                    if "pack_offset" in blob:
                        blob["pack_id"] = number
            statements.add_blobs(conn, owner, list(kept.values()), birth=birth, now=now)
            return None

        return self._records.write(work)

    def read(self, sha256: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Chunks of a blob's half-open range, for callers that have checked who asks. Raises NotFound
        before the first."""
        with self._records.read() as conn:
            rows = statements.blobs_by_sha256(conn, [sha256])
        if not rows:
            raise NotFound(f"The blob {sha256} is not in the store.", sha256=sha256)
        row = rows[0]
        end = row.size if end is None else min(end, row.size)
        if row.pack is None:
            return self._blobs.read(Sha256(sha256), start=start, end=end)
        return self._blobs.read(
            Sha256(row.pack), start=row.pack_offset + min(start, end), end=row.pack_offset + end
        )

    def read_many(self, digests: Sequence[str]) -> Iterator[tuple[int, bytes]]:
        """(place in `digests`, bytes) of small blobs, in the order in which they lie in the store, for
        callers that have checked who asks. Raises NotFound, for one that is not known before the first."""
        with self._records.read() as conn:
            rows = {row.sha256: row for row in statements.blobs_by_sha256(conn, digests)}
        wanted: list[many_blobs.Wanted] = []
        for index, sha256 in enumerate(digests):
            row = rows.get(sha256)
            if row is None:
                raise NotFound(f"The blob {sha256} is not in the store.", sha256=sha256)
            stored, start = (sha256, 0) if row.pack is None else (row.pack, row.pack_offset)
            wanted.append(many_blobs.Wanted(index, stored, start, row.size))
        return many_blobs.read(self._blobs, wanted)

    def address(self, sha256: str, *, seconds: float = ADDRESS_SECONDS, fallback: bool = True) -> str | None:
        """Where a blob can be fetched without us, for callers that have checked who asks; None where
        the store gives no addresses, or the blob is small. fallback: whoever is to fetch comes back to
        us where they do not reach the store; who does not gets an address only where all reach it."""
        if self._blobs.direct == "off" or not (fallback or self._blobs.direct == "on"):
            return None
        with self._records.read() as conn:
            rows = statements.blobs_by_sha256(conn, [sha256])
        if not rows or rows[0].pack is not None or rows[0].size < DIRECT_BYTES_MIN:
            return None
        return self._blobs.address(Sha256(sha256), seconds=seconds)

    def referred(self, digests: Collection[Sha256]) -> set[Sha256]:
        """Those of these objects of the store that are blobs or packs of artifacts."""
        with self._records.read() as conn:
            return {Sha256(digest) for digest in statements.stored_objects(conn, digests)}

    def _owner(self, actor: Actor, entity: str) -> EntityId:
        with self._records.read() as conn:
            return EntityId(self._access.resolve(conn, actor, entity, Permission.WRITE).id)


class _Hasher(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


async def _checked(
    chunks: AsyncIterator[bytes], hasher: _Hasher, expected: str, kind: str
) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        hasher.update(chunk)
        yield chunk
    met = hasher.hexdigest()
    if met != expected:
        raise Invalid(
            f"The bytes that came have {kind} {met}, not {expected}. They were changed or cut on the way; "
            "send them again.",
            **{kind.lower(): met},
            expected=expected,
        )


def _blob(row: AnyRow) -> Blob:
    return Blob(row.sha256, row.md5, row.size, row.birth, row.xxh128 or "")
