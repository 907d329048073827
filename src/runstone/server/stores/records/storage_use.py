"""Statements about what artifacts take up, and what may go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, case, delete, func, or_, select, update

from runstone.server.stores.records.blobs import add_pack
from runstone.server.stores.records.deletions import hold_those_of, were_purged
from runstone.server.stores.records.rows import AnyRow, locked
from runstone.server.stores.records.schema.artifacts import (
    artifact_versions,
    manifest_parts,
    part_blobs,
    version_parts,
)
from runstone.server.stores.records.schema.blobs import blobs, packs
from runstone.server.stores.records.schema.collections import artifact_types, collections
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.registry import deployments, predictions

# -- use


def _of_project(project_id: int, *, trash: bool | None = None) -> Any:
    """Versions, joined with their collections, that take up storage: those in use, those in the trash by
    themselves or with their collection, or both (None)."""
    state = artifact_versions.c.state
    in_use = and_(state == "committed", collections.c.deleted_at.is_(None))
    kept = state.in_(("committed", "deleted"))
    which = kept if trash is None else and_(kept, ~in_use) if trash else in_use
    return and_(collections.c.project_id == project_id, which)


def versions_use(conn: Connection, project_id: int, *, trash: bool) -> tuple[int, int]:
    """(versions, bytes with each version counted in full), of those in use or of the trash."""
    row = conn.execute(
        select(func.count(), func.coalesce(func.sum(artifact_versions.c.size), 0))
        .select_from(artifact_versions)
        .join(collections, collections.c.id == artifact_versions.c.collection_id)
        .where(_of_project(project_id, trash=trash))
    ).one()
    return int(row[0]), int(row[1])


def stored(conn: Connection, project_id: int, *, with_trash: bool) -> tuple[int, int]:
    """(blobs, bytes) that versions of the project hold, each blob once."""
    parts = (
        select(version_parts.c.part_id)
        .join(artifact_versions, artifact_versions.c.id == version_parts.c.version_id)
        .join(collections, collections.c.id == artifact_versions.c.collection_id)
        .where(_of_project(project_id, trash=None if with_trash else False))
    )
    held = select(part_blobs.c.blob_id).where(part_blobs.c.part_id.in_(parts))
    row = conn.execute(
        select(func.count(), func.coalesce(func.sum(blobs.c.size), 0)).where(blobs.c.id.in_(held))
    ).one()
    return int(row[0]), int(row[1])


def _sum_where(condition: Any, value: Any) -> Any:
    return func.coalesce(func.sum(case((condition, value), else_=0)), 0)


_IN_USE = and_(artifact_versions.c.state == "committed", collections.c.deleted_at.is_(None))
_USED = (
    _sum_where(_IN_USE, 1).label("versions"),
    _sum_where(_IN_USE, artifact_versions.c.size).label("bytes"),
    _sum_where(~_IN_USE, 1).label("trash_versions"),
    _sum_where(~_IN_USE, artifact_versions.c.size).label("trash_bytes"),
)


def collections_use(conn: Connection, project_id: int, *, limit: int = 1000) -> Sequence[AnyRow]:
    """What each collection's versions are, those that hold most first: {id, name, type, deleted, versions,
    bytes, trash_versions, trash_bytes}; bytes with each version counted in full."""
    return conn.execute(
        select(
            collections.c.id,
            collections.c.name,
            artifact_types.c.name.label("type"),
            collections.c.deleted_at.is_not(None).label("deleted"),
            *_USED,
        )
        .select_from(collections)
        .join(artifact_types, artifact_types.c.id == collections.c.type_id)
        .join(artifact_versions, artifact_versions.c.collection_id == collections.c.id)
        .where(_of_project(project_id))
        .group_by(collections.c.id, collections.c.name, artifact_types.c.name, collections.c.deleted_at)
        .order_by(func.sum(artifact_versions.c.size).desc(), collections.c.name, collections.c.id)
        .limit(limit)
    ).all()


def projects_use(conn: Connection, entity_id: int) -> Sequence[AnyRow]:
    """What the versions of each project with artifacts are: {id, name, versions, bytes, trash_versions,
    trash_bytes}; bytes with each version counted in full."""
    return conn.execute(
        select(projects.c.id, projects.c.name, *_USED)
        .select_from(artifact_versions)
        .join(collections, collections.c.id == artifact_versions.c.collection_id)
        .join(projects, projects.c.id == collections.c.project_id)
        .where(_of_entity(entity_id))
        .group_by(projects.c.id, projects.c.name)
    ).all()


def collections_stored(conn: Connection, project_id: int) -> dict[int, tuple[int, int]]:
    """(bytes that the collection's versions hold, each blob once; those that no other collection of the
    project holds) by its number; the trash counts."""
    parts = _parts_of(collections.c.id).where(_of_project(project_id))
    return {row.holder: (int(row.stored), int(row.alone)) for row in _stored_by(conn, parts)}


def projects_stored(conn: Connection, entity_id: int) -> tuple[int, int, dict[int, tuple[int, int]]]:
    """(blobs, bytes) that the entity's versions hold, each blob once, and (bytes, those that no other
    project of the entity holds) of each project by its number; the trash counts."""
    parts = (
        _parts_of(collections.c.project_id)
        .join(projects, projects.c.id == collections.c.project_id)
        .where(_of_entity(entity_id))
    )
    rows = _stored_by(conn, parts)
    by_project = {row.holder: (int(row.stored), int(row.alone)) for row in rows}
    return sum(int(row.blobs) for row in rows), sum(int(row.bytes) for row in rows), by_project


def _of_entity(entity_id: int) -> Any:
    """As `_of_project`, both kinds, of all living projects of an entity; joined with projects too."""
    return and_(
        projects.c.entity_id == entity_id,
        projects.c.deleted_at.is_(None),
        artifact_versions.c.state.in_(("committed", "deleted")),
    )


def _parts_of(holder: Any) -> Select[Any]:
    """(holder, part): each part once for a holder, however many of its versions have it."""
    return (
        select(holder.label("holder"), version_parts.c.part_id)
        .select_from(artifact_versions)
        .join(version_parts, version_parts.c.version_id == artifact_versions.c.id)
        .join(collections, collections.c.id == artifact_versions.c.collection_id)
        .distinct()
    )


def _stored_by(conn: Connection, parts: Select[Any]) -> Sequence[AnyRow]:
    """{holder, stored, alone, blobs, bytes} of each holder of `parts`: the bytes it holds, each blob once;
    those that no other does; and its share of a count in which each blob is in one holder's only."""
    of = parts.cte("parts")
    held = (
        select(of.c.holder, part_blobs.c.blob_id)
        .join(part_blobs, part_blobs.c.part_id == of.c.part_id)
        .distinct()
        .cte("held")
    )
    holders = (
        select(held.c.blob_id, func.count().label("holders"), func.min(held.c.holder).label("first"))
        .group_by(held.c.blob_id)
        .cte("holders")
    )
    first = held.c.holder == holders.c.first
    return conn.execute(
        select(
            held.c.holder,
            func.sum(blobs.c.size).label("stored"),
            _sum_where(holders.c.holders == 1, blobs.c.size).label("alone"),
            _sum_where(first, 1).label("blobs"),
            _sum_where(first, blobs.c.size).label("bytes"),
        )
        .join(holders, holders.c.blob_id == held.c.blob_id)
        .join(blobs, blobs.c.id == held.c.blob_id)
        .group_by(held.c.holder)
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
    hold_those_of(conn, ids)
    # Whoever brings back a collection holds it: that is over, or waits until these are gone.
    theirs = select(artifact_versions.c.collection_id).where(artifact_versions.c.id.in_(ids))
    dying = collections.c.id.in_(theirs.scalar_subquery()) & collections.c.deleted_at.is_not(None)
    conn.execute(locked(select(collections.c.id).where(dying)))
    # Asked once more: one that was committed or restored since stays.
    rows = conn.execute(
        delete(artifact_versions)
        .where(artifact_versions.c.id.in_(ids), gone)
        .returning(artifact_versions.c.deletion_id)
    ).all()
    were_purged(conn, Counter(row.deletion_id for row in rows if row.deletion_id is not None))
    return len(rows)


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
