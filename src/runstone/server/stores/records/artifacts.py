"""Statements about artifact versions and which runs used them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from runstone.server.stores.records.rows import AnyRow, locked, upsert
from runstone.server.stores.records.schema.accounts import entities, users
from runstone.server.stores.records.schema.artifacts import artifact_versions, run_artifacts
from runstone.server.stores.records.schema.collections import (
    artifact_types,
    collection_versions,
    collections,
)
from runstone.server.stores.records.schema.projects import projects

_AT_ONCE = 500

# A version with its source collection.
_version = (
    select(
        *artifact_versions.c,
        collections.c.name.label("collection"),
        collections.c.project_id,
        collections.c.deleted_at.label("collection_deleted_at"),
        collections.c.ttl_seconds.label("collection_ttl_seconds"),
        artifact_types.c.name.label("type"),
        projects.c.name.label("project"),
        projects.c.deleted_at.label("project_deleted_at"),
        entities.c.name.label("entity"),
        users.c.username,
    )
    .select_from(artifact_versions)
    .join(collections, collections.c.id == artifact_versions.c.collection_id)
    .join(artifact_types, artifact_types.c.id == collections.c.type_id)
    .join(projects, projects.c.id == collections.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
    .outerjoin(users, users.c.id == artifact_versions.c.user_id)
)


def version(conn: Connection, version_id: int) -> AnyRow | None:
    return conn.execute(_version.where(artifact_versions.c.id == version_id)).first()


def versions_by_id(conn: Connection, ids: Iterable[int]) -> list[AnyRow]:
    found: list[AnyRow] = []
    listed = sorted(set(ids))
    for at in range(0, len(listed), _AT_ONCE):
        found += conn.execute(_version.where(artifact_versions.c.id.in_(listed[at : at + _AT_ONCE])))
    return found


def lock_version(conn: Connection, version_id: int) -> AnyRow | None:
    return conn.execute(locked(select(artifact_versions).where(artifact_versions.c.id == version_id))).first()


def add_version(conn: Connection, **values: Any) -> int:
    made: int = conn.execute(
        insert(artifact_versions).values(**values).returning(artifact_versions.c.id)
    ).scalar_one()
    return made


def change_version(conn: Connection, version_id: int, **values: Any) -> None:
    conn.execute(update(artifact_versions).where(artifact_versions.c.id == version_id).values(**values))


def drop_version(conn: Connection, version_id: int) -> None:
    conn.execute(delete(artifact_versions).where(artifact_versions.c.id == version_id))


def committed_with(
    conn: Connection, collection_id: int, *, sha256: str = "", digest: str = "", algorithm: str = ""
) -> AnyRow | None:
    """The latest committed version of the collection with that content: by `sha256`, else by `digest`,
    which is told by `algorithm`."""
    same = (
        [artifact_versions.c.sha256 == sha256]
        if sha256
        else [artifact_versions.c.digest == digest, artifact_versions.c.digest_algorithm == algorithm]
    )
    return conn.execute(
        _version.where(
            artifact_versions.c.collection_id == collection_id,
            *same,
            artifact_versions.c.state == "committed",
        )
        .order_by(artifact_versions.c.id.desc())
        .limit(1)
    ).first()


def pending_distributed(conn: Connection, collection_id: int, distributed_id: str) -> AnyRow | None:
    return conn.execute(
        _version.where(
            artifact_versions.c.collection_id == collection_id,
            artifact_versions.c.distributed_id == distributed_id,
            artifact_versions.c.state == "pending",
        ).order_by(artifact_versions.c.id)
    ).first()


def versions_with_client_id(conn: Connection, client_id: str) -> Sequence[AnyRow]:
    return conn.execute(
        _version.where(artifact_versions.c.client_id == client_id, artifact_versions.c.client_id != "")
        .order_by(artifact_versions.c.id.desc())
        .limit(20)
    ).all()


def versions_with(conn: Connection, collection_id: int, ids: Iterable[int]) -> list[AnyRow]:
    """Versions that a collection holds, in no order, with `member_index`, their number there, and
    `added_at`."""
    statement = _version.add_columns(
        collection_versions.c.version_index.label("member_index"),
        collection_versions.c.created_at.label("added_at"),
    ).join(collection_versions, collection_versions.c.version_id == artifact_versions.c.id)
    found: list[AnyRow] = []
    listed = sorted(set(ids))
    for at in range(0, len(listed), _AT_ONCE):
        found += conn.execute(
            statement.where(
                collection_versions.c.collection_id == collection_id,
                artifact_versions.c.id.in_(listed[at : at + _AT_ONCE]),
            )
        )
    return found


# -- runs


def add_use(
    conn: Connection, run_key: int, version_id: int, *, role: str, used_as: str = "", now: float
) -> bool:
    """`role`: input or output. False where that was known."""
    statement = upsert(conn, run_artifacts).values(
        run_key=run_key, version_id=version_id, role=role, used_as=used_as, at=now
    )
    return bool(
        conn.execute(
            statement.on_conflict_do_nothing(
                index_elements=[run_artifacts.c.run_key, run_artifacts.c.role, run_artifacts.c.version_id]
            )
        ).rowcount
    )


def versions_of_run(
    conn: Connection, run_key: int, role: str, *, after: int = 0, limit: int = 100
) -> Sequence[AnyRow]:
    """Committed versions a run used or made, by number, with `used_as` and `used_at`."""
    return conn.execute(
        _version.add_columns(run_artifacts.c.used_as, run_artifacts.c.at.label("used_at"))
        .join(run_artifacts, run_artifacts.c.version_id == artifact_versions.c.id)
        .where(
            run_artifacts.c.run_key == run_key,
            run_artifacts.c.role == role,
            artifact_versions.c.state == "committed",
            artifact_versions.c.id > after,
        )
        .order_by(artifact_versions.c.id)
        .limit(limit)
    ).all()


def runs_of_version(
    conn: Connection, version_id: int, role: str, *, after: int = 0, limit: int = 100
) -> Sequence[AnyRow]:
    """Runs that used or made a version: run_key, used_as, at; by run_key."""
    return conn.execute(
        select(run_artifacts)
        .where(
            run_artifacts.c.version_id == version_id,
            run_artifacts.c.role == role,
            run_artifacts.c.run_key > after,
        )
        .order_by(run_artifacts.c.run_key)
        .limit(limit)
    ).all()


def count_uses(
    conn: Connection, role: str, *, run_key: int | None = None, version_id: int | None = None
) -> int:
    statement = select(func.count()).select_from(run_artifacts).where(run_artifacts.c.role == role)
    if run_key is not None:
        statement = statement.where(run_artifacts.c.run_key == run_key)
    if version_id is not None:
        statement = statement.where(run_artifacts.c.version_id == version_id)
    return int(conn.execute(statement).scalar_one())
