"""Moving aliases: each points to one version of its collection, and every move is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.identity import Actor
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import artifacts as version_statements
from runstone.server.stores.records import collections as statements
from runstone.server.stores.records.rows import AnyRow


def set_aliases(
    conn: Connection,
    actor: Actor,
    collection_id: int,
    version_id: int,
    names: Iterable[str],
    *,
    act: str = "set",
    reason: str = "",
    evidence: dict[str, Any] | None = None,
    now: float,
) -> list[str]:
    """Point aliases of the collection to a member of it; those that point there stay untouched.
    Within the caller's transaction, which holds the collection. Returns what moved."""
    moved = []
    index = statements.index_in(conn, collection_id, version_id)
    version = version_statements.version(conn, version_id)
    assert index is not None and version is not None
    for name in names:
        before = alias_statements.alias(conn, collection_id, name)
        if before is not None and before.version_id == version_id:
            continue
        old = before.version_id if before is not None else None
        alias_statements.set_alias(
            conn, collection_id, name, version_id, user_id=actor.user_id, reason=reason, now=now
        )
        alias_statements.add_move(
            conn,
            collection_id=collection_id,
            alias=name,
            act=act,
            from_version_id=old,
            from_index=None if old is None else statements.index_in(conn, collection_id, old),
            version_id=version_id,
            version_index=index,
            digest=version.digest,
            user_id=actor.user_id,
            username=actor.username or actor.system,
            reason=reason,
            evidence=evidence or {},
            at=now,
        )
        moved.append(name)
    return moved


def set_twin_aliases(
    conn: Connection, actor: Actor, version: AnyRow, names: Iterable[str], *, now: float
) -> None:
    """Content was logged that its collection has already: the aliases move to that version, and since no
    commit tells of it, a row of the audit log does. version: a row of `version`."""
    moved = set_aliases(conn, actor, version.collection_id, version.id, names, now=now)
    if moved:
        audit.append(
            conn,
            actor,
            "alias.move",
            subject=f"{version.entity}/{version.project}/{version.collection}:v{version.version_index}",
            entity_id=version.entity_id,
            detail={
                "set": moved,
                "removed": [],
                "reason": "",
                "version_id": version.id,
                "logged_again": True,
            },
            now=now,
        )


def remove_aliases(
    conn: Connection,
    actor: Actor,
    collection_id: int,
    version_id: int,
    names: Iterable[str],
    *,
    act: str = "remove",
    reason: str = "",
    now: float,
) -> list[str]:
    """Take aliases off the version; those that are not on it are passed over. Returns what went."""
    gone = []
    for name in names:
        before = alias_statements.alias(conn, collection_id, name)
        if before is None or before.version_id != version_id:
            continue
        alias_statements.drop_alias(conn, collection_id, name)
        alias_statements.add_move(
            conn,
            collection_id=collection_id,
            alias=name,
            act=act,
            from_version_id=version_id,
            from_index=statements.index_in(conn, collection_id, version_id),
            version_id=None,
            version_index=None,
            digest="",
            user_id=actor.user_id,
            username=actor.username or actor.system,
            reason=reason,
            evidence={},
            at=now,
        )
        gone.append(name)
    return gone
