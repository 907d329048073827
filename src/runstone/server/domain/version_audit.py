"""Acts on a version within a collection, as the audit log tells them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.identity import Actor
from runstone.server.stores.records import collections as statements
from runstone.server.stores.records.rows import AnyRow


def log_act(
    conn: Connection,
    actor: Actor,
    action: str,
    collection: AnyRow,
    version_id: int,
    detail: dict[str, Any],
    now: float,
) -> None:
    """One row, its subject `ENTITY/PROJECT/COLLECTION:vN`, while the version is in the collection. Late in
    the caller's transaction, as `audit.append`. collection: with its entity's and project's names."""
    index = statements.index_in(conn, collection.id, version_id)
    audit.append(
        conn,
        actor,
        action,
        subject=f"{collection.entity}/{collection.project}/{collection.name}:v{index}",
        entity_id=collection.entity_id,
        detail=detail,
        now=now,
    )
