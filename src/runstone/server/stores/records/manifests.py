"""Statements about what lies in versions: pages that have come, and the parts they become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, cast, delete, exists, func, insert, or_, select

from runstone.server.stores.records.rows import AnyRow, upsert
from runstone.server.stores.records.schema.artifacts import (
    artifact_contributions,
    manifest_pages,
    manifest_parts,
    part_blobs,
    part_outlines,
    version_parts,
)


def add_page(
    conn: Connection,
    version_id: int,
    *,
    manifest: str,
    first_path: str,
    last_path: str,
    entries: int,
    data: bytes,
    part: str = "",
) -> int:
    """part: it counts once that is among the version's contributions."""
    made: int = conn.execute(
        insert(manifest_pages)
        .values(
            version_id=version_id,
            manifest=manifest,
            first_path=first_path,
            last_path=last_path,
            entries=entries,
            data=data,
            part=part,
        )
        .returning(manifest_pages.c.id)
    ).scalar_one()
    return made


def pages(conn: Connection, version_id: int) -> Sequence[AnyRow]:
    """Those that count, without their data: id, manifest, first_path, last_path, entries; as they came."""
    whole = exists().where(
        artifact_contributions.c.version_id == version_id,
        artifact_contributions.c.part == manifest_pages.c.part,
    )
    return conn.execute(
        select(
            manifest_pages.c.id,
            manifest_pages.c.manifest,
            manifest_pages.c.first_path,
            manifest_pages.c.last_path,
            manifest_pages.c.entries,
        )
        .where(manifest_pages.c.version_id == version_id, or_(manifest_pages.c.part == "", whole))
        .order_by(manifest_pages.c.id)
    ).all()


def part_entries(conn: Connection, version_id: int, part: str) -> int:
    """How many entries of a part have come."""
    found: int = conn.execute(
        select(func.coalesce(func.sum(manifest_pages.c.entries), 0)).where(
            manifest_pages.c.version_id == version_id, manifest_pages.c.part == part
        )
    ).scalar_one()
    return int(found)


def drop_part(conn: Connection, version_id: int, part: str) -> None:
    conn.execute(
        delete(manifest_pages).where(manifest_pages.c.version_id == version_id, manifest_pages.c.part == part)
    )


def page_data(conn: Connection, page_id: int) -> bytes | None:
    return conn.execute(select(manifest_pages.c.data).where(manifest_pages.c.id == page_id)).scalar()


def drop_pages(conn: Connection, version_id: int, *, manifest: str = "") -> None:
    statement = delete(manifest_pages).where(manifest_pages.c.version_id == version_id)
    conn.execute(statement.where(manifest_pages.c.manifest == manifest) if manifest else statement)


def put_part(
    conn: Connection,
    entity_id: int,
    *,
    sha256: bytes,
    entries: int,
    data: bytes,
    blob_ids: Iterable[int],
    now: float,
) -> int:
    """The part's number; one that is there already counts as young. Its blobs are then referred to."""
    made: int = conn.execute(
        upsert(conn, manifest_parts)
        .values(entity_id=entity_id, sha256=sha256, entries=entries, data=data, put_at=now)
        .on_conflict_do_update(
            index_elements=[manifest_parts.c.entity_id, manifest_parts.c.sha256], set_={"put_at": now}
        )
        .returning(manifest_parts.c.id)
    ).scalar_one()
    wanted: list[dict[str, Any]] = [{"part_id": made, "blob_id": blob} for blob in sorted(set(blob_ids))]
    if wanted:
        conn.execute(
            upsert(conn, part_blobs).on_conflict_do_nothing(
                index_elements=[part_blobs.c.part_id, part_blobs.c.blob_id]
            ),
            wanted,
        )
    return made


def set_parts(conn: Connection, version_id: int, parts: Sequence[tuple[int, str]]) -> None:
    """The version consists of these: (part, first path), in order."""
    if parts:
        conn.execute(
            insert(version_parts),
            [
                {"version_id": version_id, "ordinal": ordinal, "part_id": part, "first_path": first}
                for ordinal, (part, first) in enumerate(parts)
            ],
        )


def ordinal_at(conn: Connection, version_id: int, path: str) -> int:
    """Of the part that would hold `path`; 0 where it would come before all. By halving: the first paths
    rise with the ordinals, and reading them all would cost the more the more parts there are."""
    mine = version_parts.c.version_id == version_id
    low = 0
    high = conn.execute(select(func.max(version_parts.c.ordinal)).where(mine)).scalar() or 0
    first = select(version_parts.c.first_path).where(mine, version_parts.c.ordinal == bindparam("at_ordinal"))
    while low < high:
        middle = (low + high + 1) // 2
        if conn.execute(first, {"at_ordinal": middle}).scalar_one() <= path:
            low = middle
        else:
            high = middle - 1
    return low


def parts_of(
    conn: Connection, version_id: int, *, path: str = "", ordinal: int | None = None, limit: int = 16
) -> Sequence[AnyRow]:
    """Parts with their data, in order, from the one that would hold `path`, or from `ordinal` on."""
    if ordinal is None:
        ordinal = ordinal_at(conn, version_id, path) if path else 0
    return conn.execute(
        select(
            version_parts.c.ordinal,
            version_parts.c.first_path,
            version_parts.c.part_id,
            manifest_parts.c.sha256,
            manifest_parts.c.entries,
            manifest_parts.c.data,
        )
        .join(manifest_parts, manifest_parts.c.id == version_parts.c.part_id)
        .where(version_parts.c.version_id == version_id, version_parts.c.ordinal >= ordinal)
        .order_by(version_parts.c.ordinal)
        .limit(limit)
    ).all()


def part_list(conn: Connection, version_id: int) -> Sequence[AnyRow]:
    """ordinal, part_id, first_path of all parts, without data."""
    return conn.execute(
        select(version_parts.c.ordinal, version_parts.c.part_id, version_parts.c.first_path)
        .where(version_parts.c.version_id == version_id)
        .order_by(version_parts.c.ordinal)
    ).all()


# -- by folder


def put_outline(conn: Connection, part_id: int, *, files: int, size: int, folders: bytes) -> None:
    """What a part holds by folder. The same part has the same: one that is there stays."""
    conn.execute(
        upsert(conn, part_outlines)
        .values(part_id=part_id, files=files, bytes=size, folders=folders)
        .on_conflict_do_nothing(index_elements=[part_outlines.c.part_id])
    )


def outlines_of(conn: Connection, version_id: int, *, ordinal: int, limit: int) -> Sequence[AnyRow]:
    """ordinal, part_id, first_path, files, bytes, folders of parts from `ordinal` on, in order; the last
    three None for a part that has no outline yet."""
    return conn.execute(
        select(
            version_parts.c.ordinal,
            version_parts.c.part_id,
            version_parts.c.first_path,
            part_outlines.c.files,
            part_outlines.c.bytes,
            part_outlines.c.folders,
        )
        .outerjoin(part_outlines, part_outlines.c.part_id == version_parts.c.part_id)
        .where(version_parts.c.version_id == version_id, version_parts.c.ordinal >= ordinal)
        .order_by(version_parts.c.ordinal)
        .limit(limit)
    ).all()


def sum_between(conn: Connection, version_id: int, first: int, behind: int) -> tuple[int, int, int]:
    """(files, bytes, how many have no outline) of the parts with ordinals from `first` to before
    `behind`."""
    row = conn.execute(
        select(
            func.coalesce(func.sum(part_outlines.c.files), 0),
            func.coalesce(cast(func.sum(part_outlines.c.bytes), BigInteger), 0),
            func.count() - func.count(part_outlines.c.part_id),
        )
        .select_from(version_parts)
        .outerjoin(part_outlines, part_outlines.c.part_id == version_parts.c.part_id)
        .where(
            version_parts.c.version_id == version_id,
            version_parts.c.ordinal >= first,
            version_parts.c.ordinal < behind,
        )
    ).one()
    return int(row[0]), int(row[1]), int(row[2])


def without_outline(conn: Connection, version_id: int, *, ordinal: int, limit: int) -> Sequence[AnyRow]:
    """part_id, data of parts from `ordinal` on that have no outline yet."""
    return conn.execute(
        select(version_parts.c.part_id, manifest_parts.c.data)
        .join(manifest_parts, manifest_parts.c.id == version_parts.c.part_id)
        .outerjoin(part_outlines, part_outlines.c.part_id == version_parts.c.part_id)
        .where(
            version_parts.c.version_id == version_id,
            version_parts.c.ordinal >= ordinal,
            part_outlines.c.part_id.is_(None),
        )
        .order_by(version_parts.c.ordinal)
        .limit(limit)
    ).all()


def part_data(conn: Connection, part_id: int) -> bytes | None:
    return conn.execute(select(manifest_parts.c.data).where(manifest_parts.c.id == part_id)).scalar()
