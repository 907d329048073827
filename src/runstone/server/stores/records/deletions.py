"""Statements about deletions of many versions at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, func, insert, select, text, update

from runstone.server.stores.records.rows import AnyRow, locked
from runstone.server.stores.records.schema.accounts import entities
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.retention import version_deletions

_deletion = (
    select(
        *version_deletions.c,
        projects.c.name.label("project"),
        entities.c.name.label("entity"),
    )
    .join(projects, projects.c.id == version_deletions.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
)

_AT_ONCE = 500
# As its index says it, so that it is read from there.
_busy = text("version_deletions.state IN ('running', 'undoing')")


def add(conn: Connection, *, now: float, **values: Any) -> int:
    made: int = conn.execute(
        insert(version_deletions)
        .values(
            state="running",
            collection_id=0,
            version_index=-1,
            scanned=0,
            versions=0,
            bytes=0,
            owner="",
            lease_until=0.0,
            created_at=now,
            updated_at=now,
            **values,
        )
        .returning(version_deletions.c.id)
    ).scalar_one()
    return made


def get(conn: Connection, deletion_id: int, *, hold: bool = False) -> AnyRow | None:
    if hold:
        wanted = select(version_deletions.c.id).where(version_deletions.c.id == deletion_id)
        conn.execute(locked(wanted))
    return conn.execute(_deletion.where(version_deletions.c.id == deletion_id)).first()


def find(conn: Connection, project_id: int, *, before: int | None, limit: int) -> Sequence[AnyRow]:
    """The newest first."""
    statement = _deletion.where(version_deletions.c.project_id == project_id)
    if before is not None:
        statement = statement.where(version_deletions.c.id < before)
    return conn.execute(statement.order_by(version_deletions.c.id.desc()).limit(limit)).all()


def running(conn: Connection, *, owner: str, now: float) -> int | None:
    """The oldest one, going on or being undone, that nobody else is at."""
    return conn.execute(
        select(version_deletions.c.id)
        .where(
            _busy,
            (version_deletions.c.owner == owner) | (version_deletions.c.lease_until < now),
        )
        .order_by(version_deletions.c.id)
        .limit(1)
    ).scalar()


def free(conn: Connection, *, but: str) -> None:
    """Nobody is at a deletion but this one."""
    conn.execute(
        update(version_deletions).where(_busy, version_deletions.c.owner != but).values(lease_until=0.0)
    )


def change(conn: Connection, deletion_id: int, **values: Any) -> None:
    conn.execute(update(version_deletions).where(version_deletions.c.id == deletion_id).values(**values))


# -- what a deletion has in the trash


def in_trash(
    conn: Connection, deletion_id: int, collection_id: int, *, below: int, limit: int
) -> Sequence[AnyRow]:
    """{id, version_index} of versions it took from a collection, the highest numbers first."""
    table = artifact_versions
    return conn.execute(
        select(table.c.id, table.c.version_index)
        .where(
            table.c.deletion_id == deletion_id,
            table.c.collection_id == collection_id,
            table.c.version_index < below,
        )
        .order_by(table.c.version_index.desc())
        .limit(limit)
    ).all()


def next_in_trash(conn: Connection, deletion_id: int, *, after: int) -> int | None:
    """The next collection that it took versions from and that are in the trash."""
    table = artifact_versions
    return conn.execute(
        select(func.min(table.c.collection_id)).where(
            table.c.deletion_id == deletion_id, table.c.collection_id > after
        )
    ).scalar()


def hold_those_of(conn: Connection, version_ids: Collection[int]) -> None:
    """Deletions that took these versions: held before the versions are, as their own steps do."""
    table = artifact_versions
    listed = sorted(version_ids)
    numbers: set[int] = set()
    for at in range(0, len(listed), _AT_ONCE):
        some = select(table.c.deletion_id).where(table.c.id.in_(listed[at : at + _AT_ONCE]))
        numbers |= set(conn.execute(some.where(table.c.deletion_id.is_not(None)).distinct()).scalars())
    if numbers:
        wanted = select(version_deletions.c.id).where(version_deletions.c.id.in_(sorted(numbers)))
        conn.execute(locked(wanted.order_by(version_deletions.c.id)))


def came_back(conn: Connection, counts: Mapping[int, int]) -> None:
    """By deletion: so many more of its versions left the trash."""
    _more(conn, version_deletions.c.restored, counts)


def were_purged(conn: Connection, counts: Mapping[int, int]) -> None:
    """By deletion: so many more of its versions are gone for good."""
    _more(conn, version_deletions.c.purged, counts)


def _more(conn: Connection, column: Column[int], counts: Mapping[int, int]) -> None:
    for number in sorted(counts):
        conn.execute(
            update(version_deletions)
            .where(version_deletions.c.id == number)
            .values({column: column + counts[number]})
        )
