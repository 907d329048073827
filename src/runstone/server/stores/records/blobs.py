"""Statements about blobs that artifacts refer to, their packs, and uploads under way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, delete, insert, select, update

from runstone.server.stores.records.rows import AnyRow, upsert
from runstone.server.stores.records.schema.blobs import blob_owners, blobs, packs, uploads

T = TypeVar("T")
_AT_ONCE = 500  # digests in one statement: below the limits of every SQLite

_blob = select(
    blobs.c.id,
    blobs.c.sha256,
    blobs.c.md5,
    blobs.c.size,
    blobs.c.pack_offset,
    packs.c.sha256.label("pack"),
).outerjoin(packs, packs.c.id == blobs.c.pack_id)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    listed = list(items)
    for at in range(0, len(listed), _AT_ONCE):
        yield listed[at : at + _AT_ONCE]


def _of_entity(entity_id: int) -> Select[Any]:
    return _blob.add_columns(
        blob_owners.c.birth, blob_owners.c.md5.label("asked_md5"), blob_owners.c.xxh128
    ).join(blob_owners, (blob_owners.c.blob_id == blobs.c.id) & (blob_owners.c.entity_id == entity_id))


def owned_by_sha256(conn: Connection, entity_id: int, digests: Iterable[str]) -> list[AnyRow]:
    """Those of the digests whose bytes the entity has sent."""
    found: list[AnyRow] = []
    for some in _batches(sorted(set(digests))):
        found += conn.execute(_of_entity(entity_id).where(blobs.c.sha256.in_(some)))
    return found


def owned_by_md5(conn: Connection, entity_id: int, digests: Iterable[str]) -> list[AnyRow]:
    found: list[AnyRow] = []
    for some in _batches(sorted(set(digests))):
        found += conn.execute(
            _of_entity(entity_id).where(blob_owners.c.md5.in_(some)).order_by(blobs.c.id.desc())
        )
    return found


def owned_by_xxh128(conn: Connection, entity_id: int, digests: Iterable[str]) -> list[AnyRow]:
    """More than one of a digest where somebody has made bytes that share it."""
    found: list[AnyRow] = []
    for some in _batches(sorted(set(digests))):
        found += conn.execute(_of_entity(entity_id).where(blob_owners.c.xxh128.in_(some)))
    return found


def blobs_by_sha256(conn: Connection, digests: Iterable[str]) -> list[AnyRow]:
    """Whoever sent them."""
    found: list[AnyRow] = []
    for some in _batches(sorted(set(digests))):
        found += conn.execute(_blob.where(blobs.c.sha256.in_(some)))
    return found


def blobs_by_id(conn: Connection, ids: Iterable[int]) -> list[AnyRow]:
    found: list[AnyRow] = []
    for some in _batches(sorted(set(ids))):
        found += conn.execute(_blob.where(blobs.c.id.in_(some)))
    return found


def hold_blobs(conn: Connection, ids: Iterable[int]) -> dict[int, str]:
    """SHA-256 by number of those that are there; they stay until the transaction ends."""
    found: dict[int, str] = {}
    for some in _batches(sorted(set(ids))):
        statement = select(blobs.c.id, blobs.c.sha256).where(blobs.c.id.in_(some))
        for number, sha256 in conn.execute(statement.with_for_update(read=True, key_share=True)):
            found[number] = sha256
    return found


def stored_objects(conn: Connection, digests: Iterable[str]) -> set[str]:
    """Those of the digests under which a blob or a pack lies in the blob store."""
    found: set[str] = set()
    for some in _batches(sorted(set(digests))):
        alone = select(blobs.c.sha256).where(blobs.c.sha256.in_(some), blobs.c.pack_id.is_(None))
        found |= set(conn.execute(alone).scalars())
        found |= set(conn.execute(select(packs.c.sha256).where(packs.c.sha256.in_(some))).scalars())
    return found


def add_pack(conn: Connection, *, sha256: str, size: int, now: float) -> int:
    """The pack's number; the same bytes are the same pack."""
    statement = upsert(conn, packs).values(sha256=sha256, size=size, made_at=now)
    statement = statement.on_conflict_do_update(index_elements=[packs.c.sha256], set_={"made_at": now})
    made: int = conn.execute(statement.returning(packs.c.id)).scalar_one()
    return made


def add_blobs(
    conn: Connection, entity_id: int, kept: Sequence[dict[str, Any]], *, birth: int, now: float
) -> None:
    """Blobs that `entity_id` has sent: {sha256, md5, size, pack_id?, pack_offset?, xxh128?}. One that is
    known already stays where it lies, and counts as young."""
    if not kept:
        return
    columns = ("sha256", "md5", "size", "pack_id", "pack_offset")
    wanted = [{**{name: blob.get(name) for name in columns}, "put_at": now} for blob in kept]
    statement = upsert(conn, blobs)
    conn.execute(
        statement.on_conflict_do_update(index_elements=[blobs.c.sha256], set_={"put_at": now}), wanted
    )
    ids: dict[str, int] = {}
    for some in _batches(sorted({blob["sha256"] for blob in kept})):
        for row in conn.execute(select(blobs.c.id, blobs.c.sha256).where(blobs.c.sha256.in_(some))):
            ids[row.sha256] = row.id
    own(conn, entity_id, [(ids[blob["sha256"]], blob["md5"]) for blob in kept], birth=birth, now=now)
    for blob in kept:
        if blob.get("xxh128"):
            conn.execute(
                update(blob_owners)
                .where(blob_owners.c.entity_id == entity_id, blob_owners.c.blob_id == ids[blob["sha256"]])
                .values(xxh128=blob["xxh128"])
            )


def own(
    conn: Connection, entity_id: int, sent: Collection[tuple[int, str]], *, birth: int, now: float
) -> None:
    """The entity has shown the bytes of these blobs: (number, md5)."""
    if not sent:
        return
    conn.execute(
        upsert(conn, blob_owners).on_conflict_do_update(
            index_elements=[blob_owners.c.entity_id, blob_owners.c.blob_id], set_={"at": now}
        ),
        [
            {"entity_id": entity_id, "blob_id": blob_id, "md5": md5, "birth": birth, "at": now}
            for blob_id, md5 in dict(sent).items()
        ],
    )


def touch_known(conn: Connection, digests: Iterable[str], *, now: float) -> set[str]:
    """Those of the digests that are there, which count as just put and stay for this transaction."""
    found: set[str] = set()
    for some in _batches(sorted(set(digests))):
        statement = update(blobs).where(blobs.c.sha256.in_(some)).values(put_at=now)
        found |= set(conn.execute(statement.returning(blobs.c.sha256)).scalars())
    return found


def touch_blobs(conn: Connection, ids: Iterable[int], *, now: float, older_than: float) -> None:
    """They were asked for: keep them from collection for a while."""
    for some in _batches(sorted(set(ids))):
        conn.execute(
            update(blobs).where(blobs.c.id.in_(some), blobs.c.put_at < older_than).values(put_at=now)
        )


# -- uploads


def upload(conn: Connection, upload_id: str) -> AnyRow | None:
    return conn.execute(select(uploads).where(uploads.c.id == upload_id)).first()


def add_upload(conn: Connection, upload_id: str, *, now: float, **values: Any) -> None:
    conn.execute(insert(uploads).values(id=upload_id, made_at=now, touched_at=now, **values))


def touch_upload(conn: Connection, upload_id: str, *, now: float) -> bool:
    done = conn.execute(update(uploads).where(uploads.c.id == upload_id).values(touched_at=now))
    return bool(done.rowcount)


def drop_upload(conn: Connection, upload_id: str) -> bool:
    return bool(conn.execute(delete(uploads).where(uploads.c.id == upload_id)).rowcount)


def stale_uploads(conn: Connection, *, before: float, limit: int) -> list[str]:
    statement = select(uploads.c.id).where(uploads.c.touched_at < before)
    return list(conn.execute(statement.order_by(uploads.c.touched_at).limit(limit)).scalars())
