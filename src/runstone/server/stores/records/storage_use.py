"""Statements about what artifacts take up, and what may go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, or_, select, update

from runstone.server.stores.records.blobs import add_pack
from runstone.server.stores.records.rows import AnyRow, locked
from runstone.server.stores.records.schema.artifacts import (
    artifact_versions,
    manifest_parts,
    part_blobs,
    version_parts,
)
from runstone.server.stores.records.schema.blobs import blobs, packs
from runstone.server.stores.records.schema.collections import artifact_types, collections
from runstone.server.stores.records.schema.registry import deployments, predictions

# -- use


def versions_use(conn: Connection, project_id: int, *, state: str) -> tuple[int, int]:
    """(versions, bytes with each version counted in full)."""
    row = conn.execute(
        select(func.count(), func.coalesce(func.sum(artifact_versions.c.size), 0))
        .select_from(artifact_versions)
        .join(collections, collections.c.id == artifact_versions.c.collection_id)
        .where(collections.c.project_id == project_id, artifact_versions.c.state == state)
    ).one()
    return int(row[0]), int(row[1])


def stored(conn: Connection, project_id: int, *, states: Collection[str]) -> tuple[int, int]:
    """(blobs, bytes) that versions of the project hold, each blob once."""
    parts = (
        select(version_parts.c.part_id)
        .join(artifact_versions, artifact_versions.c.id == version_parts.c.version_id)
        .join(collections, collections.c.id == artifact_versions.c.collection_id)
        .where(collections.c.project_id == project_id, artifact_versions.c.state.in_(list(states)))
    )
    held = select(part_blobs.c.blob_id).where(part_blobs.c.part_id.in_(parts))
    row = conn.execute(
        select(func.count(), func.coalesce(func.sum(blobs.c.size), 0)).where(blobs.c.id.in_(held))
    ).one()
    return int(row[0]), int(row[1])


def collections_use(conn: Connection, project_id: int, *, limit: int = 1000) -> Sequence[AnyRow]:
    """{name, type, versions, bytes}, the largest first."""
    size = func.coalesce(func.sum(artifact_versions.c.size), 0).label("bytes")
    return conn.execute(
        select(
            collections.c.name,
            artifact_types.c.name.label("type"),
            func.count(artifact_versions.c.id).label("versions"),
            size,
        )
        .select_from(collections)
        .join(artifact_types, artifact_types.c.id == collections.c.type_id)
        .join(
            artifact_versions,
            and_(
                artifact_versions.c.collection_id == collections.c.id,
                artifact_versions.c.state == "committed",
            ),
        )
        .where(collections.c.project_id == project_id, collections.c.deleted_at.is_(None))
        .group_by(collections.c.id, collections.c.name, artifact_types.c.name)
        .order_by(size.desc(), collections.c.name)
        .limit(limit)
    ).all()


# -- what may go


def _purged(deleted_before: float) -> Any:
    """Versions whose time in the trash is over; what is or was deployed stays, for the record."""
    in_trash = or_(
        and_(artifact_versions.c.deleted_at.is_not(None), artifact_versions.c.deleted_at <= deleted_before),
        artifact_versions.c.collection_id.in_(
            select(collections.c.id).where(
                collections.c.deleted_at.is_not(None), collections.c.deleted_at <= deleted_before
            )
        ),
    )
    deployed = select(1).where(deployments.c.version_id == artifact_versions.c.id).exists()
    predicted = select(1).where(predictions.c.version_id == artifact_versions.c.id).exists()
    return and_(in_trash, ~deployed, ~predicted)


def purge_versions(conn: Connection, *, deleted_before: float, pending_before: float, limit: int) -> int:
    """Versions in the trash for that long, and pending ones that nobody went on with."""
    given_up = and_(artifact_versions.c.state == "pending", artifact_versions.c.updated_at <= pending_before)
    gone = or_(_purged(deleted_before), given_up)
    ids = list(conn.execute(select(artifact_versions.c.id).where(gone).limit(limit)).scalars())
    if not ids:
        return 0
    # Asked once more: one that was committed or restored since stays.
    return conn.execute(delete(artifact_versions).where(artifact_versions.c.id.in_(ids), gone)).rowcount


def count_purged(conn: Connection, *, deleted_before: float) -> int:
    return int(
        conn.execute(
            select(func.count()).select_from(artifact_versions).where(_purged(deleted_before))
        ).scalar_one()
    )


def purge_collections(conn: Connection, *, deleted_before: float) -> int:
    """Those in the trash for that long that hold no version any more."""
    held = select(1).where(artifact_versions.c.collection_id == collections.c.id).exists()
    return conn.execute(
        delete(collections).where(
            collections.c.deleted_at.is_not(None), collections.c.deleted_at <= deleted_before, ~held
        )
    ).rowcount


def drop_parts(conn: Connection, *, before: float, limit: int) -> int:
    """Parts that no version has and that were not made lately."""
    held = select(1).where(version_parts.c.part_id == manifest_parts.c.id).exists()
    some = select(manifest_parts.c.id).where(manifest_parts.c.put_at <= before, ~held).limit(limit)
    ids = list(conn.execute(locked(some)).scalars())
    if not ids:
        return 0
    # Asked once more, now that nobody can refer to them any more: who did so while we waited for the
    # lock was not seen by the first question.
    return conn.execute(delete(manifest_parts).where(manifest_parts.c.id.in_(ids), ~held)).rowcount


def drop_blobs(conn: Connection, *, before: float, limit: int) -> Sequence[AnyRow]:
    """Blobs that no part has and that were not sent or asked for lately: {sha256, size, pack_id}."""
    held = select(1).where(part_blobs.c.blob_id == blobs.c.id).exists()
    some = select(blobs.c.id).where(blobs.c.put_at <= before, ~held).limit(limit)
    ids = list(conn.execute(locked(some)).scalars())
    if not ids:
        return []
    gone = delete(blobs).where(blobs.c.id.in_(ids), ~held)  # asked once more, as above
    return conn.execute(gone.returning(blobs.c.id, blobs.c.sha256, blobs.c.size, blobs.c.pack_id)).all()


def _live_parts(trash_before: float) -> Select[Any]:
    return (
        select(version_parts.c.part_id)
        .join(artifact_versions, artifact_versions.c.id == version_parts.c.version_id)
        .where(~_purged(trash_before))
    )


def count_parts(conn: Connection, *, before: float, trash_before: float) -> int:
    return int(
        conn.execute(
            select(func.count())
            .select_from(manifest_parts)
            .where(
                manifest_parts.c.put_at <= before,
                manifest_parts.c.id.not_in(_live_parts(trash_before)),
            )
        ).scalar_one()
    )


def dead_blobs(
    conn: Connection, *, before: float, trash_before: float, limit: int
) -> tuple[int, int, Sequence[AnyRow]]:
    """(count, bytes, the first ones) of what `drop_blobs` would drop once versions and parts went."""
    young = select(manifest_parts.c.id).where(manifest_parts.c.put_at > before)
    living = _live_parts(trash_before)
    held = select(part_blobs.c.blob_id).where(
        or_(part_blobs.c.part_id.in_(living), part_blobs.c.part_id.in_(young))
    )
    dead = and_(blobs.c.put_at <= before, blobs.c.id.not_in(held))
    row = conn.execute(select(func.count(), func.coalesce(func.sum(blobs.c.size), 0)).where(dead)).one()
    first = conn.execute(
        select(blobs.c.sha256, blobs.c.size).where(dead).order_by(blobs.c.id).limit(limit)
    ).all()
    return int(row[0]), int(row[1]), first


# -- packs


def worn_packs(conn: Connection, *, before: float, dead_share: float, limit: int) -> Sequence[AnyRow]:
    """{id, sha256}: packs of which that share or more is dead, but something at least."""
    living = (
        select(func.coalesce(func.sum(blobs.c.size), 0))
        .where(blobs.c.pack_id == packs.c.id)
        .scalar_subquery()
    )
    count = select(func.count()).where(blobs.c.pack_id == packs.c.id).scalar_subquery()
    return conn.execute(
        select(packs.c.id, packs.c.sha256)
        .where(
            packs.c.made_at <= before,
            or_(count == 0, and_(living < packs.c.size, living <= packs.c.size * (1.0 - dead_share))),
        )
        .order_by(packs.c.id)
        .limit(limit)
    ).all()


def pack_members(conn: Connection, pack_id: int, *, hold: bool = False) -> Sequence[AnyRow]:
    statement = (
        select(blobs.c.id, blobs.c.size, blobs.c.pack_offset)
        .where(blobs.c.pack_id == pack_id)
        .order_by(blobs.c.pack_offset, blobs.c.id)
    )
    return conn.execute(locked(statement) if hold else statement).all()


def move_members(
    conn: Connection, moved: Sequence[tuple[int, int]], *, sha256: str, size: int, now: float
) -> None:
    """Blobs, each to its offset in another pack."""
    pack = add_pack(conn, sha256=sha256, size=size, now=now)
    for blob_id, offset in moved:
        conn.execute(update(blobs).where(blobs.c.id == blob_id).values(pack_id=pack, pack_offset=offset))


def drop_pack(conn: Connection, pack_id: int) -> None:
    conn.execute(delete(packs).where(packs.c.id == pack_id))
