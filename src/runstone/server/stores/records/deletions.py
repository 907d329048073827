"""Statements about deletions of many versions at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from runstone.server.stores.records.rows import AnyRow, locked
from runstone.server.stores.records.schema.accounts import entities
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
    """The oldest one that nobody else is at."""
    return conn.execute(
        select(version_deletions.c.id)
        .where(
            version_deletions.c.state == "running",
            (version_deletions.c.owner == owner) | (version_deletions.c.lease_until < now),
        )
        .order_by(version_deletions.c.id)
        .limit(1)
    ).scalar()


def free(conn: Connection, *, but: str) -> None:
    """Nobody is at a deletion but this one."""
    conn.execute(
        update(version_deletions)
        .where(version_deletions.c.state == "running", version_deletions.c.owner != but)
        .values(lease_until=0.0)
    )


def change(conn: Connection, deletion_id: int, **values: Any) -> None:
    conn.execute(update(version_deletions).where(version_deletions.c.id == deletion_id).values(**values))
