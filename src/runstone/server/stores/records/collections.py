"""Statements about artifact types, collections, and the versions in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, literal, select, update

from runstone.server.stores.records.rows import AnyRow, locked, upsert
from runstone.server.stores.records.schema.accounts import entities, users
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import artifact_types, collection_versions, collections
from runstone.server.stores.records.schema.projects import projects

_AT_ONCE = 500

_collection = (
    select(
        *collections.c,
        projects.c.entity_id,
        projects.c.name.label("project"),
        projects.c.settings.label("project_settings"),
        projects.c.deleted_at.label("project_deleted_at"),
        entities.c.name.label("entity"),
        artifact_types.c.name.label("type"),
        users.c.username.label("created_by"),
    )
    .select_from(collections)
    .join(projects, projects.c.id == collections.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
    .join(artifact_types, artifact_types.c.id == collections.c.type_id)
    .outerjoin(users, users.c.id == collections.c.user_id)
)


_live = _collection.where(collections.c.deleted_at.is_(None))


def collection_query(*, trash: bool = True) -> Select[Any]:
    """Collections with their places, types and makers; without `trash` the living ones."""
    return _collection if trash else _live


# -- types


def types(conn: Connection, project_id: int, *, after: str = "", limit: int = 1000) -> Sequence[AnyRow]:
    """By name, each with the number of its collections."""
    count = (
        select(func.count())
        .where(collections.c.type_id == artifact_types.c.id, collections.c.deleted_at.is_(None))
        .scalar_subquery()
    )
    statement = select(*artifact_types.c, count.label("collection_count")).where(
        artifact_types.c.project_id == project_id, artifact_types.c.name > after
    )
    return conn.execute(statement.order_by(artifact_types.c.name).limit(limit)).all()


def ensure_type(
    conn: Connection, project_id: int, name: str, *, now: float, description: str | None = None
) -> int:
    found = conn.execute(
        select(artifact_types.c.id).where(
            artifact_types.c.project_id == project_id, artifact_types.c.name == name
        )
    ).scalar()
    if found is None:
        conn.execute(
            upsert(conn, artifact_types)
            .values(project_id=project_id, name=name, description=description or "", created_at=now)
            .on_conflict_do_nothing(index_elements=[artifact_types.c.project_id, artifact_types.c.name])
        )
        return ensure_type(conn, project_id, name, now=now)
    if description is not None:
        conn.execute(
            update(artifact_types).where(artifact_types.c.id == found).values(description=description)
        )
    return int(found)


# -- collections


def collection(conn: Connection, project_id: int, name: str) -> AnyRow | None:
    return conn.execute(
        _live.where(collections.c.project_id == project_id, collections.c.name == name)
    ).first()


def collection_by_id(conn: Connection, collection_id: int) -> AnyRow | None:
    """In the trash or not: `deleted_at` says."""
    return conn.execute(_collection.where(collections.c.id == collection_id)).first()


def lock_collection(conn: Connection, collection_id: int) -> AnyRow | None:
    """Numbers and aliases of one collection are changed by one at a time."""
    return conn.execute(locked(select(collections).where(collections.c.id == collection_id))).first()


def add_collection(conn: Connection, *, now: float, **values: Any) -> bool:
    """False where there is one of that name."""
    defaults = {
        "description": "",
        "tags": [],
        "metadata": {},
        "next_index": 0,
        "version_count": 0,
        "retention": {},
        "created_at": now,
        "updated_at": now,
    }
    statement = (
        upsert(conn, collections)
        .values(**{**defaults, **values})
        .on_conflict_do_nothing(
            index_elements=[collections.c.project_id, collections.c.name],
            index_where=collections.c.deleted_at.is_(None),
        )
    )
    return bool(conn.execute(statement).rowcount)


def change_collection(conn: Connection, collection_id: int, **values: Any) -> None:
    conn.execute(update(collections).where(collections.c.id == collection_id).values(**values))


def inherit_ttl(conn: Connection, collection_id: int, seconds: int | None) -> None:
    """Versions without a time to live of their own get the collection's."""
    conn.execute(
        update(artifact_versions)
        .where(
            artifact_versions.c.collection_id == collection_id,
            artifact_versions.c.state == "committed",
            artifact_versions.c.ttl_seconds.is_(None),
        )
        .values(expires_at=None if seconds is None else artifact_versions.c.committed_at + seconds)
    )


def with_rule(conn: Connection, project_id: int, *, limit: int) -> Sequence[AnyRow]:
    """Living ones with a retention rule of their own, by name."""
    own = collections.c.retention != literal({}, collections.c.retention.type)
    statement = _live.where(collections.c.project_id == project_id, own)
    return conn.execute(statement.order_by(collections.c.name).limit(limit)).all()


def count_collections(conn: Connection, project_id: int, *, type_name: str = "") -> int:
    statement = (
        select(func.count())
        .select_from(collections)
        .where(collections.c.project_id == project_id, collections.c.deleted_at.is_(None))
    )
    if type_name:
        statement = statement.join(artifact_types).where(artifact_types.c.name == type_name)
    return int(conn.execute(statement).scalar_one())


# -- versions in a collection


def add_collection_version(
    conn: Connection,
    collection_id: int,
    version_id: int,
    *,
    index: int,
    user_id: int | None,
    reason: str,
    now: float,
) -> None:
    conn.execute(
        insert(collection_versions).values(
            collection_id=collection_id,
            version_index=index,
            version_id=version_id,
            user_id=user_id,
            reason=reason,
            created_at=now,
        )
    )
    conn.execute(
        update(collections)
        .where(collections.c.id == collection_id)
        .values(next_index=index + 1, version_count=collections.c.version_count + 1, updated_at=now)
    )


def drop_collection_version(conn: Connection, collection_id: int, version_id: int) -> bool:
    gone = conn.execute(
        delete(collection_versions).where(
            collection_versions.c.collection_id == collection_id,
            collection_versions.c.version_id == version_id,
        )
    ).rowcount
    if gone:
        conn.execute(
            update(collections)
            .where(collections.c.id == collection_id)
            .values(version_count=collections.c.version_count - 1)
        )
    return bool(gone)


def facts_of(conn: Connection, collection_id: int) -> Sequence[AnyRow]:
    """id and facts of a collection's committed versions, the newest first."""
    return conn.execute(
        select(artifact_versions.c.id, artifact_versions.c.facts)
        .where(artifact_versions.c.collection_id == collection_id, artifact_versions.c.state == "committed")
        .order_by(artifact_versions.c.id.desc())
        .limit(10_000)
    ).all()


def count_versions(conn: Connection, collection_ids: Iterable[int]) -> None:
    """Set `version_count` anew: the committed versions there are."""
    counted = (
        select(func.count())
        .select_from(collection_versions)
        .join(artifact_versions, artifact_versions.c.id == collection_versions.c.version_id)
        .where(
            collection_versions.c.collection_id == collections.c.id,
            artifact_versions.c.state == "committed",
        )
        .scalar_subquery()
    )
    for number in collection_ids:
        conn.execute(update(collections).where(collections.c.id == number).values(version_count=counted))


def newest_version(conn: Connection, collection_id: int) -> int | None:
    """The committed version with the highest number there."""
    return conn.execute(
        select(collection_versions.c.version_id)
        .join(artifact_versions, artifact_versions.c.id == collection_versions.c.version_id)
        .where(collection_versions.c.collection_id == collection_id, artifact_versions.c.state == "committed")
        .order_by(collection_versions.c.version_index.desc())
        .limit(1)
    ).scalar()


def index_in(conn: Connection, collection_id: int, version_id: int) -> int | None:
    return conn.execute(
        select(collection_versions.c.version_index).where(
            collection_versions.c.collection_id == collection_id,
            collection_versions.c.version_id == version_id,
        )
    ).scalar()


def place_in(conn: Connection, collection_id: int, version_id: int) -> AnyRow | None:
    """version_index and added_at of a version in a collection."""
    return conn.execute(
        select(collection_versions.c.version_index, collection_versions.c.created_at.label("added_at")).where(
            collection_versions.c.collection_id == collection_id,
            collection_versions.c.version_id == version_id,
        )
    ).first()


def version_of_index(conn: Connection, collection_id: int, index: int) -> int | None:
    return conn.execute(
        select(collection_versions.c.version_id).where(
            collection_versions.c.collection_id == collection_id,
            collection_versions.c.version_index == index,
        )
    ).scalar()


def versions_of_digest(conn: Connection, collection_id: int, prefix: str) -> list[int]:
    """Committed versions in the collection whose digest (either one) begins so; two are enough."""
    above = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    found: set[int] = set()
    for column in (artifact_versions.c.digest, artifact_versions.c.sha256):
        found |= set(
            conn.execute(
                select(artifact_versions.c.id)
                .join(collection_versions, collection_versions.c.version_id == artifact_versions.c.id)
                .where(
                    collection_versions.c.collection_id == collection_id,
                    artifact_versions.c.state == "committed",
                    column >= prefix,
                    column < above,
                )
                .limit(2)
            ).scalars()
        )
    return sorted(found)


def collections_of(conn: Connection, version_ids: Iterable[int]) -> Sequence[AnyRow]:
    """Where these versions are members: collection rows with `version_id` and `version_index`, the
    order of their numbers."""
    statement = _live.add_columns(
        collection_versions.c.version_id,
        collection_versions.c.version_index,
        collection_versions.c.created_at.label("linked_at"),
        collection_versions.c.reason.label("link_reason"),
    ).join(collection_versions, collection_versions.c.collection_id == collections.c.id)
    found: list[AnyRow] = []
    listed = sorted(set(version_ids))
    for at in range(0, len(listed), _AT_ONCE):
        some = collection_versions.c.version_id.in_(listed[at : at + _AT_ONCE])
        found += conn.execute(statement.where(some).order_by(collections.c.id))
    return found
