"""Statements about who holds what: versions hold parts, parts hold blobs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, func, select

from runstone.server.stores.records.schema.artifacts import artifact_versions, part_blobs, version_parts
from runstone.server.stores.records.schema.blobs import blobs
from runstone.server.stores.records.schema.collections import collections

_AT_ONCE = 500


def parts_of(conn: Connection, version_ids: Sequence[int]) -> Sequence[int]:
    wanted = select(version_parts.c.part_id).where(version_parts.c.version_id.in_(version_ids))
    return conn.execute(wanted.distinct()).scalars().all()


def living_holders(conn: Connection, part_ids: Collection[int]) -> Iterator[tuple[int, int]]:
    """(part, version) of versions that are in no trash, their collections neither."""
    listed = sorted(part_ids)
    for at in range(0, len(listed), _AT_ONCE):
        wanted = (
            select(version_parts.c.part_id, version_parts.c.version_id)
            .join(artifact_versions, artifact_versions.c.id == version_parts.c.version_id)
            .join(collections, collections.c.id == artifact_versions.c.collection_id)
            .where(
                version_parts.c.part_id.in_(listed[at : at + _AT_ONCE]),
                artifact_versions.c.state != "deleted",
                collections.c.deleted_at.is_(None),
            )
        )
        for row in conn.execute(wanted, execution_options={"yield_per": 1000}):
            yield row[0], row[1]


def blobs_of(conn: Connection, part_ids: Sequence[int]) -> Sequence[int]:
    wanted = select(part_blobs.c.blob_id).where(part_blobs.c.part_id.in_(part_ids))
    return conn.execute(wanted.distinct()).scalars().all()


def holders_of_blobs(conn: Connection, blob_ids: Sequence[int]) -> list[tuple[int, int]]:
    """(blob, part)."""
    wanted = select(part_blobs.c.blob_id, part_blobs.c.part_id).where(part_blobs.c.blob_id.in_(blob_ids))
    return [(row[0], row[1]) for row in conn.execute(wanted)]


def size_of(conn: Connection, blob_ids: Sequence[int]) -> int:
    wanted = select(func.coalesce(func.sum(blobs.c.size), 0)).where(blobs.c.id.in_(blob_ids))
    return int(conn.execute(wanted).scalar_one())
