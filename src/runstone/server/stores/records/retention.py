"""Statements about versions that go by rule: which may, in windows of a collection, and their going."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, func, literal, select, update

from runstone.server.stores.records.collection_lists import has_tag
from runstone.server.stores.records.rows import AnyRow, locked, upsert
from runstone.server.stores.records.schema.accounts import entities, users
from runstone.server.stores.records.schema.artifacts import artifact_versions, run_artifacts
from runstone.server.stores.records.schema.collections import (
    aliases,
    artifact_types,
    collection_versions,
    collections,
)
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.registry import deployments
from runstone.server.stores.records.schema.retention import retention_policies
from runstone.server.stores.records.schema.runs import run_summaries

_AT_ONCE = 500
_NEVER = -2  # a version's own time to live: it stays

# -- what stays, whatever the rule


def _linked() -> Any:
    """In a collection beside its own: a registry's, or any."""
    elsewhere = collection_versions.alias("elsewhere")
    return (
        select(1)
        .where(
            elsewhere.c.version_id == artifact_versions.c.id,
            elsewhere.c.collection_id != artifact_versions.c.collection_id,
        )
        .exists()
    )


def _named(*, latest_too: bool) -> Any:
    found = select(1).where(aliases.c.version_id == artifact_versions.c.id)
    return (found if latest_too else found.where(aliases.c.alias != "latest")).exists()


def _deployed() -> Any:
    return (
        select(1)
        .where(deployments.c.version_id == artifact_versions.c.id, deployments.c.ended_at.is_(None))
        .exists()
    )


def _used() -> Any:
    return (
        select(1)
        .where(run_artifacts.c.version_id == artifact_versions.c.id, run_artifacts.c.role == "input")
        .exists()
    )


def may_go(
    conn: Connection,
    *,
    created_before: float | None = None,
    committed_before: float | None = None,
    inherits_ttl: bool = False,
    tag: str = "",
    unaliased: bool = False,
    keep_used: bool = False,
    ids: Collection[int] = (),
) -> Any:
    """Committed, under no alias beside `latest` (unaliased: nor that one), linked nowhere, deployed
    nowhere, not told to stay for ever, and all that is asked for. inherits_ttl: without a time to live of
    its own; ids: only these."""
    found = and_(
        artifact_versions.c.state == "committed",
        func.coalesce(artifact_versions.c.ttl_seconds, 0) != _NEVER,
        ~_linked(),
        ~_named(latest_too=unaliased),
        ~_deployed(),
    )
    if created_before is not None:
        found = and_(found, artifact_versions.c.created_at < created_before)
    if committed_before is not None:
        found = and_(found, artifact_versions.c.committed_at < committed_before)
    if inherits_ttl:
        found = and_(found, artifact_versions.c.ttl_seconds.is_(None))
    if tag:
        found = and_(found, has_tag(conn, artifact_versions.c.tags, tag))
    if keep_used:
        found = and_(found, ~_used())
    if ids:
        found = and_(found, artifact_versions.c.id.in_(sorted(ids)))
    return found


# -- in windows of a collection


def window(
    conn: Connection,
    collection_id: int,
    *,
    after: int,
    upto: int,
    which: Any,
    below: int | None = None,
    metadata: bool = False,
) -> Sequence[AnyRow]:
    """Versions made in a collection under the numbers after < n ≤ upto (and n < below) of which `which`
    holds, by number: id, version_index, size, run_key, created_at, and their metadata."""
    index = collection_versions.c.version_index
    columns = [
        artifact_versions.c.id,
        index,
        artifact_versions.c.size,
        artifact_versions.c.run_key,
        artifact_versions.c.created_at,
    ]
    statement = (
        select(*columns, *([artifact_versions.c.metadata] if metadata else []))
        .join(artifact_versions, artifact_versions.c.id == collection_versions.c.version_id)
        .where(
            collection_versions.c.collection_id == collection_id,
            artifact_versions.c.collection_id == collection_id,
            index > after,
            index <= upto,
            which,
        )
        .order_by(index)
    )
    return conn.execute(statement if below is None else statement.where(index < below)).all()


def index_to_keep(conn: Connection, collection_id: int, last: int) -> int | None:
    """The number of the last-th newest committed version; None where there are fewer."""
    return conn.execute(
        select(collection_versions.c.version_index)
        .join(artifact_versions, artifact_versions.c.id == collection_versions.c.version_id)
        .where(
            collection_versions.c.collection_id == collection_id,
            artifact_versions.c.state == "committed",
        )
        .order_by(collection_versions.c.version_index.desc())
        .offset(last - 1)
        .limit(1)
    ).scalar()


def committed() -> Any:
    return artifact_versions.c.state == "committed"


def summaries(conn: Connection, keys: Collection[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    listed = sorted(keys)
    for at in range(0, len(listed), _AT_ONCE):
        rows = conn.execute(
            select(run_summaries.c.run_key, run_summaries.c.summary).where(
                run_summaries.c.run_key.in_(listed[at : at + _AT_ONCE])
            )
        )
        found.update({row.run_key: row.summary for row in rows})
    return found


# -- their going


def trash(
    conn: Connection, ids: Collection[int], *, which: Any, deletion_id: int | None, now: float
) -> list[AnyRow]:
    """Those of them of which `which` still holds, to the trash: id, collection_id, version_index, size.
    deletion_id: of the deletion that takes them."""
    gone: list[AnyRow] = []
    listed = sorted(ids)
    for at in range(0, len(listed), _AT_ONCE):
        gone += conn.execute(
            update(artifact_versions)
            .where(artifact_versions.c.id.in_(listed[at : at + _AT_ONCE]), which)
            .values(state="deleted", deleted_at=now, deletion_id=deletion_id, updated_at=now)
            .returning(
                artifact_versions.c.id,
                artifact_versions.c.collection_id,
                artifact_versions.c.version_index,
                artifact_versions.c.size,
            )
        )
    return gone


def restore(conn: Connection, collection_id: int, ids: Collection[int], *, now: float) -> list[AnyRow]:
    """Those of them that were made in the collection and are in the trash, out of it: id, version_index, and
    the deletion_id that took them. A time to live that is over does not count any more."""
    table = artifact_versions
    back: list[AnyRow] = []
    listed = sorted(ids)
    for at in range(0, len(listed), _AT_ONCE):
        columns = (
            table.c.id,
            table.c.version_index,
            table.c.deletion_id,
            table.c.collection_id,
            table.c.state,
        )
        some = select(*columns).where(table.c.id.in_(listed[at : at + _AT_ONCE]))
        # By their ids alone: asked for the rest too, SQLite goes through all the trash of the collection.
        rows = [
            row
            for row in conn.execute(locked(some))
            if row.collection_id == collection_id and row.state == "deleted"
        ]
        conn.execute(
            update(table)
            .where(table.c.id.in_([row.id for row in rows]))
            .values(
                state="committed",
                deleted_at=None,
                deletion_id=None,
                expires_at=case((table.c.expires_at > now, table.c.expires_at)),
                updated_at=now,
            )
        )
        back += rows
    return back


def memberships(conn: Connection, version_ids: Collection[int]) -> dict[int, int]:
    """How many of these versions each collection holds."""
    found: dict[int, int] = {}
    listed = sorted(version_ids)
    for at in range(0, len(listed), _AT_ONCE):
        rows = conn.execute(
            select(collection_versions.c.collection_id, func.count())
            .where(collection_versions.c.version_id.in_(listed[at : at + _AT_ONCE]))
            .group_by(collection_versions.c.collection_id)
        )
        for collection_id, count in rows:
            found[collection_id] = found.get(collection_id, 0) + count
    return found


def fewer_versions(conn: Connection, collection_id: int, count: int) -> None:
    conn.execute(
        update(collections)
        .where(collections.c.id == collection_id)
        .values(version_count=collections.c.version_count - count)
    )


def expired(conn: Connection, *, now: float, limit: int) -> Sequence[AnyRow]:
    """{id, collection_id} of committed versions whose time is over, deployed nowhere, linked into no
    registry, and not in the trash with their collection, from where they come back with it."""
    return conn.execute(
        select(artifact_versions.c.id, artifact_versions.c.collection_id)
        .where(has_expired(now))
        .order_by(artifact_versions.c.expires_at)
        .limit(limit)
    ).all()


def has_expired(now: float) -> Any:
    in_registry = (
        select(1)
        .select_from(collection_versions)
        .join(collections, collections.c.id == collection_versions.c.collection_id)
        .join(projects, projects.c.id == collections.c.project_id)
        .where(
            collection_versions.c.version_id == artifact_versions.c.id,
            projects.c.name.startswith("wandb-registry-", autoescape=True),
        )
        .exists()
    )
    in_trash = (
        select(1)
        .where(collections.c.id == artifact_versions.c.collection_id, collections.c.deleted_at.is_not(None))
        .exists()
    )
    return and_(
        artifact_versions.c.expires_at <= now,
        artifact_versions.c.state == "committed",
        ~in_trash,
        ~in_registry,
        ~_deployed(),
    )


# -- policies


def policies(conn: Connection, entity_id: int, project_id: int | None) -> Sequence[AnyRow]:
    """Of an entity, and of one project of it: project_id (null: the entity's), type_name, rule, username,
    updated_at."""
    wanted: Any = retention_policies.c.project_id.is_(None)
    if project_id is not None:
        wanted = wanted | (retention_policies.c.project_id == project_id)
    return conn.execute(
        select(*retention_policies.c, users.c.username)
        .outerjoin(users, users.c.id == retention_policies.c.user_id)
        .where(retention_policies.c.entity_id == entity_id, wanted)
        .order_by(retention_policies.c.type_name)
    ).all()


def set_policy(
    conn: Connection,
    entity_id: int,
    project_id: int | None,
    type_name: str,
    *,
    rule: dict[str, Any],
    user_id: int | None,
    now: float,
) -> None:
    """An empty rule takes it away."""
    table = retention_policies
    where = table.c.project_id.is_(None) if project_id is None else table.c.project_id == project_id
    if not rule:
        conn.execute(
            table.delete().where(table.c.entity_id == entity_id, where, table.c.type_name == type_name)
        )
        return
    values = {"rule": rule, "user_id": user_id, "updated_at": now}
    scope = table.c.entity_id if project_id is None else table.c.project_id
    part = table.c.project_id.is_(None) if project_id is None else table.c.project_id.is_not(None)
    conn.execute(
        upsert(conn, table)
        .values(entity_id=entity_id, project_id=project_id, type_name=type_name, **values)
        .on_conflict_do_update(index_elements=[scope, table.c.type_name], index_where=part, set_=values)
    )


_governed = (
    select(
        collections.c.id,
        collections.c.name,
        collections.c.retention,
        collections.c.ttl_seconds,
        collections.c.next_index,
        collections.c.version_count,
        collections.c.project_id,
        artifact_types.c.name.label("type"),
        projects.c.name.label("project"),
        projects.c.entity_id,
        entities.c.name.label("entity"),
    )
    .join(artifact_types, artifact_types.c.id == collections.c.type_id)
    .join(projects, projects.c.id == collections.c.project_id)
    .join(entities, entities.c.id == projects.c.entity_id)
    .where(
        collections.c.deleted_at.is_(None),
        projects.c.deleted_at.is_(None),
        collections.c.kind == "sequence",
    )
    .order_by(collections.c.id)
)


def collections_after(
    conn: Connection, project_id: int, *, after: int, limit: int, type_name: str = ""
) -> Sequence[AnyRow]:
    """Living sequences of a project, by number: id, name, type, retention, ttl_seconds, next_index, place."""
    statement = _governed.where(collections.c.project_id == project_id, collections.c.id > after)
    if type_name:
        statement = statement.where(artifact_types.c.name == type_name)
    return conn.execute(statement.limit(limit)).all()


def governed(conn: Connection, *, after: int, limit: int) -> Sequence[AnyRow]:
    """Living sequences that may have a rule: of their own, of their project's or entity's. By number."""
    has = (
        select(1)
        .where(
            retention_policies.c.entity_id == projects.c.entity_id,
            retention_policies.c.project_id.is_(None)
            | (retention_policies.c.project_id == collections.c.project_id),
        )
        .exists()
    )
    own = collections.c.retention != literal({}, collections.c.retention.type)
    return conn.execute(_governed.where(collections.c.id > after, own | has).limit(limit)).all()


def collection_in(conn: Connection, collection_id: int) -> AnyRow | None:
    return conn.execute(_governed.where(collections.c.id == collection_id)).first()
