"""Statements about whole collections in the trash: what they hold, and their coming back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, delete, func, select, update

from runstone.server.stores.records.collections import collection_query, count_versions
from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import aliases, collection_versions, collections


def sizes(conn: Connection, rows: Iterable[AnyRow]) -> dict[int, int]:
    """Bytes of the committed versions of these collections by number, each version counted in full."""
    found: dict[int, int] = {}
    size = func.coalesce(func.sum(artifact_versions.c.size), 0)
    for row in rows:
        if row.kind == "sequence":
            wanted = select(size).where(
                artifact_versions.c.collection_id == row.id, artifact_versions.c.state == "committed"
            )
        else:
            wanted = (
                select(size)
                .join(collection_versions, collection_versions.c.version_id == artifact_versions.c.id)
                .where(
                    collection_versions.c.collection_id == row.id,
                    artifact_versions.c.state == "committed",
                )
            )
        found[row.id] = int(conn.execute(wanted).scalar_one())
    return found


def recount(conn: Connection, row: AnyRow) -> None:
    """Set `version_count` anew, of a collection that nobody kept count of."""
    if row.kind != "sequence":
        count_versions(conn, [row.id])
        return
    committed = and_(artifact_versions.c.collection_id == row.id, artifact_versions.c.state == "committed")
    count = select(func.count()).select_from(artifact_versions).where(committed).scalar_subquery()
    conn.execute(update(collections).where(collections.c.id == row.id).values(version_count=count))


def named(conn: Connection, project_id: int, name: str) -> Sequence[AnyRow]:
    """Those of that name, the last deleted first."""
    return conn.execute(
        collection_query()
        .where(
            collections.c.project_id == project_id,
            collections.c.name == name,
            collections.c.deleted_at.is_not(None),
        )
        .order_by(collections.c.deleted_at.desc())
    ).all()


def drop_dangling(conn: Connection, collection_id: int) -> list[str]:
    """Aliases of a collection whose versions are in the trash or gone, taken off. Returns their names."""
    alive = (
        select(1)
        .where(artifact_versions.c.id == aliases.c.version_id, artifact_versions.c.state == "committed")
        .exists()
    )
    gone = delete(aliases).where(aliases.c.collection_id == collection_id, ~alive)
    return sorted(conn.execute(gone.returning(aliases.c.alias)).scalars())


def outlive(conn: Connection, collection_id: int, *, now: float, limit: int) -> int:
    """Committed versions of a collection whose time to live is over are not to go for that: so many at
    once. Returns how many."""
    table = artifact_versions
    over = and_(table.c.collection_id == collection_id, table.c.expires_at <= now)
    some = select(table.c.id).where(over, table.c.state == "committed").limit(limit)
    return conn.execute(
        update(table).where(table.c.id.in_(some.scalar_subquery()), over).values(expires_at=None)
    ).rowcount
