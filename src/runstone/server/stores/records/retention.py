"""Statements about versions whose time is over: found and put in the trash as sets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, literal, select, update

from runstone.server.stores.records.collections import has_tag
from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.schema.accounts import entities
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import (
    alias_moves,
    aliases,
    collection_versions,
    collections,
)
from runstone.server.stores.records.schema.projects import projects
from runstone.server.stores.records.schema.runs import run_summaries

_AT_ONCE = 500


def _linked() -> Any:
    """In a collection beside its own."""
    return (
        select(1)
        .where(
            collection_versions.c.version_id == artifact_versions.c.id,
            collection_versions.c.collection_id != artifact_versions.c.collection_id,
        )
        .exists()
    )


def _named() -> Any:
    """Under an alias beside `latest`."""
    return (
        select(1).where(aliases.c.version_id == artifact_versions.c.id, aliases.c.alias != "latest").exists()
    )


def _where(
    conn: Connection,
    collection_id: int,
    *,
    created_before: float | None,
    tag: str,
    below_index: int | None,
) -> Any:
    """Committed versions of a collection that nothing names and that are linked nowhere."""
    found = and_(
        artifact_versions.c.collection_id == collection_id,
        artifact_versions.c.state == "committed",
        ~_linked(),
        ~_named(),
    )
    if created_before is not None:
        found = and_(found, artifact_versions.c.created_at < created_before)
    if tag:
        found = and_(found, has_tag(conn, artifact_versions.c.tags, tag))
    if below_index is not None:
        found = and_(found, artifact_versions.c.version_index < below_index)
    return found


def index_to_keep(conn: Connection, collection_id: int, last: int) -> int | None:
    """The number of the last-th newest committed version; None where there are fewer."""
    return conn.execute(
        select(artifact_versions.c.version_index)
        .where(artifact_versions.c.collection_id == collection_id, artifact_versions.c.state == "committed")
        .order_by(artifact_versions.c.version_index.desc())
        .offset(last - 1)
        .limit(1)
    ).scalar()


def count_matching(conn: Connection, collection_id: int, **conditions: Any) -> tuple[int, int]:
    """(versions, bytes counted in full)."""
    row = conn.execute(
        select(func.count(), func.coalesce(func.sum(artifact_versions.c.size), 0)).where(
            _where(conn, collection_id, **conditions)
        )
    ).one()
    return int(row[0]), int(row[1])


def trash_matching(conn: Connection, collection_id: int, *, now: float, limit: int, **conditions: Any) -> int:
    """At most `limit` of them to the trash, the oldest first; how many."""
    some = (
        select(artifact_versions.c.id)
        .where(_where(conn, collection_id, **conditions))
        .order_by(artifact_versions.c.id)
        .limit(limit)
    )
    done = conn.execute(
        update(artifact_versions)
        .where(artifact_versions.c.id.in_(some))
        .values(state="deleted", deleted_at=now, updated_at=now)
    )
    return done.rowcount


def trash(conn: Connection, ids: Collection[int], *, now: float) -> None:
    listed = sorted(ids)
    for at in range(0, len(listed), _AT_ONCE):
        conn.execute(
            update(artifact_versions)
            .where(
                artifact_versions.c.id.in_(listed[at : at + _AT_ONCE]),
                artifact_versions.c.state == "committed",
            )
            .values(state="deleted", deleted_at=now, updated_at=now)
        )


def clear_names(conn: Connection, collection_id: int, *, by: str, reason: str, now: float) -> None:
    """Aliases in the collection that point to versions in the trash go, each with a line of history."""
    gone = and_(
        aliases.c.collection_id == collection_id,
        artifact_versions.c.id == aliases.c.version_id,
        artifact_versions.c.state == "deleted",
    )
    lines = select(
        aliases.c.collection_id,
        aliases.c.alias,
        literal("delete"),
        aliases.c.version_id,
        artifact_versions.c.version_index,
        literal(""),
        literal(by),
        literal(reason),
        literal({}, alias_moves.c.evidence.type),
        literal(now),
    ).where(gone)
    conn.execute(
        insert(alias_moves).from_select(
            [
                "collection_id",
                "alias",
                "act",
                "from_version_id",
                "from_index",
                "digest",
                "username",
                "reason",
                "evidence",
                "at",
            ],
            lines,
        )
    )
    deleted = select(artifact_versions.c.id).where(artifact_versions.c.state == "deleted")
    conn.execute(
        delete(aliases).where(aliases.c.collection_id == collection_id, aliases.c.version_id.in_(deleted))
    )


def expired(conn: Connection, *, now: float, limit: int) -> Sequence[AnyRow]:
    """{id, collection_id} of committed versions whose time is over, linked into no registry."""
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
    return conn.execute(
        select(artifact_versions.c.id, artifact_versions.c.collection_id)
        .where(artifact_versions.c.expires_at <= now, artifact_versions.c.state == "committed", ~in_registry)
        .order_by(artifact_versions.c.expires_at)
        .limit(limit)
    ).all()


def places_of(conn: Connection, version_ids: Collection[int]) -> list[int]:
    """Numbers of the collections these versions are in."""
    found: set[int] = set()
    listed = sorted(version_ids)
    for at in range(0, len(listed), _AT_ONCE):
        found |= set(
            conn.execute(
                select(collection_versions.c.collection_id).where(
                    collection_versions.c.version_id.in_(listed[at : at + _AT_ONCE])
                )
            ).scalars()
        )
    return sorted(found)


def with_retention(conn: Connection, *, after: int, limit: int) -> Sequence[AnyRow]:
    """Living collections whose versions are kept by rule: id, retention, name, place."""
    return conn.execute(
        select(
            collections.c.id,
            collections.c.name,
            collections.c.retention,
            projects.c.name.label("project"),
            projects.c.entity_id,
            entities.c.name.label("entity"),
        )
        .join(projects, projects.c.id == collections.c.project_id)
        .join(entities, entities.c.id == projects.c.entity_id)
        .where(
            collections.c.id > after,
            collections.c.deleted_at.is_(None),
            collections.c.retention != literal({}, collections.c.retention.type),
        )
        .order_by(collections.c.id)
        .limit(limit)
    ).all()


def unnamed_versions(conn: Connection, collection_id: int) -> Sequence[AnyRow]:
    """{id, version_index, run_key} of those that nothing names, the newest first."""
    return conn.execute(
        select(artifact_versions.c.id, artifact_versions.c.version_index, artifact_versions.c.run_key)
        .where(
            _where(conn, collection_id, created_before=None, tag="", below_index=None),
        )
        .order_by(artifact_versions.c.version_index.desc())
    ).all()


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
